# Each output is there once the folder is: what uses one waits for that.

output "bootstrap_mount_address" {
  value       = var.bootstrap_mount_address
  description = "Address of the filer."
  depends_on  = [module.remote]
}

output "bootstrap_export_path" {
  value       = var.bootstrap_export_path
  description = "Export of the filer."
  depends_on  = [module.remote]
}

output "cachewarmer_manager_bootstrap_script_path" {
  value       = "${var.bootstrap_subdir}/bootstrap.cachewarmer-manager.sh"
  description = "The manager's install script, within the export."
  depends_on  = [module.remote]
}

output "cachewarmer_worker_bootstrap_script_path" {
  value       = "${var.bootstrap_subdir}/bootstrap.cachewarmer-worker.sh"
  description = "The worker's install script, within the export."
  depends_on  = [module.remote]
}

output "release" {
  value       = local.release_version
  description = "What identifies the release: its checksums, or those of its archive; empty where it is on the controller already."
  depends_on  = [module.remote]
}
