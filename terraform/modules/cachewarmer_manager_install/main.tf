locals {
  remote = ".cachewarmer/manager"
  settings = merge(local.proxy_settings, {
    INSTALL_SCRIPT                 = var.bootstrap_manager_script_path
    BOOTSTRAP_MOUNT_ADDRESS        = var.bootstrap_mount_address
    BOOTSTRAP_EXPORT_PATH          = var.bootstrap_export_path
    BOOTSTRAP_SCRIPT               = var.bootstrap_worker_script_path
    STORAGE_ACCOUNT                = var.storage_account
    STORAGE_ACCOUNT_RESOURCE_GROUP = var.storage_account_rg
    QUEUE_PREFIX                   = var.queue_name_prefix
    CACHEWARMER_STORAGE_SUFFIX     = var.storage_suffix
    AZURE_CLIENT_ID                = var.client_id
    VMSS_USERNAME                  = var.vmss_user_name
    VMSS_PASSWORD                  = var.vmss_password
    VMSS_SSHPUBLICKEY              = var.vmss_ssh_public_key
    VMSS_SUBNET                    = var.vmss_subnet_name
    VMSS_WORKER_COUNT              = tostring(var.vmss_worker_count)
    CACHEWARMER_WORKER_IDENTITY    = var.worker_identity_id
    CACHEWARMER_VMSS_SIZES         = join(",", var.vmss_sizes)
    CACHEWARMER_VMSS_IMAGE         = var.vmss_image
  })
  settings_text = join("", [for name, value in local.settings : "${name}=${replace(trimspace(value), "/[\\r\\n]+/", " ")}\n" if value != null && value != ""])
}

resource "terraform_data" "manager" {
  # Secrets are no triggers, as these are kept in the state: after a change of one, apply with -replace.
  triggers_replace = {
    controller = var.jumpbox_address
    bootstrap  = "${var.bootstrap_mount_address}:${var.bootstrap_export_path}"
    queue      = "${var.storage_account} ${var.storage_suffix} ${var.queue_name_prefix} ${var.client_id}"
    scripts    = local.scripts_hash
    installer  = var.bootstrap_manager_script_path
    worker     = var.bootstrap_worker_script_path
    machines   = "${var.vmss_user_name} ${coalesce(var.vmss_ssh_public_key, "-")} ${coalesce(var.vmss_subnet_name, "-")} ${var.vmss_worker_count}"
    identity   = var.worker_identity_id
    sizes      = var.vmss_sizes
    image      = var.vmss_image
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
      "sudo bash ${local.remote}/install-from-bootstrap.sh ${local.remote}/settings",
    ]
  }
}
