locals {
  csv = { for name, text in { include = var.inclusion_csv, exclude = var.exclusion_csv, addresses = var.warm_mount_addresses } :
    name => [for value in split(",", text) : trimspace(value) if trimspace(value) != ""]
  }
  paths = merge([for export, paths in var.warm_paths : { for path in paths : "${export}:${path}" => { export = export, path = path } }]...)

  # The message as docs/operators/jobs.md has it; what was not asked for is left out.
  jobs = { for key, target in local.paths : key => merge(
    {
      WarmTargetMountAddresses = local.csv.addresses
      WarmTargetExportPath     = target.export
      WarmTargetPath           = target.path
      InclusionList            = local.csv.include
      ExclusionList            = local.csv.exclude
      MaxFileSizeBytes         = var.maxFileSizeBytes
      Through                  = var.through
    },
    var.allow_empty ? { AllowEmpty = true } : {},
    var.head_bytes == 0 ? {} : { HeadBytes = var.head_bytes },
    length(var.exclude_directories) == 0 ? {} : { ExcludeDirectories = var.exclude_directories },
  ) }
  settings = merge(local.proxy_settings, {
    STORAGE_ACCOUNT                = var.storage_account
    STORAGE_ACCOUNT_RESOURCE_GROUP = var.storage_account_rg
    QUEUE_PREFIX                   = var.queue_name_prefix
    CACHEWARMER_STORAGE_SUFFIX     = var.storage_suffix
    AZURE_CLIENT_ID                = var.client_id
    WAIT                           = tostring(var.block_until_warm)
  })
  settings_text = join("", [for name, value in local.settings : "${name}=${replace(trimspace(value), "/[\\r\\n]+/", " ")}\n" if value != null && value != ""])
}

resource "terraform_data" "job" {
  for_each = local.jobs

  # A job whose message changes is another job: it is submitted, and waited for.
  triggers_replace = {
    queue = "${var.storage_account} ${var.storage_suffix} ${var.queue_name_prefix}"
    job   = each.value
    again = var.warm_again
  }
  input = ".cachewarmer/job-${substr(sha256(each.key), 0, 16)}"

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
    inline = ["set -eu", "umask 077", "rm -rf ${self.input}", "mkdir -p ${self.input}", "chmod 0700 .cachewarmer ${self.input}"]
  }

  provisioner "file" {
    source      = "${local.scripts}/"
    destination = self.input
  }

  provisioner "file" {
    content     = local.settings_text
    destination = "${self.input}/settings"
  }

  provisioner "file" {
    content     = jsonencode(each.value)
    destination = "${self.input}/job.json"
  }

  # Ends with the exit code of cachewarmer-submit: not 0 if a file was not read, and then the next apply submits it again.
  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "trap 'rm -rf ${self.input}' EXIT",
      "bash ${self.input}/submit-job.sh ${self.input}/settings ${self.input}/job.json",
    ]
  }
}
