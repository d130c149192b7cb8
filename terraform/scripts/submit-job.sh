#!/usr/bin/env bash
# Submits a job, and waits for its end if asked to.
#
#   bash submit-job.sh SETTINGS JOB
#
# SETTINGS is a file of lines NAME=VALUE, JOB one with the job's JSON. Exits as cachewarmer-submit does: with WAIT=true 0
# means that every file was read, 1 that the job ended otherwise; 2 a wrong job, 3 a queue that can't be reached.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
documented_in=terraform/modules/cachewarmer_submitjobs/README.md

[ $# = 2 ] || refuse "usage: submit-job.sh SETTINGS JOB"
load_settings "$1" \
  STORAGE_ACCOUNT STORAGE_ACCOUNT_RESOURCE_GROUP QUEUE_PREFIX CACHEWARMER_QUEUE CACHEWARMER_STORAGE_SUFFIX WAIT \
  AZURE_CLIENT_ID http_proxy https_proxy no_proxy
require QUEUE_PREFIX WAIT
[ -n "${STORAGE_ACCOUNT:-}${CACHEWARMER_QUEUE:-}" ] || refuse "not set: STORAGE_ACCOUNT"
[ -r "$2" ] || refuse "there is no job at $2"

submit=$(command -v cachewarmer-submit || command -v cachewarmer-jobsubmitter) ||
  fail "there is no cachewarmer-submit on this machine; the manager's install script brings it"
case $WAIT in
  true | false) ;;
  *) refuse "WAIT: expected true or false, got $WAIT" ;;
esac

# New rights work only after some minutes: exit code 3 until then.
for ((tried = 1; tried < 20; tried++)); do
  status=0
  "$submit" list --json >/dev/null || status=$?
  [ "$status" = 3 ] || break
  say "the queue can't be reached yet, or refuses; trying again in 15 seconds" >&2
  sleep 15
done

if [ "$WAIT" = true ]; then exec "$submit" --job "$2" --wait; fi
exec "$submit" --job "$2"
