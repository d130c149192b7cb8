resource "azurerm_resource_group" "cloud" {
  name     = var.cloud_rg
  location = var.cloud_location
}

module "controller" {
  source              = "../../modules/controller"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  subnet_id           = data.azurerm_subnet.controller.id
  vm_size             = var.controller_size
  admin_username      = var.vm_admin_username
  admin_password      = var.vm_admin_password
  ssh_key_data        = var.vm_ssh_key_data
  add_public_ip       = var.controller_add_public_ip
  image_id            = var.controller_image_id
  identity_id         = var.controller_identity_id
}
