output "primary_ip" {
  value       = azurerm_network_interface.filer.private_ip_address
  description = "Address of the filer."
  depends_on  = [azurerm_linux_virtual_machine.filer]
}

output "core_filer_export" {
  value       = var.export_path
  description = "The exported folder."
}
