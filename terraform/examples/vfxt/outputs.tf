output "controller_address" {
  value       = module.controller.controller_address
  description = "Address for SSH; then cachewarmer-submit list shows the reports."
}

output "controller_username" {
  value       = module.controller.controller_username
  description = "Account on it."
}

output "ssh_command_with_avere_tunnel" {
  value       = "ssh -p ${var.ssh_port} -L8443:${avere_vfxt.vfxt.vfxt_management_ip}:443 ${module.controller.controller_username}@${module.controller.controller_address}"
  description = "Opens the controller, and the vFXT's control panel at https://127.0.0.1:8443."
}

output "management_ip" {
  value       = avere_vfxt.vfxt.vfxt_management_ip
  description = "Address of the vFXT's control panel."
}

output "mount_addresses" {
  value       = avere_vfxt.vfxt.vserver_ip_addresses
  description = "Mount addresses of the cache."
}

output "cache_folders" {
  value       = module.cachewarmer.folders
  description = "Mount folders of the cache on the controller."
}

output "filer_address" {
  value       = module.filer.primary_ip
  description = "Address of the filer."
}

output "filer_export" {
  value       = module.filer.core_filer_export
  description = "Its export."
}

output "storage_account" {
  value       = module.cachewarmer.storage_account
  description = "Storage account of the queues, for more jobs."
}

output "warmed" {
  value       = module.cachewarmer.warmed
  description = "The warmed paths."
}
