output "folders" {
  value       = flatten([for address in var.mount_addresses : [for export in var.exports : "${var.mount_folder}/${address}${export}"]])
  description = "Mount folders of each export through each address."
  depends_on  = [module.remote]
}
