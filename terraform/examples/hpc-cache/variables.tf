variable "cloud_location" {
  type        = string
  description = "Region of the cache, the controller and the workers."
}

variable "cloud_rg" {
  type        = string
  default     = "cachewarmer-cloud"
  description = "Resource group for them; it is created."
}

variable "onprem_location" {
  type        = string
  description = "Region of the filer: one far away shows what warming is for."
}

variable "onprem_rg" {
  type        = string
  default     = "cachewarmer-onprem"
  description = "Resource group for the filer; it is created."
}

variable "ssh_sources" {
  type        = list(string)
  default     = []
  description = "Sources from which SSH to the controller is allowed: your address, or AzureCloud for a cloud shell."
}

variable "vm_admin_username" {
  type        = string
  default     = "azureuser"
  description = "Account on all machines."
}

variable "vm_admin_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Its password, if vm_ssh_key_data is not set."
}

variable "vm_ssh_key_data" {
  type        = string
  default     = null
  description = "Its public SSH key. The private one is read from ~/.ssh/id_rsa."
}

variable "jumpbox_add_public_ip" {
  type        = bool
  default     = true
  description = "false: terraform runs on a machine that reaches the cloud network."
}

variable "jumpbox_size" {
  type        = string
  default     = "Standard_D2s_v5"
  description = "Size of the controller."
}

variable "filer_size" {
  type        = string
  default     = "Standard_D4s_v5"
  description = "Size of the filer."
}

variable "sample_files" {
  type        = number
  default     = 10000
  description = "Files of the sample scene on the filer."
}

variable "hpc_cache_name" {
  type        = string
  default     = "hpccache"
  description = "Name of the cache."
}

variable "hpc_cache_throughput" {
  type        = string
  default     = "Standard_2G"
  description = "Standard_2G, Standard_4G or Standard_8G."
}

variable "hpc_cache_size" {
  type        = number
  default     = 3072
  description = "Size of the cache in GB; which sizes there are depends on the throughput."
}

variable "hpc_usage_model" {
  type        = string
  default     = "READ_HEAVY_INFREQ"
  description = "Usage model of the cache, such as READ_HEAVY_INFREQ or WRITE_AROUND."
}

variable "storage_account_name" {
  type        = string
  description = "Name for the storage account of the queues; unique in all of Azure."
}

variable "queue_prefix_name" {
  type        = string
  default     = "cachewarmer"
  description = "Prefix of all queue names."
}

variable "release_dir" {
  type        = string
  description = "Folder with the release: packaging/dist after npm run package."
}

variable "warm_paths" {
  type        = list(string)
  default     = ["/scene"]
  description = "Paths to warm within the filer's export."
}
