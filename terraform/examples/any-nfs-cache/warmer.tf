# Queues, identities and roles, the bootstrap folder, manager and worker on the controller, and jobs: the apply ends when
# every file was read through every address of the cache.
module "cachewarmer" {
  source = "../../modules/cachewarmer"

  resource_group_name  = azurerm_resource_group.cloud.name
  resource_group_id    = azurerm_resource_group.cloud.id
  location             = azurerm_resource_group.cloud.location
  storage_account_name = var.storage_account_name
  queue_name_prefix    = var.queue_prefix_name
  queues_endpoint      = var.queues_endpoint
  workers_subnet_id    = data.azurerm_subnet.workers.id

  jumpbox_address          = module.controller.controller_address
  jumpbox_username         = module.controller.controller_username
  jumpbox_password         = var.vm_admin_password
  jumpbox_ssh_key_data     = var.vm_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  controller_principal_id = module.controller.principal_id
  controller_client_id    = module.controller.client_id

  bootstrap_mount_address = var.bootstrap_address
  bootstrap_export_path   = var.bootstrap_export
  bootstrap_subdir        = var.bootstrap_subdir
  release_dir             = var.release_dir

  worker_count     = var.worker_count
  settings         = var.settings
  manager_settings = var.manager_settings
  cache_addresses  = var.cache_addresses
  warm_paths       = var.warm_paths
}
