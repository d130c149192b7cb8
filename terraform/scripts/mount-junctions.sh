#!/usr/bin/env bash
# Mounts every export of a cache through each of its addresses, read-only, at FOLDER/ADDRESS/EXPORT. What is mounted
# already stays.
#
#   sudo bash mount-junctions.sh SETTINGS
#
# SETTINGS is a file of lines NAME=VALUE: MOUNT_ADDRESSES and EXPORT_PATHS, each separated by commas, and MOUNT_FOLDER.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
documented_in=terraform/modules/cachewarmer_mount_junctions/README.md

[ $# = 1 ] || refuse "usage: mount-junctions.sh SETTINGS"
load_settings "$1" MOUNT_ADDRESSES EXPORT_PATHS MOUNT_FOLDER
require MOUNT_ADDRESSES EXPORT_PATHS MOUNT_FOLDER
require_path MOUNT_FOLDER
IFS=, read -ra addresses <<<"$MOUNT_ADDRESSES"
IFS=, read -ra exports <<<"$EXPORT_PATHS"
for address in "${addresses[@]}"; do require_address address; done
for export in "${exports[@]}"; do require_path export; done
require_root

# Only root may put anything above the mounts.
umask 022
failed=0
for address in "${addresses[@]}"; do
  for export in "${exports[@]}"; do
    folder=$MOUNT_FOLDER/$address$export
    if mountpoint -q "$folder"; then
      say "$folder is mounted already"
      continue
    fi
    mkdir -p "$folder"
    if mount_export "$address" "$export" "$folder" ro; then
      say "mounted $address:$export at $folder"
    else
      say "$address:$export could not be mounted" >&2
      failed=1
    fi
  done
done
exit "$failed"
