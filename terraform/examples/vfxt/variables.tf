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

variable "ssh_port" {
  type        = number
  default     = 22
  description = "Port of SSH on the controller."
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
  description = "Its public SSH key, of RSA and with a NAME@HOST at the end. The provider of vFXT reads the private one from ~/.ssh/id_rsa."

  validation {
    condition     = var.vm_ssh_key_data == null || can(regex("^ssh-rsa AAAA[0-9A-Za-z+/]+=* [^@ ]+@[^@ ]+$", var.vm_ssh_key_data))
    error_message = "vm_ssh_key_data: expected ssh-rsa KEY NAME@HOST, which is all that vFXT and its provider take."
  }
}

variable "jumpbox_private_key_file" {
  type        = string
  default     = null
  description = "File with the private key for all but the provider of vFXT; default: ~/.ssh/id_rsa."
}

variable "jumpbox_host_key" {
  type        = string
  default     = null
  description = "The controller's public host key. If it is set, only a host with this key is accepted."
}

variable "controller_add_public_ip" {
  type        = bool
  default     = true
  description = "false: terraform runs on a machine that reaches the cloud network."
}

variable "controller_size" {
  type        = string
  default     = "Standard_D2s_v5"
  description = "Size of the controller."
}

variable "controller_identity_id" {
  type        = string
  default     = null
  description = "Resource id of a user-assigned identity for the controller; without it the machine gets one of its own."
}

variable "nat_gateway" {
  type        = bool
  default     = true
  description = "A way out to the internet for cache, controller and workers; false where your own network has one."
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

variable "filer_size" {
  type        = string
  default     = "Standard_D4s_v5"
  description = "Size of the filer."
}

variable "sample_files" {
  type        = number
  default     = 10000
  description = "Files of the sample scene on the filer, in place of the scene that the original downloaded."
}

variable "vfxt_cluster_name" {
  type        = string
  default     = "vfxt"
  description = "Name of the vFXT."
}

variable "vfxt_cluster_password" {
  type        = string
  sensitive   = true
  description = "Password of its administrator."
}

variable "vfxt_use_test_sku" {
  type        = bool
  default     = true
  description = "Smaller machines for the nodes of the cache, which are not supported; false: those of production."
}

variable "cache_policy" {
  type        = string
  default     = "Clients Bypassing the Cluster"
  description = "Cache policy of the core filer."

  validation {
    condition     = contains(["Clients Bypassing the Cluster", "Read Caching", "Read and Write Caching", "Full Caching", "Transitioning Clients Before or After a Migration"], var.cache_policy)
    error_message = "cache_policy: expected Clients Bypassing the Cluster, Read Caching, Read and Write Caching, Full Caching, or Transitioning Clients Before or After a Migration."
  }
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

variable "warm_paths" {
  type        = list(string)
  default     = ["/scene"]
  description = "Paths to warm within the filer's export."
}
