variable "bootstrap_mount_address" {
  type        = string
  description = "Address of the filer that holds the bootstrap folder."
}

variable "bootstrap_export_path" {
  type        = string
  description = "Export of that filer."
}

variable "bootstrap_worker_script_path" {
  type        = string
  description = "The worker's install script, within the export."
}

variable "storage_account_rg" {
  type        = string
  description = "Resource group of the storage account. Kept from the original, where the account's key was listed through it."
}

variable "storage_account" {
  type        = string
  description = "Storage account that holds the queues."

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_account))
    error_message = "storage_account: expected 3 to 24 lower case letters and digits."
  }
}

variable "queue_name_prefix" {
  type        = string
  description = "Prefix of all queue names; at most 43 characters."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9]|-[a-z0-9]){0,42}$", var.queue_name_prefix)) && length(var.queue_name_prefix) <= 43
    error_message = "queue_name_prefix: expected at most 43 lower case letters, digits and single dashes."
  }
}

variable "storage_suffix" {
  type        = string
  default     = ""
  description = "Domain of the storage account in a sovereign cloud; empty for core.windows.net."
}

variable "client_id" {
  type        = string
  default     = ""
  description = "Client id of the managed identity to use, if the controller has several; empty for its own."
}

variable "settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of the worker, by the names that its install script has: what has no variable of its own here."

  validation {
    condition = length(setsubtract(keys(var.settings), [
      "AZURE_AUTHORITY_HOST",
      "AZURE_CLIENT_SECRET",
      "AZURE_CLOUD",
      "AZURE_STORAGE_CONNECTION_STRING",
      "AZURE_STORAGE_KEY",
      "AZURE_TENANT_ID",
      "AZURE_TOKEN_CREDENTIALS",
      "CACHEWARMER_ABANDONED_AFTER_MS",
      "CACHEWARMER_ACCESS",
      "CACHEWARMER_ALLOW_ADDRESS",
      "CACHEWARMER_CONCURRENCY",
      "CACHEWARMER_CONNECTION_STRING",
      "CACHEWARMER_FOLDER",
      "CACHEWARMER_FOLDER_LINKS",
      "CACHEWARMER_LEASE_MS",
      "CACHEWARMER_MOUNT_IDLE_MS",
      "CACHEWARMER_MOUNT_PORT",
      "CACHEWARMER_NFS_CONNECTIONS",
      "CACHEWARMER_NFS_GID",
      "CACHEWARMER_NFS_PORT",
      "CACHEWARMER_NFS_TIMEOUT_MS",
      "CACHEWARMER_NFS_UID",
      "CACHEWARMER_NFS_VERSIONS",
      "CACHEWARMER_QUEUE",
      "CACHEWARMER_RELEASE_SIGNER",
      "CACHEWARMER_RESERVED_PORTS",
      "CACHEWARMER_STORAGE_SAS",
      "CACHEWARMER_WORKER_OPTIONS",
      "NODE_EXTRA_CA_CERTS",
      "STORAGE_KEY",
    ])) == 0
    error_message = "settings: expected names that README.md of the bootstrap folder lists, and that have no variable of their own in this module."
  }
}

variable "release" {
  type        = string
  default     = ""
  description = "The release in the bootstrap folder, as cachewarmer_prepare_bootstrapdir gives it: another one is installed again."
}
