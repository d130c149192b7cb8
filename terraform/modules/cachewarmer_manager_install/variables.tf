variable "bootstrap_mount_address" {
  type        = string
  description = "Address of the filer that holds the bootstrap folder."
}

variable "bootstrap_export_path" {
  type        = string
  description = "Export of that filer."
}

variable "bootstrap_manager_script_path" {
  type        = string
  description = "The manager's install script, within the export."
}

variable "bootstrap_worker_script_path" {
  type        = string
  description = "The worker's install script, within the export; the manager hands it to the machines of its scale set."
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

variable "vmss_user_name" {
  type        = string
  default     = "azureuser"
  description = "Account on the machines of the scale set."
}

variable "vmss_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Its password, if vmss_ssh_public_key is not set."
}

variable "vmss_ssh_public_key" {
  type        = string
  default     = null
  description = "Its public SSH key."
}

variable "vmss_subnet_name" {
  type        = string
  default     = null
  description = "Subnet of the controller's network for the scale set; without it, the controller's own subnet."
}

variable "vmss_worker_count" {
  type        = number
  default     = 12
  description = "Machines at most."

  validation {
    condition     = var.vmss_worker_count >= 1 && floor(var.vmss_worker_count) == var.vmss_worker_count
    error_message = "vmss_worker_count: expected a whole number of at least 1."
  }
}

variable "worker_identity_id" {
  type        = string
  default     = ""
  description = "Resource id of the workers' managed identity, as cachewarmer_roles gives it. Workers use it instead of a key."
}

variable "settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of the manager, by the names that its install script has: what has no variable of its own here."

  validation {
    condition = length(setsubtract(keys(var.settings), [
      "AZURE_ARM_ENDPOINT",
      "AZURE_AUTHORITY_HOST",
      "AZURE_CA_FILE",
      "AZURE_CLIENT_SECRET",
      "AZURE_CLOUD",
      "AZURE_LOCATION",
      "AZURE_RESOURCE_GROUP",
      "AZURE_STORAGE_CONNECTION_STRING",
      "AZURE_STORAGE_KEY",
      "AZURE_SUBSCRIPTION_ID",
      "AZURE_TENANT_ID",
      "AZURE_TOKEN_CREDENTIALS",
      "BOOTSTRAP_SCRIPT_SHA256",
      "CACHEWARMER_ACCESS",
      "CACHEWARMER_ALLOW_ADDRESS",
      "CACHEWARMER_CONCURRENCY",
      "CACHEWARMER_CONNECTION_STRING",
      "CACHEWARMER_FOLDER",
      "CACHEWARMER_FOLDER_LINKS",
      "CACHEWARMER_KEEP_DAYS",
      "CACHEWARMER_LEDGER",
      "CACHEWARMER_MANAGER_OPTIONS",
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
      "CACHEWARMER_STATUS_HOST",
      "CACHEWARMER_STATUS_LISTEN",
      "CACHEWARMER_STATUS_TOKEN",
      "CACHEWARMER_STORAGE_SAS",
      "CACHEWARMER_SUBNET_ID",
      "CACHEWARMER_VMSS_IMAGE",
      "CACHEWARMER_VMSS_LIFE_HOURS",
      "CACHEWARMER_VMSS_NAME",
      "CACHEWARMER_VMSS_PRICE_PER_HOUR",
      "CACHEWARMER_VMSS_SIZES",
      "CACHEWARMER_VMSS_ZONES",
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
