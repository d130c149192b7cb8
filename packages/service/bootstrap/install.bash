# What both install scripts do; sourced by them. Nothing here runs by itself.
#
# A script sets $folder (where it was found), $here (a checked copy of this file and of what is put in place), $program, $role
# (manager or worker), $programs (names of the one program: a file, and links to it) and $needed (a function that checks settings). With DESTDIR everything goes below that folder and nothing is started, as for an image.
# shellcheck shell=bash disable=SC2154

root=${DESTDIR:-}
service=cachewarmer-$role.service
bin=$root/usr/local/bin
library=$root/usr/local/lib/cachewarmer
settings=$root/etc/cachewarmer/$role.env
unit=$root/etc/systemd/system/$service
syslog=$root/etc/rsyslog.d/$([ "$role" = manager ] && echo 35 || echo 36)-cachewarmer-$role.conf
rotation=$root/etc/logrotate.d/cachewarmer-$role
changed=no
# What goes when this ends, in place or not: a full disk leaves no part of a program behind.
unfinished=("$here")
trap 'rm -rf -- "${unfinished[@]}"' EXIT

say() { printf '%s: %s\n' "$program" "$*"; }

# A mistake of the caller: nothing has been changed yet.
refuse() {
  printf '%s: %s\n%s: see %s\n' "$program" "$*" "$program" "$folder/README.md" >&2
  exit 2
}

# Anything else that goes wrong.
give_up() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

# --- settings ---------------------------------------------------------------------------------------------------------

# Names that the service may find in its environment. Those of the original's scripts are among them.
is_setting() {
  case $1 in
    CACHEWARMER_BOOTSTRAP_FOLDER) return 1 ;;
    CACHEWARMER_* | AZURE_* | STORAGE_ACCOUNT | STORAGE_ACCOUNT_RESOURCE_GROUP | STORAGE_KEY | QUEUE_PREFIX) ;;
    VMSS_* | BOOTSTRAP_MOUNT_ADDRESS | BOOTSTRAP_EXPORT_PATH) ;;
    # For the manager it is the worker's script; for the worker it is where this script was found, and of no use later.
    BOOTSTRAP_SCRIPT | BOOTSTRAP_SCRIPT_SHA256) [ "$role" = manager ] ;;
    http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) ;;
    NODE_USE_ENV_PROXY | NODE_EXTRA_CA_CERTS) ;;
    *) return 1 ;;
  esac
}

