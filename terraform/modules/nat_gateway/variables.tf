variable "name" {
  type        = string
  description = "Name of the gateway and of its public address."
}

variable "resource_group_name" {
  type        = string
  description = "Resource group for them."
}

variable "location" {
  type        = string
  description = "Region of the network."
}

variable "subnet_ids" {
  type        = map(string)
  description = "Ids of the subnets that get the way out, by any names."
}
