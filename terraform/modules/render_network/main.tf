resource "azurerm_virtual_network" "render" {
  name                = "render"
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
}

# Caches want a subnet of their own with at least 64 addresses.
resource "azurerm_subnet" "cache" {
  name                            = "cache"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.render.name
  address_prefixes                = [cidrsubnet(var.address_space, 8, 1)]
  default_outbound_access_enabled = false
}

resource "azurerm_subnet" "jumpbox" {
  name                            = "jumpbox"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.render.name
  address_prefixes                = [cidrsubnet(var.address_space, 8, 2)]
  default_outbound_access_enabled = false
}

resource "azurerm_subnet" "workers" {
  name                            = "workers"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.render.name
  address_prefixes                = [cidrsubnet(var.address_space, 8, 3)]
  default_outbound_access_enabled = false
}

resource "azurerm_subnet" "endpoints" {
  name                            = "endpoints"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.render.name
  address_prefixes                = [cidrsubnet(var.address_space, 8, 4)]
  default_outbound_access_enabled = false
}

# Names of queues lead to private endpoints here.
resource "azurerm_private_dns_zone" "queues" {
  name                = "privatelink.queue.core.windows.net"
  resource_group_name = var.resource_group_name
}

# Not azurerm's resource: versions 4 and 5 name the zone by different arguments, and this module takes both.
resource "azapi_resource" "queues" {
  type      = "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01"
  name      = "render"
  parent_id = azurerm_private_dns_zone.queues.id
  location  = "global"
  body = {
    properties = {
      registrationEnabled = false
      virtualNetwork      = { id = azurerm_virtual_network.render.id }
    }
  }
}

# The manager needs Azure's management endpoint, workers need it to delete themselves, controllers to install packages.
module "out" {
  source = "../nat_gateway"
  count  = var.nat_gateway ? 1 : 0

  name                = "render-out"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_ids = {
    cache   = azurerm_subnet.cache.id
    jumpbox = azurerm_subnet.jumpbox.id
    workers = azurerm_subnet.workers.id
  }
}

resource "azurerm_network_security_group" "jumpbox" {
  name                = "jumpbox"
  resource_group_name = var.resource_group_name
  location            = var.location

  dynamic "security_rule" {
    for_each = length(var.ssh_sources) == 0 ? [] : ["ssh"]
    content {
      name                       = security_rule.value
      priority                   = 100
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_port_range          = "*"
      source_address_prefixes    = var.ssh_sources
      destination_port_range     = tostring(var.ssh_port)
      destination_address_prefix = "*"
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "jumpbox" {
  subnet_id                 = azurerm_subnet.jumpbox.id
  network_security_group_id = azurerm_network_security_group.jumpbox.id
}
