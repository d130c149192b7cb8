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

variable "marketplace_image" {
  type        = object({ publisher = string, offer = string, sku = string })
  default     = null
  description = "An image of the marketplace that has a plan, such as the controller of Avere vFXT; its terms must have been accepted."
}

variable "identity_id" {
  type        = string
  default     = null
  description = "Resource id of a user-assigned identity for the machine; without it the machine gets one of its own."

  validation {
    condition     = var.identity_id == null || can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.ManagedIdentity/userAssignedIdentities/[^/]+$", var.identity_id))
    error_message = "identity_id: expected /subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME."
  }
}

variable "ssh_port" {
  type        = number
  default     = 22
  description = "Port of SSH; an image given by image_id brings its own."
}
