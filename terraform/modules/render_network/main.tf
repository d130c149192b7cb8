resource "azurerm_virtual_network" "render" {
  name                = "render"
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
}

# Caches want a subnet of their own with at least 64 addresses.
resource "azurerm_subnet" "cache" {
  name                 = "cache"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.render.name
  address_prefixes     = [cidrsubnet(var.address_space, 8, 1)]
}

resource "azurerm_subnet" "jumpbox" {
  name                 = "jumpbox"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.render.name
  address_prefixes     = [cidrsubnet(var.address_space, 8, 2)]
  service_endpoints    = ["Microsoft.Storage"]
}

resource "azurerm_subnet" "workers" {
  name                 = "workers"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.render.name
  address_prefixes     = [cidrsubnet(var.address_space, 8, 3)]
  service_endpoints    = ["Microsoft.Storage"]
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
      destination_port_range     = "22"
      destination_address_prefix = "*"
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "jumpbox" {
  subnet_id                 = azurerm_subnet.jumpbox.id
  network_security_group_id = azurerm_network_security_group.jumpbox.id
}
