# Queues, identities and roles, the bootstrap folder, manager and worker on the controller, and jobs: the apply ends when
# every file was read through every address of the cache.
module "cachewarmer" {
  source = "../../modules/cachewarmer"

  resource_group_name  = data.azurerm_resource_group.controller.name
  resource_group_id    = data.azurerm_resource_group.controller.id
  location             = data.azurerm_resource_group.controller.location
  storage_account_name = var.storage_account_name
  queue_name_prefix    = var.queue_prefix_name
  queues_endpoint      = var.queues_endpoint
  workers_subnet_id    = data.azurerm_subnet.workers.id

  jumpbox_address          = local.controller_address
  jumpbox_username         = var.controller_username
  jumpbox_password         = var.controller_password
  jumpbox_ssh_key_data     = var.controller_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_host_key         = var.jumpbox_host_key
  jumpbox_ssh_port         = var.ssh_port
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  controller_principal_id = local.principal_id
  controller_client_id    = local.client_id

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
