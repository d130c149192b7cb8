output "storage_account" {
  value       = azurerm_storage_account.queues.name
  description = "Storage account of the queues, for more jobs."
}

output "folders" {
  value       = flatten(module.mount_junctions[*].folders)
  description = "Mount folders of each export through each address, on the controller."
}

output "warmed" {
  value       = module.submitjobs.warmed
  description = "The jobs that are warm, as EXPORT:PATH."
}
