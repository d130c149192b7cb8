locals {
  remote = ".cachewarmer/mount-junctions"
  settings_text = join("", [
    "MOUNT_ADDRESSES=${join(",", var.mount_addresses)}\n",
    "EXPORT_PATHS=${join(",", var.exports)}\n",
    "MOUNT_FOLDER=${var.mount_folder}\n",
  ])
}

resource "terraform_data" "mounts" {
  triggers_replace = {
    controller = var.jumpbox_address
    settings   = local.settings_text
    scripts    = local.scripts_hash
  }

  connection {
    type        = "ssh"
    host        = var.jumpbox_address
    port        = var.jumpbox_ssh_port
    user        = var.jumpbox_username
    password    = local.ssh_password
    private_key = local.ssh_key
    host_key    = var.jumpbox_host_key
  }

  # What is uploaded below is for this account alone.
  provisioner "remote-exec" {
    inline = ["set -eu", "umask 077", "rm -rf ${local.remote}", "mkdir -p ${local.remote}", "chmod 0700 .cachewarmer ${local.remote}"]
  }

  provisioner "file" {
    source      = "${local.scripts}/"
    destination = local.remote
  }

  provisioner "file" {
    content     = local.settings_text
    destination = "${local.remote}/settings"
  }

  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "trap 'rm -rf ${local.remote}' EXIT",
      "sudo bash ${local.remote}/mount-junctions.sh ${local.remote}/settings",
    ]
  }
}
