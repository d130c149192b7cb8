#!/usr/bin/env bash
# Fills the bootstrap folder on an NFS export: programs, install scripts and units, from which managers and workers are
# installed on machines without internet. Running it again brings the folder up to date.
#
#   sudo bash prepare-bootstrapdir.sh SETTINGS
#
# SETTINGS is a file of lines NAME=VALUE. The release comes from the first of these that is set:
#   CACHEWARMER_MANAGER_PATH   with CACHEWARMER_WORKER_PATH and CACHEWARMER_JOBSUBMITTER_PATH: names of the program, in the
#                              folder of a release on this machine; all three may be its cachewarmer
#   RELEASE_DIR                a folder of this machine, as `npm run package` writes it
#   RELEASE_URL                an archive of that folder, checked against RELEASE_SHA256
#   BUILD_SOURCE               a repository that is built here, at BUILD_REF; needs git, Node 20 and a package registry
# With CACHEWARMER_RELEASE_SIGNER, a public key of OpenSSH in one line, only a release whose SHA256SUMS.sig is by this key.
# With BOOTSTRAP_MOUNT_ADDRESS and BOOTSTRAP_MOUNT_EXPORT the folder is on that export; without, below LOCAL_MOUNT_DIR,
# where the export is mounted.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
documented_in=terraform/modules/cachewarmer_prepare_bootstrapdir/README.md

