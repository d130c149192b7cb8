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

data "azurerm_user_assigned_identity" "controller" {
  count               = var.controller_identity_id == null ? 0 : 1
  name                = split("/", var.controller_identity_id)[8]
  resource_group_name = split("/", var.controller_identity_id)[4]
}

locals {
  controller_address = coalesce(var.controller_address, data.azurerm_virtual_machine.controller.private_ip_address)
  identity           = one(data.azurerm_user_assigned_identity.controller)
  principal_id       = local.identity == null ? data.azurerm_virtual_machine.controller.identity[0].principal_id : local.identity.principal_id
  client_id          = local.identity == null ? "" : local.identity.client_id
}
