variable "resource_group_name" {
  type        = string
  description = "Resource group for the network."
}

variable "location" {
  type        = string
  description = "Region of the network."
}

variable "address_space" {
  type        = string
  default     = "10.0.0.0/16"
  description = "Addresses of the network, at least a /20."
}

variable "ssh_sources" {
  type        = list(string)
  description = "From where SSH to the controller is allowed, as addresses, ranges or service tags; empty for nowhere but the network itself."
}
