resource "azurerm_resource_group" "cloud" {
  name     = var.cloud_rg
  location = var.cloud_location
}

module "render_network" {
  source              = "../../modules/render_network"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  ssh_sources         = var.ssh_sources
}

# The studio: a network of its own, in a region of its own.
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
  name                 = "filer"
  resource_group_name  = azurerm_resource_group.onprem.name
  virtual_network_name = azurerm_virtual_network.onprem.name
  address_prefixes     = ["192.168.254.0/28"]
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
