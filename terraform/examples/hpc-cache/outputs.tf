output "controller_address" {
  value       = module.controller.controller_address
  description = "Address for SSH; then cachewarmer-submit list shows the reports."
}

output "cache_addresses" {
  value       = azurerm_hpc_cache.cache.mount_addresses
  description = "Mount addresses of the cache."
}

output "cache_folders" {
  value       = module.mount_junctions.folders
  description = "Their mount folders on the controller."
}

output "warmed" {
  value       = module.submitjobs.warmed
  description = "The warmed paths."
}
