output "folders" {
  value       = flatten([for address in var.mount_addresses : [for export in var.exports : "${var.mount_folder}/${address}${export}"]])
  description = "Where each export is mounted through each address."
  depends_on  = [terraform_data.mounts]
}