# Settings of an earlier run count where this one says nothing: an upgrade needs no variables.
keep_previous_settings() {
  local previous line name value
  [ -r "$settings" ] || return 0
  previous=$(<"$settings")
  while IFS= read -r line; do
    name=${line%%=*}
    [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    kept_names+=("$name")
    [ -z "${!name+given}" ] || continue
    # The file was written by this script, or by cloud-init, for shells to read; the point keeps line ends.
    value=$(
      # shellcheck disable=SC1090
      . "$settings"
      printf '%s.' "${!name}"
    )
    declare -gx "$name=${value%.}"
  done <<<"$previous"
}
kept_names=()

# Usage: setting NAME PATTERN WHAT. An empty value counts as absent, as the programs have it.
setting() {
  local value=${!1:-} shown
  if [ -z "$value" ] || [[ $value =~ $2 ]]; then return; fi
  # A URL may hold a password.
  shown="'$value'"
  [[ $value != *[:@?]* ]] || shown='something else'
  refuse "$1 is $shown; expected $3"
}

check_common_settings() {
  [ -n "${QUEUE_PREFIX:-}" ] || refuse 'QUEUE_PREFIX is not set: what the name of every queue begins with'
  setting QUEUE_PREFIX '^[a-z0-9]([a-z0-9-]{0,41}[a-z0-9])?$' 'at most 43 lowercase letters, digits and dashes'
  setting STORAGE_ACCOUNT '^[a-z0-9]{3,24}$' 'the name of a storage account: 3 to 24 lowercase letters and digits'
  [ -n "${CACHEWARMER_QUEUE:-}${STORAGE_ACCOUNT:-}${CACHEWARMER_CONNECTION_STRING:-}${AZURE_STORAGE_CONNECTION_STRING:-}" ] ||
    refuse 'no queue: set STORAGE_ACCOUNT, or CACHEWARMER_QUEUE to sqlite:FILE or the URL of a storage account'
  setting CACHEWARMER_QUEUE '^(sqlite:/var/lib/cachewarmer/.+|https?://.+)$' \
    'https://ACCOUNT.queue.core.windows.net, or sqlite:/var/lib/cachewarmer/FILE, as the service may write nowhere else'
  setting CACHEWARMER_ACCESS '^(auto|direct|mount|folder)$' 'auto, direct, mount or folder'
  setting CACHEWARMER_CONCURRENCY '^[1-9][0-9]*$' 'a whole number of at least 1'
  setting CACHEWARMER_NFS_PORT '^[1-9][0-9]*$' 'a port'
  setting CACHEWARMER_MOUNT_PORT '^[1-9][0-9]*$' 'a port'
  setting CACHEWARMER_RESERVED_PORTS '^[01]$' '1 or 0'
  check_group
  local name
  for name in CACHEWARMER_STORAGE_KEY_FILE VMSS_PASSWORD_FILE; do
    [ -z "${!name:-}" ] || refuse "$name is set, and the service's user can read no file of root; expected the secret itself in STORAGE_KEY or VMSS_PASSWORD, which is kept in $settings for root alone"
  done
  setting http_proxy '^(https?://)?[^[:space:]/]+/?$' 'a proxy, as http://HOST:PORT'
  setting https_proxy '^(https?://)?[^[:space:]/]+/?$' 'a proxy, as http://HOST:PORT'
  check_authorities
}

# A group that may use the queue, where it is a file of this machine: people who submit.
check_group() {
  [ -n "${CACHEWARMER_GROUP:-}" ] || return 0
  setting CACHEWARMER_GROUP '^[a-z_][a-z0-9_-]*$' 'the name of a group'
  [[ ${CACHEWARMER_QUEUE:-} == sqlite:* ]] || refuse 'CACHEWARMER_GROUP is for a queue that is a file: sqlite:/var/lib/cachewarmer/FILE'
  [ -n "$root" ] || getent group "$CACHEWARMER_GROUP" >/dev/null || refuse "CACHEWARMER_GROUP is '$CACHEWARMER_GROUP'; expected a group of this machine: groupadd --system $CACHEWARMER_GROUP"
}

# Certificates of a private authority, or of a proxy that opens TLS: the service's user has to read them.
check_authorities() {
  local file=${NODE_EXTRA_CA_CERTS:-}
  [ -n "$file" ] || return 0
  case $file in
    /home/* | /root/* | /run/user/* | /tmp/* | [!/]*)
      refuse "NODE_EXTRA_CA_CERTS is '$file'; expected a path that the service sees: /etc/cachewarmer/authorities.pem, and not below /home, /root, /run/user or /tmp" ;;
  esac
  grep -q -e '-----BEGIN CERTIFICATE-----' -- "$root$file" 2>/dev/null || refuse "NODE_EXTRA_CA_CERTS: there are no certificates in $root$file"
  [ -n "$(find "$root$file" -perm -004)" ] || refuse "NODE_EXTRA_CA_CERTS: the service's user can't read $root$file; chmod 0644"
}

# The machine's own metadata service is never to be reached through a proxy; Node wants to be told to use one. Azure's libraries
# know neither * nor *.domain nor a port in no_proxy, and no proxy without a scheme.
settle_proxies() {
  [ -n "${http_proxy:-}${https_proxy:-}${HTTP_PROXY:-}${HTTPS_PROXY:-}" ] || return 0
  local direct=169.254.169.254,localhost,127.0.0.1 host name given
  read -ra given <<<"$(tr ',\n' '  ' <<<"${no_proxy:-${NO_PROXY:-}}")"
  for host in "${given[@]}"; do
    if [ "$host" = '*' ]; then
      say 'no_proxy is *: everything is reached without the proxy'
      export http_proxy='' https_proxy='' HTTP_PROXY='' HTTPS_PROXY='' no_proxy='' NO_PROXY='' NODE_USE_ENV_PROXY=''
      return
    fi
    [[ $host != */* ]] || say "no_proxy: $host is a range of addresses; Azure is reached by names, which it does not except"
    host=${host/#\*./.}
    [[ ! $host =~ ^[^:]+:[0-9]+$ ]] || host=${host%:*}
    [[ ,$direct, == *,"$host",* ]] || direct=$direct,$host
  done
  for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do
    [ -z "${!name:-}" ] || [[ ${!name} == *://* ]] || export "$name=http://${!name}"
  done
  export no_proxy=$direct NO_PROXY='' NODE_USE_ENV_PROXY=1
}

# A value between double quotes.
escaped() {
  local value=${1//\\/\\\\}
  value=${value//\"/\\\"}
  value=${value//\`/\\\`}
  printf '%s' "${value//\$/\\\$}"
}

# The lines of the environment file: shells and systemd read them alike.
settings_lines() {
  local name value
  for name in $(compgen -e | LC_ALL=C sort -u); do
    is_setting "$name" || [[ " ${kept_names[*]} " == *" $name "* ]] || continue
    value=${!name}
    case $value in
      '') continue ;;
      *$'\n'*) refuse "$name holds a line end; expected one line" ;;
      *\'*) printf '%s="%s"\n' "$name" "$(escaped "$value")" ;;
      *) printf "%s='%s'\n" "$name" "$value" ;;
    esac
  done
}

# --- files ------------------------------------------------------------------------------------------------------------

# What is about to be installed against the list that came with it.
verify() {
  local list complaint
  list=$(while read -r sum name; do
    if [[ $name != cachewarmerbin/* || $name == "cachewarmerbin/$program_file" ]]; then printf '%s  %s\n' "$sum" "$name"; fi
  done <"$here/SHA256SUMS")
  [[ $list == *"  cachewarmerbin/$program_file"* ]] || refuse "cachewarmerbin/$program_file is not on the list of checksums"
  complaint=$(cd "$folder" && LC_ALL=C sha256sum --check --quiet <<<"$list" 2>&1) ||
    refuse "the checksums do not fit, so nothing is installed: ${complaint//$'\n'/; }"
}

sum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# Usage: put FILE MODE, content from standard input. In place at once, or untouched where nothing changed.
put() {
  local file=$1 mode=$2 new=$1.new.$$
  mkdir -p -- "$(dirname -- "$file")"
  unfinished+=("$new")
  (
    umask 077
    cat >"$new"
  )
  chmod "$mode" "$new"
  if cmp -s "$new" "$file" && [ "$(stat -c %a "$file")" = "$(stat -c %a "$new")" ]; then
    rm -f -- "$new"
  else
    mv -f -- "$new" "$file"
    changed=yes
  fi
}

# Usage: link TARGET FILE
link() {
  [ "$(readlink -- "$2" 2>/dev/null)" != "$1" ] || return 0
  ln -s -- "$1" "$2.new.$$"
  mv -fT -- "$2.new.$$" "$2"
  changed=yes
}

# Usage: stage_program NAME. Each service has a file of its own, so that an upgrade of one leaves the other alone. Sets $place,
# where that file belongs, and $staged: a checked copy beside it, or the same where it is in place already.
stage_program() {
  local from=cachewarmerbin/$program_file sum
  place=$bin/$1
  [ "$program_file" = cachewarmer ] || place=$library/$1.mjs
  staged=$place
  sum=$(awk -v name="$from" '$2 == name { print $1 }' "$here/SHA256SUMS")
  if [ ! -f "$place" ] || [ "$(sum_of "$place")" != "$sum" ]; then
    staged=$bin/.$1-new-$$${program_file#cachewarmer}
    unfinished+=("$staged")
    mkdir -p -- "$bin"
    install -m 755 -- "$folder/$from" "$staged" || give_up "$folder/$from could not be copied to $bin"
    # What came over the network, once more: a program is as it was made, or not installed.
    [ "$(sum_of "$staged")" = "$sum" ] || give_up "$folder/$from could not be copied whole"
  fi
}

# The program itself looks at the settings, in the environment that the service will have, and starts nothing.
check_settings() {
  local command=serve options=${CACHEWARMER_MANAGER_OPTIONS:-} said status=0 name
  # In its place it is the worker by its name, beside it by its first word.
  if [ "$role" = worker ]; then
    command=worker options=${CACHEWARMER_WORKER_OPTIONS:-}
    [ "$staged" != "$place" ] || command=
  fi
  said=$(
    for name in $(compgen -e); do
      is_setting "$name" || [[ " ${kept_names[*]} PATH " == *" $name "* ]] || unset "$name" 2>/dev/null || true
    done
    # systemd splits the options at blanks, and expands nothing in them.
    set -f
    # shellcheck disable=SC2086
    exec "$staged" $command --check $options 2>&1
  ) || status=$?
  case $status in
    0) ;;
    2) refuse "$said" ;;
    *) refuse "the program does not run on this machine (exit code $status): ${said:-it says nothing}; it needs glibc 2.28 and libstdc++ (libstdc++6 in Debian), and a file system that is not mounted noexec below $bin" ;;
  esac
}

# Usage: put_program NAME LINK...
put_program() {
  local name target=$1 links=("${@:2}")
  if [ "$program_file" = cachewarmer.mjs ]; then target=../lib/cachewarmer/$1.mjs links=("$@"); fi
  if [ "$staged" != "$place" ]; then
    mkdir -p -- "$(dirname -- "$place")"
    mv -fT -- "$staged" "$place"
    changed=yes
  fi
  for name in "${links[@]}"; do link "$target" "$bin/$name"; done
}

check_node() {
  [ "$program_file" = cachewarmer.mjs ] || return 0
  local found
  found=$(PATH=/usr/local/bin:/usr/bin:/bin node --version 2>/dev/null) ||
    refuse 'this folder holds bundles, and they need Node 24.15 or newer in /usr/local/bin or /usr/bin'
  [ "$(printf '%s\n' v24.15.0 "$found" | sort -V | head -n 1)" = v24.15.0 ] ||
    refuse "this folder holds bundles, and they need Node 24.15 or newer; this machine has $found"
}

# --- the whole --------------------------------------------------------------------------------------------------------

# Usage: drop_in NAME WANTED(yes or no)
drop_in() {
  local file=$unit.d/$1.conf from=$here/systemd/$role.$1.conf
  [ -e "$from" ] || from=$here/systemd/$1.conf
  if [ "$2" = yes ]; then
    put "$file" 644 <"$from"
  elif [ -e "$file" ]; then
    rm -f -- "$file"
    rmdir --ignore-fail-on-non-empty -- "$unit.d"
    changed=yes
  fi
}

systemd() { [ -n "$root" ] || systemctl "$@"; }

install_all() {
  keep_previous_settings
  check_common_settings
  "$needed"
  settle_proxies
  local lines program_file=cachewarmer
  # The executable where the folder has one, else the bundle for the Node of this machine.
  [ -e "$folder/cachewarmerbin/cachewarmer" ] || program_file=cachewarmer.mjs
  lines=$(settings_lines) || exit
  check_node
  verify
  # shellcheck disable=SC2086
  stage_program $programs
  check_settings
  # From here on the machine is changed.
  # shellcheck disable=SC2086
  put_program $programs
  put "$settings" 600 <<<"$lines"
  put "$unit" 644 <"$here/systemd/$service"
  [ "$role" = manager ] || drop_in file-queue "$([[ ${CACHEWARMER_QUEUE:-} == sqlite:* ]] && echo yes || echo no)"
  drop_in kernel-mounts "$([[ ${CACHEWARMER_ACCESS:-} =~ ^(mount|folder)$ ]] && echo yes || echo no)"
  drop_in reserved-ports "$([ "${CACHEWARMER_RESERVED_PORTS:-0}" = 1 ] && echo yes || echo no)"
  share_queue
  [ "$role" = manager ] || drop_in azure-machine "$([ -n "${CACHEWARMER_AZURE_MACHINE:-}" ] && echo yes || echo no)"
  if has_rsyslog; then
    put "$syslog" 644 <"$here/rsyslog/$(basename -- "$syslog")"
    systemd try-restart rsyslog.service
  fi
  [ ! -d "$(dirname -- "$rotation")" ] || put "$rotation" 644 <"$here/logrotate/$(basename -- "$rotation")"
  start
}

# Its folder may be there without it.
has_rsyslog() {
  [ -d "$(dirname -- "$syslog")" ] || return 1
  [ -n "$root" ] || systemctl cat rsyslog.service >/dev/null 2>&1
}

# A group can't reach into the folder of a user that exists only while a service runs: with CACHEWARMER_GROUP it exists for good.
share_queue() {
  local file=$unit.d/group.conf queue
  if [ -z "${CACHEWARMER_GROUP:-}" ]; then
    [ ! -e "$file" ] || { rm -f -- "$file"; rmdir --ignore-fail-on-non-empty -- "$unit.d"; changed=yes; }
    return
  fi
  if [ -z "$root" ] && ! grep -q '^cachewarmer:' /etc/passwd; then
    systemctl stop cachewarmer-manager.service cachewarmer-worker.service 2>/dev/null || true
    useradd --system --gid "$CACHEWARMER_GROUP" --no-create-home --home-dir /var/lib/cachewarmer --shell /usr/sbin/nologin cachewarmer
  fi
  queue=${CACHEWARMER_QUEUE#sqlite:}
  put "$file" 644 <<TEXT
# For CACHEWARMER_GROUP: its members use the queue. SQLite gives the files beside it the mode that it has itself.
[Service]
DynamicUser=no
User=cachewarmer
Group=$CACHEWARMER_GROUP
UMask=0007
StateDirectoryMode=2770
ExecStartPre=/bin/sh -c 'umask 0117; for file in "\$0" "\$0-wal" "\$0-shm"; do [ ! -e "\$file" ] || chmod 0660 "\$file"; done; [ -e "\$0" ] || : >"\$0"' "$queue"
TEXT
}

start() {
  if [ -n "$root" ]; then
    say "installed below $root; nothing was started"
    return
  fi
  systemd daemon-reload
  systemd enable --quiet "$service"
  if [ "$changed" = no ] && systemd is-active --quiet "$service"; then
    say "$service is as it should be, and runs"
    return
  fi
  systemd restart "$service"
  # A service that can't start with its settings ends at once, and systemd would hide that.
  sleep 2
  systemd is-active --quiet "$service" ||
    give_up "$service does not stay up; journalctl -u $service says: $(journalctl --no-pager -o cat -n 3 -u "$service" 2>/dev/null)"
  say "$service runs"
}

uninstall() {
  local keep_state=$1 name other=worker
  [ "$role" = worker ] && other=manager
  if [ -e "$unit" ]; then systemd disable --quiet --now "$service" || true; fi
  rm -rf -- "$unit" "$unit.d" "$settings" "$syslog" "$rotation" "$root/var/log/cachewarmer-$role.log"*
  for name in $programs; do rm -f -- "$bin/$name" "$library/$name.mjs"; done
  systemd daemon-reload
  systemd reset-failed "$service" 2>/dev/null || true
  # The ledger, and the queue where it is a file, which manager and worker of one machine then share.
  if [ "$keep_state" = no ] && [ ! -e "$root/etc/systemd/system/cachewarmer-$other.service" ]; then
    rm -rf -- "$root/var/lib/cachewarmer" "$root/var/lib/private/cachewarmer"
  fi
  if [ "$keep_state" = no ] && [ "$role" = worker ]; then
    rm -rf -- "$root/var/lib/cachewarmer-worker" "$root/var/lib/private/cachewarmer-worker"
  fi
  # The user of CACHEWARMER_GROUP goes with the last service.
  if [ -z "$root" ] && [ ! -e "/etc/systemd/system/cachewarmer-$other.service" ] && grep -q '^cachewarmer:' /etc/passwd; then
    userdel cachewarmer || say 'the user cachewarmer could not be removed'
  fi
  for name in "$library" "$(dirname -- "$settings")"; do
    [ ! -d "$name" ] || rmdir --ignore-fail-on-non-empty -- "$name"
  done
  say "$service is gone$([ "$keep_state" = no ] || echo ", /var/lib/cachewarmer is kept")"
}

main() {
  local action=install keep_state=no argument
  for argument; do
    case $argument in
      --uninstall) action=uninstall ;;
      --keep-state) keep_state=yes ;;
      --help | -h) action=help ;;
      *) refuse "$argument is unknown; expected nothing, --uninstall, --uninstall --keep-state, or --help" ;;
    esac
  done
  [ "$action" != help ] || { usage; exit 0; }
  [ "$keep_state" = no ] || [ "$action" = uninstall ] || refuse '--keep-state belongs to --uninstall'
  [ -n "$root" ] || [ "$(id -u)" = 0 ] || refuse 'only root may install a service; run it with sudo -E'
  [ -n "$root" ] || command -v systemctl >/dev/null || refuse 'systemctl is missing: the service needs systemd'
  [ -z "$root" ] || [ -d "$root" ] || refuse "DESTDIR is '$root'; expected a folder that exists"
  if [ "$action" = uninstall ]; then uninstall "$keep_state"; else install_all; fi
}
