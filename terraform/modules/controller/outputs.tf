output "controller_address" {
  value       = var.add_public_ip ? azurerm_public_ip.controller[0].ip_address : azurerm_network_interface.controller.private_ip_address
  description = "Address for SSH: its public address, if it has one."
  depends_on  = [azurerm_linux_virtual_machine.controller]
}

output "controller_username" {
  value       = var.admin_username
  description = "Account on it."
}

output "principal_id" {
  value       = var.identity_id == null ? azurerm_linux_virtual_machine.controller.identity[0].principal_id : data.azurerm_user_assigned_identity.controller[0].principal_id
  description = "Principal of its managed identity."
}

output "client_id" {
  value       = var.identity_id == null ? "" : data.azurerm_user_assigned_identity.controller[0].client_id
  description = "Client id of its user-assigned identity; empty for the machine's own."
}
