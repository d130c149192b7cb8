module "filer" {
  source              = "../../modules/nfs_filer"
  resource_group_name = azurerm_resource_group.onprem.name
  location            = azurerm_resource_group.onprem.location
  subnet_id           = azurerm_subnet.filer.id
  vm_size             = var.filer_size
  admin_username      = var.vm_admin_username
  admin_password      = var.vm_admin_password
  ssh_key_data        = var.vm_ssh_key_data
  allowed_clients     = ["10.0.0.0/16"]
  sample_files        = var.sample_files
}

module "controller" {
  source              = "../../modules/controller"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  subnet_id           = module.render_network.jumpbox_subnet_id
  vm_size             = var.jumpbox_size
  admin_username      = var.vm_admin_username
  admin_password      = var.vm_admin_password
  ssh_key_data        = var.vm_ssh_key_data
  add_public_ip       = var.jumpbox_add_public_ip
}
