variable "mount_addresses" {
  type        = list(string)
  description = "Mount addresses of the cache."
}

variable "exports" {
  type        = list(string)
  description = "The cache's exports, or the junctions of its namespace."
}

variable "mount_folder" {
  type        = string
  default     = "/mnt/cache"
  description = "Folder of the controller below which each is mounted, as FOLDER/ADDRESS/EXPORT."
}
