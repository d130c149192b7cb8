resource "azurerm_resource_group" "cloud" {
  name     = var.cloud_rg
  location = var.cloud_location
}

module "render_network" {
  source              = "../../modules/render_network"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  address_space       = local.cloud_addresses
  ssh_sources         = var.ssh_sources
  ssh_port            = var.ssh_port
  nat_gateway         = var.nat_gateway
}

# The studio: a network of its own, in a resource group and a region of its own.
resource "azurerm_resource_group" "onprem" {
  name     = var.onprem_rg
  location = var.onprem_location
}

resource "azurerm_virtual_network" "onprem" {
  name                = "onprem"
  resource_group_name = azurerm_resource_group.onprem.name
  location            = azurerm_resource_group.onprem.location
  address_space       = ["192.168.254.0/24"]
}

resource "azurerm_subnet" "filer" {
  name                            = "filer"
  resource_group_name             = azurerm_resource_group.onprem.name
  virtual_network_name            = azurerm_virtual_network.onprem.name
  address_prefixes                = ["192.168.254.0/28"]
  default_outbound_access_enabled = false
}

# The filer installs its NFS server when it starts.
module "onprem_out" {
  source              = "../../modules/nat_gateway"
  name                = "onprem-out"
  resource_group_name = azurerm_resource_group.onprem.name
  location            = azurerm_resource_group.onprem.location
  subnet_ids          = { filer = azurerm_subnet.filer.id }
}

resource "azurerm_virtual_network_peering" "to_onprem" {
  name                      = "to-onprem"
  resource_group_name       = azurerm_resource_group.cloud.name
  virtual_network_name      = module.render_network.vnet_name
  remote_virtual_network_id = azurerm_virtual_network.onprem.id
}

resource "azurerm_virtual_network_peering" "from_onprem" {
  name                      = "from-onprem"
  resource_group_name       = azurerm_resource_group.onprem.name
  virtual_network_name      = azurerm_virtual_network.onprem.name
  remote_virtual_network_id = module.render_network.vnet_id
}

locals {
  cloud_addresses = "10.0.0.0/16"
}
