/**
 * What a new machine runs once. Everything that differs between fleets comes from /etc/cachewarmer/worker.env, so that
 * nothing is ever pasted into a script, and the text that shellcheck sees is the text that runs.
 *
 * The stock image has no mount.nfs and an air-gapped one cannot install it, but its kernel can mount NFS by itself when
 * it is told the server's address: that is what `mount -i` does.
 */
export const bootstrapScript = `#!/bin/sh
# Starts a CacheWarmer worker: from the bootstrap export, or the one that the image holds.
set -eu
set -a
# shellcheck source=/dev/null
. /etc/cachewarmer/worker.env
set +a
exec >>/var/log/cachewarmer-bootstrap.log 2>&1

log() { printf '%s %s\\n' "$(date -u +%FT%TZ)" "$*"; }

mount_export() {
  server=$(getent ahostsv4 "$BOOTSTRAP_MOUNT_ADDRESS" | awk '{ print $1; exit }')
  [ -n "$server" ] || { log "no address for $BOOTSTRAP_MOUNT_ADDRESS"; return 1; }
  options=ro,nosuid,nodev,noexec,soft,proto=tcp,vers=3,nolock,timeo=100,retrans=2
  if command -v mount.nfs >/dev/null; then
    timeout 60 mount -t nfs -o "$options,retry=0" "$server:$BOOTSTRAP_EXPORT_PATH" "$BOOTSTRAP_PATH"
  else
    timeout 60 mount -i -t nfs -o "$options,addr=$server,mountaddr=$server,mountproto=tcp" \\
      "$server:$BOOTSTRAP_EXPORT_PATH" "$BOOTSTRAP_PATH"
  fi
}

from_export() {
  mkdir -p "$BOOTSTRAP_PATH" || return 1
  mountpoint -q "$BOOTSTRAP_PATH" || mount_export || return 1
  script=$BOOTSTRAP_PATH/$BOOTSTRAP_SCRIPT
  [ -r "$script" ] || { log "$script is not there"; return 1; }
  if [ -n "\${BOOTSTRAP_SCRIPT_SHA256:-}" ]; then run_expected; else /bin/bash "$script"; fi
}

# The export may change at any moment: a copy is checked, and that copy runs.
run_expected() {
  copies=$(mktemp -d) || return 1
  status=1
  copy=$copies/$(basename "$script")
  if cat "$script" >"$copy"; then
    found=$(sha256sum <"$copy" | awk '{ print $1 }')
    if [ "$found" = "$BOOTSTRAP_SCRIPT_SHA256" ]; then
      status=0
      CACHEWARMER_BOOTSTRAP_FOLDER=$(dirname "$(readlink -f "$script")") /bin/bash "$copy" || status=$?
    else
      log "$script was changed since this machine was made, and is not run: sha256 $found, expected $BOOTSTRAP_SCRIPT_SHA256"
    fi
  fi
  rm -rf "$copies"
  return "$status"
}

from_image() {
  systemctl daemon-reload && systemctl enable --now cachewarmer-worker.service
}

start=from_image
[ -z "\${BOOTSTRAP_SCRIPT:-}" ] || start=from_export
attempt=1
until "$start"; do
  if [ "$attempt" -ge "$CACHEWARMER_BOOTSTRAP_ATTEMPTS" ]; then
    log "gave up after $attempt attempts"
    # A machine that never became a worker would cost money for ever.
    exec /usr/local/sbin/cachewarmer-self-delete "bootstrap failed"
  fi
  pause=$((attempt < 6 ? attempt * 5 : 30))
  log "attempt $attempt failed, the next one follows in $pause s"
  sleep "$pause"
  attempt=$((attempt + 1))
done
log "worker started"
`
