locals {
  remote     = ".cachewarmer/prepare-bootstrapdir"
  uploads    = var.release_dir != null
  has_url    = nonsensitive(var.release_url != null)
  has_source = var.build_cachewarmer || local.uploads || local.has_url || var.program_paths != null

  # The first of these that is given is taken; the script has the same order.
  release_settings = (
    var.build_cachewarmer ? { BUILD_SOURCE = var.build_source, BUILD_REF = var.build_ref } :
    var.program_paths != null ? {
      CACHEWARMER_MANAGER_PATH      = var.program_paths.manager
      CACHEWARMER_WORKER_PATH       = var.program_paths.worker
      CACHEWARMER_JOBSUBMITTER_PATH = var.program_paths.jobsubmitter
    } :
    local.uploads ? {} :
    local.has_url ? { RELEASE_URL = var.release_url, RELEASE_SHA256 = var.release_sha256 } : {}
  )
  settings = merge(local.release_settings, local.proxy_settings, {
    BOOTSTRAP_MOUNT_ADDRESS = var.bootstrap_mount_address
    BOOTSTRAP_MOUNT_EXPORT  = var.bootstrap_export_path
    BOOTSTRAP_SUBDIR        = var.bootstrap_subdir
  })
  settings_text = join("", [for name, value in local.settings : "${name}=${replace(trimspace(value), "/[\\r\\n]+/", " ")}\n" if value != null && value != ""])

  # The checksums of a release identify it.
  release_version = local.uploads ? filesha256("${var.release_dir}/SHA256SUMS") : local.has_url ? var.release_sha256 : ""
}

resource "terraform_data" "bootstrap" {
  triggers_replace = {
    controller = var.jumpbox_address
    export     = "${var.bootstrap_mount_address}:${var.bootstrap_export_path}${var.bootstrap_subdir}"
    release    = local.release_version
    programs   = var.program_paths
    build      = var.build_cachewarmer ? "${var.build_source} ${var.build_ref}" : ""
    scripts    = local.scripts_hash
  }

  lifecycle {
    precondition {
      condition     = local.has_source
      error_message = "Say where the release is: one of release_dir, release_url, program_paths, build_cachewarmer."
    }
    precondition {
      condition     = !local.has_url || var.release_sha256 != null
      error_message = "release_url needs release_sha256."
    }
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
    inline = ["set -eu", "umask 077", "rm -rf ${local.remote}", "mkdir -p ${local.remote}/release", "chmod 0700 .cachewarmer ${local.remote}"]
  }

  provisioner "file" {
    source      = "${local.scripts}/"
    destination = local.remote
  }

  provisioner "file" {
    source      = local.uploads ? "${var.release_dir}/" : "${local.scripts}/"
    destination = "${local.remote}/release"
  }

  provisioner "file" {
    content     = local.settings_text
    destination = "${local.remote}/settings"
  }

  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "trap 'rm -rf ${local.remote}' EXIT",
      local.uploads ? "chmod 0755 ${local.remote}/release/cachewarmer* && printf 'RELEASE_DIR=%s\\n' \"$PWD/${local.remote}/release\" >> ${local.remote}/settings" : "true",
      "sudo bash ${local.remote}/prepare-bootstrapdir.sh ${local.remote}/settings",
    ]
  }
}
