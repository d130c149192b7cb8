#!/usr/bin/env bash
# Installs a service of the CacheWarmer as the bootstrap export has it: mounts the export read-only, runs its install
# script with the settings as environment, unmounts.
#
#   sudo bash install-from-bootstrap.sh SETTINGS
#
# SETTINGS is a file of lines NAME=VALUE. INSTALL_SCRIPT is the script, as a path within the export; every other setting
# is handed to it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
documented_in=terraform/modules/cachewarmer_manager_install/README.md

[ $# = 1 ] || refuse "usage: install-from-bootstrap.sh SETTINGS"
# The install script knows its settings and says which of them is wrong; nothing else gets into its environment.
load_settings "$1" \
  INSTALL_SCRIPT BOOTSTRAP_MOUNT_ADDRESS BOOTSTRAP_EXPORT_PATH BOOTSTRAP_SCRIPT BOOTSTRAP_SCRIPT_SHA256 \
  STORAGE_ACCOUNT STORAGE_ACCOUNT_RESOURCE_GROUP STORAGE_KEY QUEUE_PREFIX 'CACHEWARMER_*' 'VMSS_*' 'AZURE_*' \
  NODE_EXTRA_CA_CERTS http_proxy https_proxy no_proxy
require INSTALL_SCRIPT BOOTSTRAP_MOUNT_ADDRESS BOOTSTRAP_EXPORT_PATH QUEUE_PREFIX
[ -n "${STORAGE_ACCOUNT:-}${CACHEWARMER_QUEUE:-}${CACHEWARMER_CONNECTION_STRING:-}${AZURE_STORAGE_CONNECTION_STRING:-}" ] ||
  refuse "not set: STORAGE_ACCOUNT"
require_address BOOTSTRAP_MOUNT_ADDRESS
require_path INSTALL_SCRIPT BOOTSTRAP_EXPORT_PATH BOOTSTRAP_SCRIPT
require_root

BOOTSTRAP_PATH=$(mktemp -d /tmp/cachewarmer-bootstrap.XXXXXX)
export BOOTSTRAP_PATH
clean_up() {
  if mountpoint -q "$BOOTSTRAP_PATH"; then umount "$BOOTSTRAP_PATH"; fi
  rmdir "$BOOTSTRAP_PATH"
}
trap clean_up EXIT

mount_export "$BOOTSTRAP_MOUNT_ADDRESS" "$BOOTSTRAP_EXPORT_PATH" "$BOOTSTRAP_PATH" ro ||
  fail "$BOOTSTRAP_MOUNT_ADDRESS:$BOOTSTRAP_EXPORT_PATH could not be mounted"
[ -f "$BOOTSTRAP_PATH$INSTALL_SCRIPT" ] ||
  refuse "INSTALL_SCRIPT: there is no $INSTALL_SCRIPT on $BOOTSTRAP_MOUNT_ADDRESS:$BOOTSTRAP_EXPORT_PATH"
bash "$BOOTSTRAP_PATH$INSTALL_SCRIPT"
