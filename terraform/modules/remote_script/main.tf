locals {
  use_ssh_key = var.jumpbox.ssh_key_data != null && var.jumpbox.ssh_key_data != ""
  # The name that ssh-keygen gives the private key of this kind of public key.
  kind = (
    !local.use_ssh_key ? "" :
    startswith(var.jumpbox.ssh_key_data, "ssh-ed25519 ") ? "ed25519" :
    startswith(var.jumpbox.ssh_key_data, "ecdsa-") ? "ecdsa" : "rsa"
  )
  private_key_file = coalesce(var.jumpbox.private_key_file, "~/.ssh/id_${local.kind}")
  private_key      = local.use_ssh_key ? sensitive(file(pathexpand(local.private_key_file))) : null
  password         = local.use_ssh_key ? null : var.jumpbox.password

  remote       = ".cachewarmer/${var.name}"
  runner       = var.as_root ? ["sudo", "bash"] : ["bash"]
  arguments    = var.job == "" ? [] : ["${local.remote}/job.json"]
  scripts      = "${path.module}/../../scripts"
  scripts_hash = sha256(join("", [for name in sort(fileset(local.scripts, "*.sh")) : filesha256("${local.scripts}/${name}")]))

  has_proxy      = nonsensitive(var.jumpbox.proxy != null && var.jumpbox.proxy != "")
  proxy_settings = local.has_proxy ? { http_proxy = var.jumpbox.proxy, https_proxy = var.jumpbox.proxy, no_proxy = var.jumpbox.no_proxy } : {}
  # A setting is a line of its file.
  settings = { for name, value in merge(local.proxy_settings, var.settings) : name => replace(trimspace(value), "/[\\r\\n]+/", " ") if value != null && value != "" }
}

resource "terraform_data" "script" {
  # Secrets are no triggers, as these are kept in the state: after a change of one, apply with -replace.
  triggers_replace = {
    controller = var.jumpbox.address
    scripts    = local.scripts_hash
    given      = var.triggers
  }

  connection {
    type        = "ssh"
    host        = var.jumpbox.address
    port        = var.jumpbox.ssh_port
    user        = var.jumpbox.username
    password    = local.password
    private_key = local.private_key
    host_key    = var.jumpbox.host_key
  }

  # What is uploaded below is for this account alone.
  provisioner "remote-exec" {
    inline = ["set -eu", "umask 077", "rm -rf ${local.remote}", "mkdir -p ${local.remote}/release", "chmod 0700 .cachewarmer ${local.remote}"]
  }

  provisioner "file" {
    source      = "${local.scripts}/"
    destination = local.remote
  }

  provisioner "file" {
    source      = var.upload == null ? "${local.scripts}/" : "${var.upload}/"
    destination = "${local.remote}/release"
  }

  provisioner "file" {
    content     = join("", [for name, value in local.settings : "${name}=${value}\n"])
    destination = "${local.remote}/settings"
  }

  provisioner "file" {
    content     = var.job
    destination = "${local.remote}/job.json"
  }

  # Ends with the exit code of the script: where that is not 0, the next apply runs it again.
  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "trap 'rm -rf ${local.remote}' EXIT",
      var.upload == null ? "true" : "chmod 0755 ${local.remote}/release/cachewarmer* && printf 'RELEASE_DIR=%s\\n' \"$PWD/${local.remote}/release\" >> ${local.remote}/settings",
      join(" ", concat(local.runner, ["${local.remote}/${var.script}", "${local.remote}/settings"], local.arguments)),
    ]
  }
}
