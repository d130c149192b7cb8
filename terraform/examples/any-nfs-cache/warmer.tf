resource "azurerm_storage_account" "queues" {
  name                            = var.storage_account_name
  resource_group_name             = var.controller_rg
  location                        = data.azurerm_resource_group.controller.location
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  shared_access_key_enabled       = false
  allow_nested_items_to_be_public = false
}

module "roles" {
  source                  = "../../modules/cachewarmer_roles"
  resource_group_name     = var.controller_rg
  resource_group_id       = data.azurerm_resource_group.controller.id
  location                = data.azurerm_resource_group.controller.location
  storage_account_id      = azurerm_storage_account.queues.id
  subnet_id               = data.azurerm_subnet.workers.id
  controller_principal_id = data.azurerm_virtual_machine.controller.identity[0].principal_id
}

module "prepare_bootstrapdir" {
  source = "../../modules/cachewarmer_prepare_bootstrapdir"

  jumpbox_address      = local.controller_address
  jumpbox_username     = var.controller_username
  jumpbox_password     = var.controller_password
  jumpbox_ssh_key_data = var.controller_ssh_key_data
  proxy                = var.proxy

  bootstrap_mount_address = var.bootstrap_address
  bootstrap_export_path   = var.bootstrap_export
  bootstrap_subdir        = var.bootstrap_subdir
  release_dir             = var.release_dir
}

module "manager_install" {
  source = "../../modules/cachewarmer_manager_install"

  jumpbox_address      = local.controller_address
  jumpbox_username     = var.controller_username
  jumpbox_password     = var.controller_password
  jumpbox_ssh_key_data = var.controller_ssh_key_data
  proxy                = var.proxy

  bootstrap_mount_address       = module.prepare_bootstrapdir.bootstrap_mount_address
  bootstrap_export_path         = module.prepare_bootstrapdir.bootstrap_export_path
  bootstrap_manager_script_path = module.prepare_bootstrapdir.cachewarmer_manager_bootstrap_script_path
  bootstrap_worker_script_path  = module.prepare_bootstrapdir.cachewarmer_worker_bootstrap_script_path

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_prefix_name

  worker_identity_id = module.roles.worker_identity_id

  vmss_user_name      = var.controller_username
  vmss_password       = var.controller_password
  vmss_ssh_public_key = var.controller_ssh_key_data
  vmss_subnet_name    = var.workers_subnet_name
  vmss_worker_count   = var.worker_count
}

# Takes care of small jobs without a scale set.
module "worker_install" {
  source = "../../modules/cachewarmer_worker_install"

  jumpbox_address      = local.controller_address
  jumpbox_username     = var.controller_username
  jumpbox_password     = var.controller_password
  jumpbox_ssh_key_data = var.controller_ssh_key_data
  proxy                = var.proxy

  bootstrap_mount_address      = module.prepare_bootstrapdir.bootstrap_mount_address
  bootstrap_export_path        = module.prepare_bootstrapdir.bootstrap_export_path
  bootstrap_worker_script_path = module.prepare_bootstrapdir.cachewarmer_worker_bootstrap_script_path

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_prefix_name

  depends_on = [module.manager_install]
}

# Not needed by the warmer, whose workers speak NFS themselves: for people who look at the cache from the controller.
module "mount_junctions" {
  source = "../../modules/cachewarmer_mount_junctions"

  jumpbox_address      = local.controller_address
  jumpbox_username     = var.controller_username
  jumpbox_password     = var.controller_password
  jumpbox_ssh_key_data = var.controller_ssh_key_data
  proxy                = var.proxy

  mount_addresses = var.cache_addresses
  exports         = keys(var.warm_paths)
}

# The apply ends when every file was read through every address of the cache.
module "submitjobs" {
  source = "../../modules/cachewarmer_submitjobs"

  jumpbox_address      = local.controller_address
  jumpbox_username     = var.controller_username
  jumpbox_password     = var.controller_password
  jumpbox_ssh_key_data = var.controller_ssh_key_data
  proxy                = var.proxy

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_prefix_name

  warm_mount_addresses = join(",", var.cache_addresses)
  warm_paths           = var.warm_paths
  block_until_warm     = true

  depends_on = [module.worker_install, module.mount_junctions]
}
