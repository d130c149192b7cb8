/**
 * What a new machine runs once. Everything that differs between fleets comes from /etc/cachewarmer/worker.env, so that
 * nothing is ever pasted into a script, and the text that shellcheck sees is the text that runs.
 *
 * The stock image has no mount.nfs and an air-gapped one cannot install it, but its kernel can mount NFS by itself when
 * given the server's address, as `mount -i` does.
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
# Nothing of the export is needed any more: a filer that goes away later hangs nobody here.
! mountpoint -q "\${BOOTSTRAP_PATH:-/nowhere}" || umount "$BOOTSTRAP_PATH" || log "$BOOTSTRAP_PATH could not be unmounted"
`

/**
 * Deletes the machine it runs on, through Azure, with the machine's identity; powers off where that fails, for the
 * manager to clear away. Needs curl alone. The token goes through standard input, so that no argument list shows it.
 */
export const selfDeleteScript = `#!/bin/sh
# Deletes this machine. Usage: cachewarmer-self-delete <reason>
set -eu
set -a
# shellcheck source=/dev/null
. /etc/cachewarmer/worker.env
set +a
exec >>/var/log/cachewarmer-bootstrap.log 2>&1

log() { printf '%s %s\\n' "$(date -u +%FT%TZ)" "$*"; }

# Usage: metadata <path> <curl arguments>. Instance metadata is not to be reached through a proxy.
metadata() {
  path=$1
  shift
  curl -sS --fail --noproxy '*' --max-time 30 -G -H Metadata:true "$@" "http://169.254.169.254/metadata/$path"
}

delete_through_azure() {
  id=$(metadata instance/compute/resourceId -d api-version=2021-02-01 -d format=text) || return 1
  set -- -d api-version=2018-02-01 --data-urlencode "resource=$CACHEWARMER_ARM_ENDPOINT/"
  [ -z "\${CACHEWARMER_IDENTITY_ID:-}" ] || set -- "$@" --data-urlencode "msi_res_id=$CACHEWARMER_IDENTITY_ID"
  token=$(metadata identity/oauth2/token "$@" | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')
  [ -n "$token" ] || return 1
  printf 'header = "Authorization: Bearer %s"\\n' "$token" |
    curl -sS --fail --max-time 60 -K - -X DELETE "$CACHEWARMER_ARM_ENDPOINT$id?api-version=2026-04-01"
}

log "deleting this machine: \${1:-no reason given}"
for pause in 5 15 30 60 0; do
  if delete_through_azure; then
    log "Azure deletes this machine"
    # It is taken away within minutes; what follows is for when it is not.
    sleep 900
    break
  fi
  sleep "$pause"
done
log "powering off: a machine that is off still costs until the manager deletes it"
systemctl poweroff
`

/** The unit of a worker that the image holds; its log is where people look first. */
export const workerUnit = (command: readonly string[]): string => `[Unit]
Description=CacheWarmer worker
Wants=network-online.target
After=network-online.target

[Service]
EnvironmentFile=/etc/cachewarmer/worker.env
ExecStart=${command.join(' ')}
Restart=always
RestartSec=2
TimeoutStopSec=60
LimitNOFILE=65536
LimitCORE=0
StandardOutput=append:/var/log/cachewarmer-worker.log
StandardError=append:/var/log/cachewarmer-worker.log

[Install]
WantedBy=multi-user.target
`

export const lifeLimitService = `[Unit]
Description=Delete this machine at the end of its life

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/cachewarmer-self-delete "life limit reached"
`

/** The last fail-safe: a machine ends even if manager and worker never end it. */
export const lifeLimitTimer = (lifeLimitMs: number): string => `[Unit]
Description=End of this machine's life

[Timer]
OnBootSec=${Math.ceil(lifeLimitMs / 1000)}s

[Install]
WantedBy=timers.target
`
