# How the controller is reached. The same file is in every module that runs a script there, and a test keeps it the same.

variable "jumpbox_address" {
  type        = string
  description = "Address of the controller or jumpbox, as the machine that runs terraform reaches it."
}

variable "jumpbox_username" {
  type        = string
  default     = "azureuser"
  description = "Account on the controller. It needs sudo without a password."
}

variable "jumpbox_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Password of the account, if jumpbox_ssh_key_data is not set. Without both the SSH agent is used."
}

variable "jumpbox_ssh_key_data" {
  type        = string
  default     = null
  description = "The account's public SSH key. If it is set, jumpbox_private_key_file is used instead of the password."
}

variable "jumpbox_private_key_file" {
  type        = string
  default     = null
  description = "File with the private key that belongs to jumpbox_ssh_key_data; default: ~/.ssh/id_ed25519, id_ecdsa or id_rsa, as the public key is."
}

variable "jumpbox_ssh_port" {
  type        = number
  default     = 22
  description = "Port of SSH on the controller."
}

variable "jumpbox_host_key" {
  type        = string
  default     = null
  description = "The controller's public host key. If it is set, only a host with this key is accepted."
}

variable "proxy" {
  type        = string
  default     = null
  sensitive   = true
  description = "Proxy that the controller has to use, as http://HOST:PORT."
}

variable "no_proxy" {
  type        = string
  default     = "169.254.169.254"
  description = "Hosts that are reached without the proxy, separated by commas. Instance metadata always is."
}

locals {
  jumpbox = {
    address          = var.jumpbox_address
    username         = var.jumpbox_username
    password         = var.jumpbox_password
    ssh_key_data     = var.jumpbox_ssh_key_data
    private_key_file = var.jumpbox_private_key_file
    ssh_port         = var.jumpbox_ssh_port
    host_key         = var.jumpbox_host_key
    proxy            = var.proxy
    no_proxy         = var.no_proxy
  }
}
