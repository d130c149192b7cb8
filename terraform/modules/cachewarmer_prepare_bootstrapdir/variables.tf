variable "bootstrap_mount_address" {
  type        = string
  description = "Address of the filer that holds the bootstrap folder. Not the cache: workers must find what was written last."

  validation {
    condition     = can(regex("^[A-Za-z0-9._:-]+$", var.bootstrap_mount_address))
    error_message = "bootstrap_mount_address: expected a host name or an IP address."
  }
}

variable "bootstrap_export_path" {
  type        = string
  description = "Export of that filer. The controller must be allowed to write to it as root."

  validation {
    condition     = startswith(var.bootstrap_export_path, "/") && !strcontains(var.bootstrap_export_path, "..")
    error_message = "bootstrap_export_path: expected a path that begins with / and has no .. in it."
  }
}

variable "bootstrap_subdir" {
  type        = string
  default     = "/bootstrap"
  description = "The folder within the export."

  validation {
    condition     = startswith(var.bootstrap_subdir, "/") && !strcontains(var.bootstrap_subdir, "..")
    error_message = "bootstrap_subdir: expected a path that begins with / and has no .. in it."
  }
}

variable "release_dir" {
  type        = string
  default     = null
  description = "Folder of the machine that runs terraform with a release, as npm run package writes it; it is copied to the controller. For an air-gapped controller."
}

variable "release_url" {
  type        = string
  default     = null
  sensitive   = true
  description = "Address of an archive of such a folder, which the controller fetches, through the proxy where one is set."
}

variable "release_sha256" {
  type        = string
  default     = null
  description = "SHA-256 of that archive; needed with release_url."

  validation {
    condition     = var.release_sha256 == null || can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "release_sha256: expected 64 hexadecimal digits in lower case."
  }
}

variable "program_paths" {
  type        = object({ manager = string, worker = string, jobsubmitter = string })
  default     = null
  description = "Programs that are on the controller already, in the folder of one release."
}

variable "build_cachewarmer" {
  type        = bool
  default     = false
  description = "Build the release on the controller, from build_source. Needs git, Node 20 or newer and a package registry there."
}

variable "build_source" {
  type        = string
  default     = "https://github.com/cachewarmer/cachewarmer.git"
  description = "The repository that is built."
}

variable "build_ref" {
  type        = string
  default     = ""
  description = "Branch or tag of it; empty for the default branch."
}

variable "release_signer" {
  type        = string
  default     = null
  description = "Public key of OpenSSH, one line: the release is taken only where SHA256SUMS.sig is by this key."
}
