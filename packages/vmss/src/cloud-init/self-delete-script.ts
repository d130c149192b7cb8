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
