#!/usr/bin/env bash
# Installs the CacheWarmer's manager as a service, or upgrades it; see README.md beside this file.
set -euo pipefail

# shellcheck disable=SC2034
program=$(basename -- "$0")
# What install.bash is told.
# shellcheck disable=SC2034
role=manager programs='cachewarmer-manager cachewarmer-submit' needed=check_manager

usage() {
  cat <<'TEXT'
Usage: bootstrap.cachewarmer-manager.sh [--uninstall [--keep-state]]

Installs cachewarmer-manager as a service, and cachewarmer-submit (also as cachewarmer-jobsubmitter), from the folder that
this script is in. Run again it upgrades, and keeps the settings that are not given. Settings come from the environment:

  QUEUE_PREFIX             what the name of every queue begins with
  STORAGE_ACCOUNT          the storage account of the queues, or CACHEWARMER_QUEUE for their URL
  STORAGE_KEY              its key; without one the machine's managed identity is used
  VMSS_WORKER_COUNT        machines, or worker processes here, at most

Workers on machines of a scale set, instead of processes on this machine:

  BOOTSTRAP_MOUNT_ADDRESS, BOOTSTRAP_EXPORT_PATH    NFS server and export of this folder
  BOOTSTRAP_SCRIPT         path of bootstrap.cachewarmer-worker.sh in that export
  VMSS_USERNAME, VMSS_SSHPUBLICKEY or VMSS_PASSWORD, VMSS_SUBNET
  http_proxy, https_proxy, no_proxy

README.md has all of them. DESTDIR=FOLDER installs below a folder and starts nothing.
Exit codes: 0 done; 1 something failed; 2 a setting is wrong, and nothing was changed.
TEXT
}

check_manager() {
  setting VMSS_WORKER_COUNT '^[1-9][0-9]*$' 'a whole number of at least 1'
  setting BOOTSTRAP_MOUNT_ADDRESS '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$' 'a host name or an IPv4 address'
  setting BOOTSTRAP_EXPORT_PATH '^/[^[:space:]]*$' 'an absolute path'
  local name
  [ -n "${BOOTSTRAP_MOUNT_ADDRESS:-}${BOOTSTRAP_EXPORT_PATH:-}${VMSS_USERNAME:-}${VMSS_SSHPUBLICKEY:-}${VMSS_PASSWORD:-}" ] || return 0
  [ -z "${CACHEWARMER_VMSS_IMAGE:-}" ] || [ -n "${BOOTSTRAP_MOUNT_ADDRESS:-}${BOOTSTRAP_EXPORT_PATH:-}" ] || return 0
  for name in BOOTSTRAP_MOUNT_ADDRESS BOOTSTRAP_EXPORT_PATH BOOTSTRAP_SCRIPT; do
    [ -n "${!name:-}" ] || refuse "$name is not set: machines of a scale set get their worker from the bootstrap export"
  done
}

# shellcheck source=install.bash
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/install.bash"
main "$@"
