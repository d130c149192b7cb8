variable "resource_group_name" {
  type        = string
  description = "Resource group of the queues, the workers' identity and the scale set: the controller's own."
}

variable "resource_group_id" {
  type        = string
  description = "Id of that resource group."
}

variable "location" {
  type        = string
  description = "Region of all of it."
}

variable "storage_account_name" {
  type        = string
  description = "Name for the storage account of the queues; unique in all of Azure."
}

variable "queue_name_prefix" {
  type        = string
  default     = "cachewarmer"
  description = "Prefix of all queue names."
}

variable "queues_endpoint" {
  type        = object({ subnet_id = string, dns_zone_id = string })
  default     = null
  description = "Subnet for a private endpoint of the queues, and the zone privatelink.queue.core.windows.net that the network is linked to; without it the queues are reached over their public endpoint."
}

variable "roles_name" {
  type        = string
  default     = "cachewarmer-worker"
  description = "Name of the workers' identity, and beginning of the names of the roles."
}

variable "workers_subnet_id" {
  type        = string
  description = "Id of the subnet in which the scale set puts its machines."
}

variable "controller_principal_id" {
  type        = string
  description = "Principal of the controller's managed identity, which the manager uses."
}

variable "controller_client_id" {
  type        = string
  default     = ""
  description = "Client id of that identity where it is a user-assigned one; empty for the machine's own."
}

variable "bootstrap_mount_address" {
  type        = string
  description = "Address of the filer that holds the bootstrap folder. Not the cache: workers must find what was written last."
}

variable "bootstrap_export_path" {
  type        = string
  description = "Export of that filer. The controller must be allowed to write to it as root."
}

variable "bootstrap_subdir" {
  type        = string
  default     = "/bootstrap"
  description = "The folder within the export."
}

variable "release_dir" {
  type        = string
  description = "Folder of the machine that runs terraform with a release: packaging/dist after npm run package."
}

variable "worker_count" {
  type        = number
  default     = 12
  description = "Machines of the scale set at most."
}

variable "settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of manager and workers, such as { CACHEWARMER_NFS_UID = \"1000\" }."
}

variable "manager_settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of the manager alone, such as { CACHEWARMER_VMSS_SIZES = \"Standard_D2s_v5\" }."
}

variable "mount_junctions" {
  type        = bool
  default     = true
  description = "Mount each export on the controller, through each address, to look at."
}

variable "cache_addresses" {
  type        = list(string)
  description = "Mount addresses of the cache."
}

variable "warm_paths" {
  type        = map(list(string))
  description = "Paths to warm, by export of the cache; \"/\" for all of an export."
}

variable "inclusion_csv" {
  type        = string
  default     = ""
  description = "Only files that match one of these patterns, separated by commas."
}

variable "exclusion_csv" {
  type        = string
  default     = ""
  description = "No files that match one of these patterns, separated by commas."
}

# The original spells it this way.
variable "maxFileSizeBytes" {
  type        = number
  default     = 0
  description = "No larger files; 0 for no limit."
}

variable "through" {
  type        = string
  default     = "each"
  description = "each: every file through every address; spread: every file through one of them."
}