[ $# = 1 ] || refuse "usage: prepare-bootstrapdir.sh SETTINGS"
load_settings "$1" \
  LOCAL_MOUNT_DIR BOOTSTRAP_MOUNT_ADDRESS BOOTSTRAP_MOUNT_EXPORT BOOTSTRAP_SUBDIR \
  CACHEWARMER_MANAGER_PATH CACHEWARMER_WORKER_PATH CACHEWARMER_JOBSUBMITTER_PATH \
  RELEASE_DIR RELEASE_URL RELEASE_SHA256 BUILD_SOURCE BUILD_REF CACHEWARMER_RELEASE_SIGNER http_proxy https_proxy no_proxy
require BOOTSTRAP_SUBDIR
require_path BOOTSTRAP_SUBDIR BOOTSTRAP_MOUNT_EXPORT LOCAL_MOUNT_DIR
if [ -n "${BOOTSTRAP_MOUNT_ADDRESS:-}" ]; then
  require BOOTSTRAP_MOUNT_EXPORT
  require_address BOOTSTRAP_MOUNT_ADDRESS
else
  require LOCAL_MOUNT_DIR
  [ -d "$LOCAL_MOUNT_DIR" ] || refuse "LOCAL_MOUNT_DIR: there is no folder $LOCAL_MOUNT_DIR"
fi
if [ -n "${RELEASE_URL:-}" ]; then
  [[ $RELEASE_URL =~ ^https?://[^\"\\[:space:]]+$ ]] || refuse "RELEASE_URL: expected an address that begins with https://"
  [[ ${RELEASE_SHA256:-} =~ ^[0-9a-f]{64}$ ]] || refuse "RELEASE_SHA256: expected 64 hexadecimal digits"
fi
if [ -n "${CACHEWARMER_MANAGER_PATH:-}" ]; then
  require CACHEWARMER_WORKER_PATH CACHEWARMER_JOBSUBMITTER_PATH
  for program in "$CACHEWARMER_MANAGER_PATH" "$CACHEWARMER_WORKER_PATH" "$CACHEWARMER_JOBSUBMITTER_PATH"; do
    [ -x "$program" ] || refuse "there is no program $program"
    # The release's checksums lie beside its programs.
    [ "$(dirname "$program")" = "$(dirname "$CACHEWARMER_MANAGER_PATH")" ] ||
      refuse "expected all programs in the folder of one release, got $program"
  done
  RELEASE_DIR=$(dirname "$CACHEWARMER_MANAGER_PATH")
fi
[ -n "${RELEASE_DIR:-}${RELEASE_URL:-}${BUILD_SOURCE:-}" ] ||
  refuse "not set: one of RELEASE_DIR, RELEASE_URL, CACHEWARMER_MANAGER_PATH, BUILD_SOURCE"
if [ -n "${RELEASE_DIR:-}" ]; then
  [ -f "$RELEASE_DIR/cachewarmer" ] ||
    refuse "RELEASE_DIR, or the folder of CACHEWARMER_MANAGER_PATH: there is no $RELEASE_DIR/cachewarmer"
  # As of a USB stick or another user's mount: noexec makes every file there one that can't be run.
  [ -x "$RELEASE_DIR/cachewarmer" ] ||
    refuse "RELEASE_DIR: $RELEASE_DIR/cachewarmer can't be run: it has no right to, or its file system is mounted noexec; copy the release to another folder"
fi
require_root

work=$(mktemp -d /tmp/cachewarmer-prepare.XXXXXX)
clean_up() {
  if mountpoint -q "$work/export"; then umount "$work/export"; fi
  # Nothing of an export that is still mounted may be removed.
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

release=$work/release
if [ -n "${RELEASE_DIR:-}" ]; then
  release=$RELEASE_DIR
elif [ -n "${RELEASE_URL:-}" ]; then
  say "fetching $(printf '%s' "$RELEASE_URL" | sed 's/[?].*//')"
  # The address may hold a token: it goes through standard input instead of the argument list.
  printf 'url = "%s"\n' "$RELEASE_URL" |
    curl --fail --silent --show-error --location --retry 5 --retry-delay 5 --config - --output "$work/release.tar" ||
    fail "RELEASE_URL could not be fetched"
  printf '%s  %s\n' "$RELEASE_SHA256" "$work/release.tar" | sha256sum --check --quiet - >&2 ||
    fail "what RELEASE_URL gave is not what RELEASE_SHA256 says"
  mkdir "$release"
  tar --extract --auto-compress --file "$work/release.tar" --directory "$release" --no-same-owner
else
  command -v git >/dev/null || fail "BUILD_SOURCE needs git"
  command -v npm >/dev/null || fail "BUILD_SOURCE needs Node 20 or newer with npm"
  say "building $BUILD_SOURCE"
  git clone --quiet --depth 1 ${BUILD_REF:+--branch "$BUILD_REF"} -- "$BUILD_SOURCE" "$work/source"
  (cd "$work/source" && npm run --silent package -- --out "$release")
fi

# The list is checked here, and what is on it by the program that copies it: nothing else of the release has run yet.
if [ -n "${CACHEWARMER_RELEASE_SIGNER:-}" ]; then
  command -v ssh-keygen >/dev/null || fail "CACHEWARMER_RELEASE_SIGNER needs ssh-keygen"
  printf 'cachewarmer %s\n' "$CACHEWARMER_RELEASE_SIGNER" >"$work/signers"
  cp -L -- "$release/SHA256SUMS" "$release/SHA256SUMS.sig" "$work" ||
    fail "the release is not signed; expected SHA256SUMS.sig, by the key in CACHEWARMER_RELEASE_SIGNER"
  ssh-keygen -Y verify -f "$work/signers" -I cachewarmer -n cachewarmer -s "$work/SHA256SUMS.sig" <"$work/SHA256SUMS" >&2 ||
    fail "the release is not signed by the key in CACHEWARMER_RELEASE_SIGNER"
  (cd "$release" && sha256sum --check --strict --quiet "$work/SHA256SUMS") >&2 ||
    fail "the release is not what its list of checksums says"
fi

if [ -n "${BOOTSTRAP_MOUNT_ADDRESS:-}" ]; then
  mkdir "$work/export"
  mount_export "$BOOTSTRAP_MOUNT_ADDRESS" "$BOOTSTRAP_MOUNT_EXPORT" "$work/export" rw ||
    fail "$BOOTSTRAP_MOUNT_ADDRESS:$BOOTSTRAP_MOUNT_EXPORT could not be mounted"
  folder=$work/export$BOOTSTRAP_SUBDIR
else
  folder=$LOCAL_MOUNT_DIR$BOOTSTRAP_SUBDIR
fi
"$release/cachewarmer" bootstrap --out "$folder" --from "$release"
say "the bootstrap folder is ready: ${BOOTSTRAP_MOUNT_ADDRESS:-}${BOOTSTRAP_MOUNT_ADDRESS:+:}${BOOTSTRAP_MOUNT_EXPORT:-${LOCAL_MOUNT_DIR:-}}$BOOTSTRAP_SUBDIR"
