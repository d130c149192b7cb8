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
  description = "Its public SSH key, as in ~/.ssh/id_ed25519.pub."
}

variable "jumpbox_private_key_file" {
  type        = string
  default     = null
  description = "File with the private key of the public one; default: ~/.ssh/id_ed25519, id_ecdsa or id_rsa, as the public key is."
}

variable "jumpbox_host_key" {
  type        = string
  default     = null
  description = "The controller's public host key. If it is set, only a host with this key is accepted."
}

variable "ssh_port" {
  type        = number
  default     = 22
  description = "Port of SSH on the controller."
}

variable "controller_identity_id" {
  type        = string
  default     = null
  description = "Resource id of the controller's user-assigned identity that the manager uses; without it the one of the machine itself."
}

variable "proxy" {
  type        = string
  default     = null
  sensitive   = true
  description = "Proxy that the controller has to use, as http://HOST:PORT."
}

variable "no_proxy" {
  type        = string
  default     = "169.254.169.254"
  description = "Hosts that are reached without the proxy, separated by commas."
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
  description = "Subnet for the scale set, which reaches the cache."
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

variable "queues_endpoint" {
  type        = object({ subnet_id = string, dns_zone_id = string })
  default     = null
  description = "Subnet for a private endpoint of the queues, and the zone privatelink.queue.core.windows.net that the network is linked to; without it the queues have a public endpoint."
}

variable "release_dir" {
  type        = string
  description = "Folder with the release: packaging/dist after npm run package."
}

variable "settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of manager and workers, such as { CACHEWARMER_NFS_UID = \"1000\" }; README.md of the bootstrap folder lists them."
}

variable "manager_settings" {
  type        = map(string)
  default     = {}
  sensitive   = true
  description = "Further settings of the manager alone, such as { CACHEWARMER_VMSS_SIZES = \"Standard_D2s_v5\" }."
}

variable "cache_addresses" {
  type        = list(string)
  description = "Mount addresses of the cache: knfsd proxies, FlexCache, anything that serves NFSv3."
}

variable "warm_paths" {
  type        = map(list(string))
  description = "Paths to warm, by export of the cache; \"/\" for all of an export."
}

variable "bootstrap_address" {
  type        = string
  description = "Address of a filer that the controller may write to, for programs and install scripts. Not the cache."
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
