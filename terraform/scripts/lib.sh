# shellcheck shell=bash
# What the scripts beside this file share. Sourced by them, in strict mode.

# A mistake in the settings: prints it and the place where they are documented, exits 2.
refuse() {
  printf '%s: %s; see %s\n' "${0##*/}" "$1" "${documented_in:?}" >&2
  exit 2
}

# A fault of the machine or the network.
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

say() { printf '%s: %s\n' "${0##*/}" "$1"; }

# load_settings FILE NAME...: takes lines NAME=VALUE into the environment. A value reaches to the end of its line and is
# taken as it is: nothing in it is expanded or run. Only the names given are allowed; one may be a pattern such as AZURE_*.
load_settings() {
  local file=$1 line name value
  shift
  [ -r "$file" ] || refuse "there are no settings at $file"
  while IFS= read -r line || [ -n "$line" ]; do
    [ -n "$line" ] || continue
    name=${line%%=*}
    value=${line#*=}
    [ "$name" != "$line" ] || refuse "expected NAME=VALUE, got a line without ="
    is_allowed "$name" "$@" || refuse "$name is no setting"
    export "$name=$value"
  done <"$file"
}

is_allowed() {
  local name=$1 allowed
  shift
  [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || return 1
  for allowed; do
    # shellcheck disable=SC2053
    if [[ $name == $allowed ]]; then return 0; fi
  done
  return 1
}

# require NAME...: each of them must have a value.
require() {
  local name missing=""
  for name in "$@"; do
    [ -n "${!name:-}" ] || missing="$missing $name"
  done
  [ -z "$missing" ] || refuse "not set:$missing"
}

# require_path NAME...: where it has a value, that is a path from / on, without .. in it.
require_path() {
  local name
  for name in "$@"; do
    case ${!name:-/} in
      */../* | */.. | ..*) refuse "$name: expected a path without .., got ${!name}" ;;
      /*) ;;
      *) refuse "$name: expected a path that begins with /, got ${!name}" ;;
    esac
  done
}

# require_address NAME: a host name or an IP address, of the characters that these have.
require_address() {
  [[ ${!1} =~ ^[A-Za-z0-9._:-]+$ ]] || refuse "$1: expected a host name or an IP address, got ${!1}"
}

require_root() {
  [ "$(id -u)" = 0 ] || refuse "must run as root"
}

# mount_export ADDRESS EXPORT FOLDER ro|rw: mounts an NFSv3 export, with patience for a filer that is just starting: 20
# tries, 15 seconds apart.
mount_export() {
  local tried
  for ((tried = 1; tried < 20; tried++)); do
    if mount_once "$@"; then return 0; fi
    say "$1:$2 could not be mounted yet, trying again in 15 seconds" >&2
    sleep 15
  done
  mount_once "$@"
}

# Without mount.nfs the kernel mounts by itself; it takes an address instead of a name.
mount_once() {
  local address=$1 export=$2 folder=$3 mode=$4
  # What is only read is not run either; scripts are given to a shell.
  local run=
  [ "$mode" = rw ] || run=,noexec
  local options="$mode,nosuid,nodev$run,hard,proto=tcp,vers=3,nolock,timeo=100,retrans=2"
  if command -v mount.nfs >/dev/null; then
    timeout 60 mount -t nfs -o "$options,retry=0" "$address:$export" "$folder"
  else
    address=$(getent ahosts "$address" | awk 'NR == 1 { print $1 }')
    [ -n "$address" ] || return 1
    timeout 60 mount -i -t nfs -o "$options,addr=$address,mountaddr=$address,mountproto=tcp" "$address:$export" "$folder"
  fi
}
