locals {
  # Secrets are no triggers, as these are kept in the state: after a change of one, apply with -replace.
  secrets = ["AZURE_CLIENT_SECRET", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY", "CACHEWARMER_CONNECTION_STRING", "CACHEWARMER_QUEUE", "CACHEWARMER_STORAGE_SAS", "STORAGE_KEY"]
  shown   = nonsensitive({ for name, value in var.settings : name => value if !contains(local.secrets, name) })
}

module "remote" {
  source  = "../remote_script"
  jumpbox = local.jumpbox
  name    = "worker"
  script  = "install-from-bootstrap.sh"
  settings = merge(var.settings, {
    INSTALL_SCRIPT                 = var.bootstrap_worker_script_path
    BOOTSTRAP_MOUNT_ADDRESS        = var.bootstrap_mount_address
    BOOTSTRAP_EXPORT_PATH          = var.bootstrap_export_path
    STORAGE_ACCOUNT                = var.storage_account
    STORAGE_ACCOUNT_RESOURCE_GROUP = var.storage_account_rg
    QUEUE_PREFIX                   = var.queue_name_prefix
    CACHEWARMER_STORAGE_SUFFIX     = var.storage_suffix
    AZURE_CLIENT_ID                = var.client_id
  })
  triggers = {
    bootstrap = "${var.bootstrap_mount_address}:${var.bootstrap_export_path}"
    queue     = "${var.storage_account} ${var.storage_suffix} ${var.queue_name_prefix} ${var.client_id}"
    installer = var.bootstrap_worker_script_path
    settings  = local.shown
    release   = var.release
  }
}
