#!/usr/bin/env bash
# Installs the CacheWarmer's worker as a service, or upgrades it; see README.md beside this file.
set -euo pipefail

# shellcheck disable=SC2034
program=$(basename -- "$0")
# What install.bash is told.
# shellcheck disable=SC2034
role=worker programs=cachewarmer-worker needed=check_worker

usage() {
  cat <<'TEXT'
Usage: bootstrap.cachewarmer-worker.sh [--uninstall [--keep-state]]

Installs cachewarmer-worker as a service, from the folder that this script is in. Run again it upgrades, and keeps the
settings that are not given. Settings come from the environment:

  QUEUE_PREFIX         what the name of every queue begins with
  STORAGE_ACCOUNT      the storage account of the queues, or CACHEWARMER_QUEUE for their URL
  STORAGE_KEY          its key; without one the machine's managed identity is used
  CACHEWARMER_ACCESS   auto (default), direct, mount, folder: how exports are read
  http_proxy, https_proxy, no_proxy

README.md has all of them. DESTDIR=FOLDER installs below a folder and starts nothing.
Exit codes: 0 done; 1 something failed; 2 a setting is wrong, and nothing was changed.
TEXT
}

check_worker() {
  setting CACHEWARMER_ABANDONED_AFTER_MS '^[1-9][0-9]*$' 'milliseconds'
  setting CACHEWARMER_LEASE_MS '^[1-9][0-9]*$' 'milliseconds'
}

# shellcheck source=install.bash
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/install.bash"
main "$@"
