data "azurerm_subnet" "controller" {
  name                 = var.controller_subnet_name
  virtual_network_name = var.network_name
  resource_group_name  = var.network_rg
}

data "azurerm_subnet" "workers" {
  name                 = var.workers_subnet_name
  virtual_network_name = var.network_name
  resource_group_name  = var.network_rg
}
