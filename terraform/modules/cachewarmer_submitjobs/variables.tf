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
  description = "What every queue name begins with; at most 43 characters."

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
  description = "Client id of the managed identity to use, where the controller has several; empty for its own."
}

variable "warm_mount_addresses" {
  type        = string
  description = "Mount addresses of the cache, separated by commas."

  validation {
    condition     = length([for address in split(",", var.warm_mount_addresses) : address if trimspace(address) != ""]) > 0
    error_message = "warm_mount_addresses: expected at least one address."
  }
}

variable "warm_paths" {
  type        = map(list(string))
  default     = {}
  description = "What to warm: from each export to its paths, \"/\" for all of it. Each path is a job of its own."
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

variable "exclude_directories" {
  type        = list(string)
  default     = []
  description = "Directories that match one of these are left out with all that is in them."
}

# The original spells it this way.
variable "maxFileSizeBytes" {
  type        = number
  default     = 0
  description = "No larger files; 0 for no limit."
}

variable "head_bytes" {
  type        = number
  default     = 0
  description = "Read at most this many bytes of each file; 0 for all of it."
}

variable "allow_empty" {
  type        = bool
  default     = true
  description = "A path without a single file to warm is no failure; false: the apply fails, as for a path that is mistyped."
}

variable "through" {
  type        = string
  default     = "each"
  description = "each: every file through every address; spread: every file through one of them, enough where the nodes of a cache share what they hold."

  validation {
    condition     = contains(["each", "spread"], var.through)
    error_message = "through: expected each or spread."
  }
}

variable "block_until_warm" {
  type        = bool
  default     = true
  description = "Wait until every file of every job was read, and fail where one was not."
}

variable "warm_again" {
  type        = string
  default     = ""
  description = "Any text; another one submits all jobs again, as a changed field of a job does that job."
}
