module "remote" {
  source  = "../remote_script"
  jumpbox = local.jumpbox
  name    = "mount-junctions"
  script  = "mount-junctions.sh"
  settings = {
    MOUNT_ADDRESSES = join(",", var.mount_addresses)
    EXPORT_PATHS    = join(",", var.exports)
    MOUNT_FOLDER    = var.mount_folder
  }
  triggers = {
    addresses = var.mount_addresses
    exports   = var.exports
    folder    = var.mount_folder
  }
}
