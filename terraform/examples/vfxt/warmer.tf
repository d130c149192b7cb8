# The warmer prepared, installed and at work: the apply ends when every file was read through every address of the cache.
module "cachewarmer" {
  source = "../../modules/cachewarmer"

  resource_group_name  = azurerm_resource_group.cloud.name
  resource_group_id    = azurerm_resource_group.cloud.id
  location             = azurerm_resource_group.cloud.location
  storage_account_name = var.storage_account_name
  queue_name_prefix    = var.queue_prefix_name
  queues_endpoint      = module.render_network.queues_endpoint
  workers_subnet_id    = module.render_network.workers_subnet_id

  jumpbox_address          = module.controller.controller_address
  jumpbox_username         = module.controller.controller_username
  jumpbox_password         = var.vm_admin_password
  jumpbox_ssh_key_data     = var.vm_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.ssh_port
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  controller_principal_id = module.controller.principal_id
  controller_client_id    = module.controller.client_id

  # On the filer, not behind the cache: workers must find what was written last.
  bootstrap_mount_address = module.filer.primary_ip
  bootstrap_export_path   = module.filer.core_filer_export
  bootstrap_subdir        = "/tools/bootstrap"
  release_dir             = var.release_dir

  # Four machines for each node of the cache; docs/operators/sizing.md says when fewer do.
  worker_count     = length(avere_vfxt.vfxt.node_names) * 4
  settings         = var.settings
  manager_settings = var.manager_settings
  cache_addresses  = avere_vfxt.vfxt.vserver_ip_addresses
  warm_paths       = { (module.filer.core_filer_export) = var.warm_paths }
}
