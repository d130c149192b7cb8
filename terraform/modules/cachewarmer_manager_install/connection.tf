# How the controller is reached. The same file is in every module that runs something there, and a test keeps it the same.

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
  default     = "~/.ssh/id_rsa"
  description = "File with the private key that belongs to jumpbox_ssh_key_data."
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
  description = "Proxy that the controller has to use, as http://HOST:PORT. Instance metadata is never reached through it."
}

locals {
  use_ssh_key    = var.jumpbox_ssh_key_data != null && var.jumpbox_ssh_key_data != ""
  ssh_password   = local.use_ssh_key ? null : var.jumpbox_password
  ssh_key        = local.use_ssh_key ? sensitive(file(pathexpand(var.jumpbox_private_key_file))) : null
  has_proxy      = nonsensitive(var.proxy != null && var.proxy != "")
  proxy_settings = local.has_proxy ? { http_proxy = var.proxy, https_proxy = var.proxy, no_proxy = "169.254.169.254" } : {}
  scripts        = "${path.module}/../../scripts"
  scripts_hash   = sha256(join("", [for name in sort(fileset(local.scripts, "*.sh")) : filesha256("${local.scripts}/${name}")]))
}
