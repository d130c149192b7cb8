module "filer" {
  source              = "../../modules/nfs_filer"
  resource_group_name = azurerm_resource_group.onprem.name
  location            = azurerm_resource_group.onprem.location
  subnet_id           = azurerm_subnet.filer.id
  vm_size             = var.filer_size
  admin_username      = var.vm_admin_username
  admin_password      = var.vm_admin_password
  ssh_key_data        = var.vm_ssh_key_data
  allowed_clients     = [local.cloud_addresses]
  sample_files        = var.sample_files

  depends_on = [module.onprem_out]
}

# The image has what makes a vFXT; its terms must have been accepted.
module "controller" {
  source              = "../../modules/controller"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  subnet_id           = module.render_network.jumpbox_subnet_id
  vm_size             = var.controller_size
  admin_username      = var.vm_admin_username
  admin_password      = var.vm_admin_password
  ssh_key_data        = var.vm_ssh_key_data
  add_public_ip       = var.controller_add_public_ip
  ssh_port            = var.ssh_port
  identity_id         = var.controller_identity_id
  marketplace_image   = { publisher = "microsoft-avere", offer = "vfxt", sku = "avere-vfxt-controller" }
}

# What the controller needs to make the cluster; the warmer itself needs less, and has roles of its own.
resource "azurerm_role_assignment" "controller" {
  for_each             = toset(["Avere Contributor", "User Access Administrator"])
  scope                = azurerm_resource_group.cloud.id
  role_definition_name = each.value
  principal_id         = module.controller.principal_id
  principal_type       = "ServicePrincipal"
}
