locals {
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

  # The checksums of a release identify it.
  release_version = local.uploads ? filesha256("${var.release_dir}/SHA256SUMS") : local.has_url ? var.release_sha256 : ""
}

resource "terraform_data" "source" {
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
}

module "remote" {
  source  = "../remote_script"
  jumpbox = local.jumpbox
  name    = "prepare-bootstrapdir"
  script  = "prepare-bootstrapdir.sh"
  upload  = var.build_cachewarmer || var.program_paths != null ? null : var.release_dir
  settings = merge(local.release_settings, {
    BOOTSTRAP_MOUNT_ADDRESS    = var.bootstrap_mount_address
    BOOTSTRAP_MOUNT_EXPORT     = var.bootstrap_export_path
    BOOTSTRAP_SUBDIR           = var.bootstrap_subdir
    CACHEWARMER_RELEASE_SIGNER = var.release_signer
  })
  triggers = {
    export   = "${var.bootstrap_mount_address}:${var.bootstrap_export_path}${var.bootstrap_subdir}"
    release  = local.release_version
    programs = var.program_paths
    build    = var.build_cachewarmer ? "${var.build_source} ${var.build_ref}" : ""
    source   = terraform_data.source.id
  }
}
