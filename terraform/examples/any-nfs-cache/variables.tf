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

variable "cache_addresses" {
  type        = list(string)
  description = "Mount addresses of the cache: knfsd proxies, a vFXT, FlexCache, anything that serves NFSv3."
}

variable "warm_paths" {
  type        = map(list(string))
  description = "Paths to warm, by export of the cache; \"/\" for all of an export."
}

variable "bootstrap_address" {
  type        = string
  description = "Address of a filer that the controller may write to, for programs and install scripts."
}

variable "bootstrap_export" {
  type        = string
  description = "Its export."
}

variable "bootstrap_subdir" {
  type        = string
  default     = "/bootstrap"
  description = "Folder within that export."
}

variable "worker_count" {
  type        = number
  default     = 12
  description = "Machines of the scale set at most."
}
