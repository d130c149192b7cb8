variable "name" {
  type        = string
  default     = "cachewarmer-worker"
  description = "Name of the workers' identity, and beginning of the names of the roles."
}

variable "resource_group_name" {
  type        = string
  description = "Resource group for the identity and for the scale set: the controller's own, unless the manager has another setting."
}

variable "resource_group_id" {
  type        = string
  description = "Id of that resource group."
}

variable "location" {
  type        = string
  description = "Region of the identity."
}

variable "storage_account_id" {
  type        = string
  description = "Id of the storage account that holds the queues."
}

variable "subnet_id" {
  type        = string
  description = "Id of the subnet in which the scale set puts its machines."
}

variable "controller_principal_id" {
  type        = string
  description = "Principal of the controller's managed identity, which the manager uses."
}
