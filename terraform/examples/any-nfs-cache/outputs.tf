output "controller_address" {
  value       = local.controller_address
  description = "Where to look: ssh, then cachewarmer-submit list."
}

output "cache_addresses" {
  value       = var.cache_addresses
  description = "Mount addresses of the cache."
}

output "cache_folders" {
  value       = module.mount_junctions.folders
  description = "Where the controller has them mounted."
}

output "warmed" {
  value       = module.submitjobs.warmed
  description = "What is warm."
}
