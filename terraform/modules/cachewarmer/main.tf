# No keys: identities alone reach the queues.
resource "azurerm_storage_account" "queues" {
  name                            = var.storage_account_name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  shared_access_key_enabled       = false
  allow_nested_items_to_be_public = false
  public_network_access_enabled   = var.queues_endpoint == null
}

resource "azurerm_private_endpoint" "queues" {
  count               = var.queues_endpoint == null ? 0 : 1
  name                = "${var.storage_account_name}-queues"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.queues_endpoint.subnet_id

  private_service_connection {
    name                           = "queues"
    private_connection_resource_id = azurerm_storage_account.queues.id
    subresource_names              = ["queue"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "queues"
    private_dns_zone_ids = [var.queues_endpoint.dns_zone_id]
  }
}

module "roles" {
  source                  = "../cachewarmer_roles"
  name                    = var.roles_name
  resource_group_name     = var.resource_group_name
  resource_group_id       = var.resource_group_id
  location                = var.location
  storage_account_id      = azurerm_storage_account.queues.id
  subnet_id               = var.workers_subnet_id
  controller_principal_id = var.controller_principal_id
}

module "prepare_bootstrapdir" {
  source = "../cachewarmer_prepare_bootstrapdir"

  jumpbox_address          = var.jumpbox_address
  jumpbox_username         = var.jumpbox_username
  jumpbox_password         = var.jumpbox_password
  jumpbox_ssh_key_data     = var.jumpbox_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.jumpbox_ssh_port
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  bootstrap_mount_address = var.bootstrap_mount_address
  bootstrap_export_path   = var.bootstrap_export_path
  bootstrap_subdir        = var.bootstrap_subdir
  release_dir             = var.release_dir
}

module "manager_install" {
  source = "../cachewarmer_manager_install"

  jumpbox_address          = var.jumpbox_address
  jumpbox_username         = var.jumpbox_username
  jumpbox_password         = var.jumpbox_password
  jumpbox_ssh_key_data     = var.jumpbox_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.jumpbox_ssh_port
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  bootstrap_mount_address       = module.prepare_bootstrapdir.bootstrap_mount_address
  bootstrap_export_path         = module.prepare_bootstrapdir.bootstrap_export_path
  bootstrap_manager_script_path = module.prepare_bootstrapdir.cachewarmer_manager_bootstrap_script_path
  bootstrap_worker_script_path  = module.prepare_bootstrapdir.cachewarmer_worker_bootstrap_script_path
  release                       = module.prepare_bootstrapdir.release

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_name_prefix
  client_id          = var.controller_client_id

  worker_identity_id = module.roles.worker_identity_id

  vmss_user_name      = var.jumpbox_username
  vmss_password       = var.jumpbox_password
  vmss_ssh_public_key = var.jumpbox_ssh_key_data
  vmss_worker_count   = var.worker_count
  settings            = merge(var.settings, { CACHEWARMER_SUBNET_ID = var.workers_subnet_id }, var.manager_settings)

  depends_on = [azurerm_private_endpoint.queues]
}

# Takes care of small jobs without a scale set.
module "worker_install" {
  source = "../cachewarmer_worker_install"

  jumpbox_address          = var.jumpbox_address
  jumpbox_username         = var.jumpbox_username
  jumpbox_password         = var.jumpbox_password
  jumpbox_ssh_key_data     = var.jumpbox_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.jumpbox_ssh_port
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  bootstrap_mount_address      = module.prepare_bootstrapdir.bootstrap_mount_address
  bootstrap_export_path        = module.prepare_bootstrapdir.bootstrap_export_path
  bootstrap_worker_script_path = module.prepare_bootstrapdir.cachewarmer_worker_bootstrap_script_path
  release                      = module.prepare_bootstrapdir.release

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_name_prefix
  client_id          = var.controller_client_id
  settings           = var.settings

  depends_on = [module.manager_install]
}

# Not needed by the warmer, whose workers speak NFS themselves: for people who look at the cache from the controller.
module "mount_junctions" {
  source = "../cachewarmer_mount_junctions"
  count  = var.mount_junctions ? 1 : 0

  jumpbox_address          = var.jumpbox_address
  jumpbox_username         = var.jumpbox_username
  jumpbox_password         = var.jumpbox_password
  jumpbox_ssh_key_data     = var.jumpbox_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.jumpbox_ssh_port
  jumpbox_host_key         = var.jumpbox_host_key

  mount_addresses = var.cache_addresses
  exports         = keys(var.warm_paths)
}

# The apply ends when every file was read through every address of the cache.
module "submitjobs" {
  source = "../cachewarmer_submitjobs"

  jumpbox_address          = var.jumpbox_address
  jumpbox_username         = var.jumpbox_username
  jumpbox_password         = var.jumpbox_password
  jumpbox_ssh_key_data     = var.jumpbox_ssh_key_data
  jumpbox_private_key_file = var.jumpbox_private_key_file
  jumpbox_ssh_port         = var.jumpbox_ssh_port
  jumpbox_host_key         = var.jumpbox_host_key
  proxy                    = var.proxy
  no_proxy                 = var.no_proxy

  storage_account    = azurerm_storage_account.queues.name
  storage_account_rg = azurerm_storage_account.queues.resource_group_name
  queue_name_prefix  = var.queue_name_prefix
  client_id          = var.controller_client_id

  warm_mount_addresses = join(",", var.cache_addresses)
  warm_paths           = var.warm_paths
  exclusion_csv        = var.exclusion_csv
  inclusion_csv        = var.inclusion_csv
  maxFileSizeBytes     = var.maxFileSizeBytes
  through              = var.through
  block_until_warm     = true

  depends_on = [module.worker_install, module.mount_junctions]
}
