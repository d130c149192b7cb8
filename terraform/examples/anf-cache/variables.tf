variable "cloud_location" {
  type        = string
  description = "Region of the controller, the workers and the queues."
}

variable "cloud_rg" {
  type        = string
  default     = "cachewarmer"
  description = "Resource group for them; it is created."
}

variable "network_rg" {
  type        = string
  description = "Resource group of the network."
}

variable "network_name" {
  type        = string
  description = "Name of the network."
}

variable "controller_subnet_name" {
  type        = string
  description = "Subnet for the controller, which reaches cache and filer."
}

variable "workers_subnet_name" {
  type        = string
  description = "Subnet for the scale set, which reaches the cache."
}

variable "vm_admin_username" {
  type        = string
  default     = "azureuser"
  description = "Account on the machines."
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

variable "controller_size" {
  type        = string
  default     = "Standard_D2s_v5"
  description = "Size of the controller."
}

variable "controller_add_public_ip" {
  type        = bool
  default     = false
  description = "false: terraform runs on a machine that reaches the network."
}

variable "controller_image_id" {
  type        = string
  default     = null
  description = "Id of an image with the NFS client on it, for networks without internet; else Ubuntu, which gets the client when it starts."
}

variable "controller_identity_id" {
  type        = string
  default     = null
  description = "Resource id of a user-assigned identity for the controller; without it the machine gets one of its own."
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

variable "cache_name" {
  type        = string
  default     = "animation"
  description = "Name of the cache volume."
}

variable "cache_export" {
  type        = string
  default     = "animation"
  description = "Its export on the network, without a slash: workers mount it as /NAME."

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,79}$", var.cache_export))
    error_message = "cache_export: expected a letter, then at most 79 letters, digits and dashes."
  }
}

variable "cache_size_gib" {
  type        = number
  default     = 2048
  description = "Size of the cache volume in GiB, from 50: the working set, not all of the origin."
}

variable "pool_size_tb" {
  type        = number
  default     = 4
  description = "Size of the capacity pool in TiB."
}

variable "service_level" {
  type        = string
  default     = "Premium"
  description = "Standard, Premium or Ultra: what a TiB of the pool may read per second."
}

variable "zone" {
  type        = string
  default     = "1"
  description = "Availability zone of the cache volume; caches need one."
}

variable "cache_subnet_id" {
  type        = string
  description = "Id of a subnet that is delegated to Microsoft.NetApp/volumes, for the addresses of the cache."
}

variable "peering_subnet_id" {
  type        = string
  default     = null
  description = "Id of such a subnet for the addresses that speak with the origin; without it the same."
}

variable "nfs_version" {
  type        = string
  default     = "3"
  description = "3: the workers speak NFSv3 themselves; 4.1: for an origin that has only that, through kernel mounts."

  validation {
    condition     = contains(["3", "4.1"], var.nfs_version)
    error_message = "nfs_version: expected 3 or 4.1."
  }
}

variable "allowed_clients" {
  type        = list(string)
  description = "Ranges of addresses that may mount the cache: those of the workers and the controller."
}

variable "origin_cluster_name" {
  type        = string
  description = "Exact name of the ONTAP cluster (9.15.1 or newer) that has the origin volume."
}

variable "origin_addresses" {
  type        = list(string)
  description = "Addresses of its intercluster interfaces, one per node."
}

variable "origin_svm" {
  type        = string
  description = "Name of the storage virtual machine there."
}

variable "origin_volume" {
  type        = string
  description = "Name of the origin volume."
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

variable "warm_paths" {
  type        = list(string)
  default     = ["/"]
  description = "Paths to warm within the volume; \"/\" for all of it."
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
