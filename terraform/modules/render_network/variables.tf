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
  description = "Sources from which SSH to the controller is allowed: addresses, ranges or service tags; empty for the network itself alone."
}

variable "ssh_port" {
  type        = number
  default     = 22
  description = "Port of SSH on the controller."
}

variable "nat_gateway" {
  type        = bool
  default     = true
  description = "A way out to the internet for cache, controller and workers; false for a closed network, whose firewall or proxy must then reach what docs/operators/air-gapped.md lists."
}
