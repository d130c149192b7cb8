#!/usr/bin/env bash
# Installs the CacheWarmer's worker as a service, or upgrades it; see README.md beside this file.
set -euo pipefail

# shellcheck disable=SC2034
program=$(basename -- "$0")
# Settings for install.bash.
# shellcheck disable=SC2034
role=worker programs=cachewarmer-worker needed=check_worker

usage() {
  cat <<'TEXT'
Usage: bootstrap.cachewarmer-worker.sh [--uninstall [--keep-state]]

Installs cachewarmer-worker as a service, from the folder of this script. Run again it upgrades, and keeps the
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

# This folder is root on every machine that runs it, and may change at any moment. So nothing of it is read as a script or put in
# place but a copy that was checked against SHA256SUMS, and that list against its signature where CACHEWARMER_RELEASE_SIGNER (a
# public key of OpenSSH, one line) is set now or was at the last installation. Both scripts begin like this.
folder=${CACHEWARMER_BOOTSTRAP_FOLDER:-$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")}
here=$(mktemp -d)
trap 'rm -rf -- "$here"' EXIT
distrust() {
  printf '%s: %s\n%s: nothing was changed; see %s\n' "$program" "$*" "$program" "$folder/README.md" >&2
  exit 2
}
[ -r "$folder/SHA256SUMS" ] ||
  distrust "$folder/SHA256SUMS is missing: run this script where 'cachewarmer-manager bootstrap' wrote it"
cp -RL -- "$folder"/{SHA256SUMS,install.bash,systemd,rsyslog,logrotate} "$here" || distrust "$folder could not be read"
signer=${CACHEWARMER_RELEASE_SIGNER-$(sed -n "s/^CACHEWARMER_RELEASE_SIGNER='\(.*\)'$/\1/p" "${DESTDIR:-}/etc/cachewarmer/$role.env" 2>/dev/null || true)}
if [ -n "$signer" ]; then
  command -v ssh-keygen >/dev/null || distrust 'ssh-keygen is missing, which checks the signature of SHA256SUMS'
  printf 'cachewarmer %s\n' "$signer" >"$here/signers"
  cp -L -- "$folder/SHA256SUMS.sig" "$here" 2>/dev/null ||
    distrust 'SHA256SUMS is not signed; expected a signature by the key in CACHEWARMER_RELEASE_SIGNER'
  ssh-keygen -Y verify -f "$here/signers" -I cachewarmer -n cachewarmer -s "$here/SHA256SUMS.sig" <"$here/SHA256SUMS" >/dev/null 2>&1 ||
    distrust 'SHA256SUMS is not signed by the key in CACHEWARMER_RELEASE_SIGNER'
fi
complaint=$(cd "$here" && LC_ALL=C sha256sum --check --strict --quiet 2>&1 \
  < <(grep -E '^[0-9a-f]{64}  (install\.bash|(systemd|rsyslog|logrotate)/[^/]+)$' SHA256SUMS)) ||
  distrust "the checksums do not fit: ${complaint//$'\n'/; }"
# Each copied file has to be on the list: what is missing there was checked by nothing.
while read -r name; do
  grep -qE "^[0-9a-f]{64}  ${name//./\\.}$" "$here/SHA256SUMS" || distrust "$name is not on the list of checksums"
done < <(cd "$here" && find install.bash systemd rsyslog logrotate ! -type d)

# shellcheck source=install.bash
source "$here/install.bash"
main "$@"
