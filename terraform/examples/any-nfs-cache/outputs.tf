output "controller_address" {
  value       = module.controller.controller_address
  description = "Address for SSH; then cachewarmer-submit list shows the reports."
}

output "cache_folders" {
  value       = module.cachewarmer.folders
  description = "Mount folders of the cache on the controller."
}

output "storage_account" {
  value       = module.cachewarmer.storage_account
  description = "Storage account of the queues, for more jobs."
}

output "warmed" {
  value       = module.cachewarmer.warmed
  description = "The warmed paths."
}
