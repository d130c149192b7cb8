variable "jumpbox" {
  type = object({
    address          = string
    username         = string
    password         = string
    ssh_key_data     = string
    private_key_file = string
    ssh_port         = number
    host_key         = string
    proxy            = string
    no_proxy         = string
  })
  description = "How the controller is reached: what connection.tf of the other modules makes of its variables."
}

variable "name" {
  type        = string
  description = "Folder below .cachewarmer in the account's home, which exists while the script runs."

  validation {
    condition     = can(regex("^[a-z0-9-]+$", var.name))
    error_message = "name: expected lower case letters, digits and dashes."
  }
}

variable "script" {
  type        = string
  description = "The script, one of terraform/scripts."
}

variable "as_root" {
  type        = bool
  default     = true
  description = "Run it with sudo."
}

variable "settings" {
  type        = map(string)
  sensitive   = true
  description = "The script's settings. Empty ones and null are left out."
}

variable "job" {
  type        = string
  default     = ""
  description = "Text of a file that the script gets as its second argument; empty for none."
}

variable "upload" {
  type        = string
  default     = null
  description = "Folder of the machine that runs terraform, which is copied beside the script, as release; the script finds it in RELEASE_DIR."
}

variable "triggers" {
  type        = any
  description = "The script runs again when these change. They are kept in the state: no secret belongs here."
}
