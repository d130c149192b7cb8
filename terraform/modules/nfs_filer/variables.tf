variable "resource_group_name" {
  type        = string
  description = "Resource group for the machine."
}

variable "location" {
  type        = string
  description = "Region of the machine."
}

variable "subnet_id" {
  type        = string
  description = "Id of its subnet."
}

variable "vm_size" {
  type        = string
  default     = "Standard_D2s_v5"
  description = "Size of the machine."
}

variable "admin_username" {
  type        = string
  default     = "azureuser"
  description = "Account on the machine."
}

variable "admin_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Its password, if ssh_key_data is not set."
}

variable "ssh_key_data" {
  type        = string
  default     = null
  description = "Its public SSH key."
}

variable "unique_name" {
  type        = string
  default     = "filer"
  description = "Name of the machine."
}

variable "disk_size_gb" {
  type        = number
  default     = 128
  description = "Size of its disk in GiB."
}

variable "export_path" {
  type        = string
  default     = "/data"
  description = "The exported folder."
}

variable "allowed_clients" {
  type        = list(string)
  description = "Ranges of addresses that may mount it."
}

variable "sample_files" {
  type        = number
  default     = 10000
  description = "Files of a sample scene below /scene that it makes for itself; 0 for none."
}
