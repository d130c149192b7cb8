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
  default     = "controller"
  description = "Name of the machine."
}

variable "add_public_ip" {
  type        = bool
  default     = false
  description = "Give it a public address; without, terraform has to run on a machine that reaches the network."
}

variable "image_id" {
  type        = string
  default     = null
  description = "Id of an image with the NFS client on it, for networks without internet; else Ubuntu, which gets the client when it starts."
}
