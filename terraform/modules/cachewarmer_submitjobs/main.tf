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
}

# A job whose message changes is another job: it is submitted, and waited for. The script ends with the exit code of
# cachewarmer-submit: not 0 if a file was not read, and then the next apply submits it again.
module "job" {
  source   = "../remote_script"
  for_each = local.jobs

  jumpbox = local.jumpbox
  name    = "job-${substr(sha256(each.key), 0, 16)}"
  script  = "submit-job.sh"
  as_root = false
  job     = jsonencode(each.value)
  settings = {
    STORAGE_ACCOUNT                = var.storage_account
    STORAGE_ACCOUNT_RESOURCE_GROUP = var.storage_account_rg
    QUEUE_PREFIX                   = var.queue_name_prefix
    CACHEWARMER_STORAGE_SUFFIX     = var.storage_suffix
    AZURE_CLIENT_ID                = var.client_id
    WAIT                           = tostring(var.block_until_warm)
  }
  triggers = {
    queue = "${var.storage_account} ${var.storage_suffix} ${var.queue_name_prefix}"
    job   = each.value
    again = var.warm_again
  }
}
