data "azurerm_resource_group" "controller" {
  name = var.controller_rg
}

data "azurerm_virtual_machine" "controller" {
  name                = var.controller_name
  resource_group_name = var.controller_rg
}

data "azurerm_subnet" "workers" {
  name                 = var.workers_subnet_name
  virtual_network_name = var.network_name
  resource_group_name  = var.network_rg
}

locals {
  controller_address = coalesce(var.controller_address, data.azurerm_virtual_machine.controller.private_ip_address)
}
