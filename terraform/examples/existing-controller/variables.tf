variable "controller_name" {
  type        = string
  description = "Name of the controller's machine. It has a managed identity, and the NFS client if it has no internet."
}

variable "controller_rg" {
  type        = string
  description = "Its resource group, in which the scale set is made as well."
}

variable "controller_address" {
  type        = string
  default     = null
  description = "Address for SSH; default: its private address."
}

variable "controller_username" {
  type        = string
  default     = "azureuser"
  description = "Account on it, with sudo without a password."
}

variable "controller_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Its password, if controller_ssh_key_data is not set."
}

variable "controller_ssh_key_data" {
  type        = string
  default     = null
  description = "Its public SSH key. The private one is read from ~/.ssh/id_rsa."
}

variable "proxy" {
  type        = string
  default     = null
  sensitive   = true
  description = "Proxy that the controller has to use, as http://HOST:PORT."
}

variable "network_rg" {
  type        = string
  description = "Resource group of the network."
}

variable "network_name" {
  type        = string
  description = "Name of the network."
}

variable "workers_subnet_name" {
  type        = string
  description = "Subnet for the scale set."
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

variable "cache_subnet_name" {
  type        = string
  description = "Subnet for the cache: its own, with at least 64 addresses."
}

variable "filer_address" {
  type        = string
  description = "Address of the filer, which the network reaches."
}

variable "filer_export" {
  type        = string
  description = "Its export. The bootstrap folder is written there, at bootstrap_subdir."
}

variable "bootstrap_subdir" {
  type        = string
  default     = "/tools/bootstrap"
  description = "Folder within the export for programs and install scripts."
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

variable "warm_paths" {
  type        = list(string)
  description = "Paths to warm within the filer's export."
}
