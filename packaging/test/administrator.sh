#!/usr/bin/env bash
# What an administrator does on a machine of their own, from the first file to the last: a root folder over this one's, with
# systemd as its first process and no network but loopback. Follows the recipe for closed networks from a release on a medium to
# the bootstrap folder on the filer, fetches that folder over NFS, installs manager and worker from it, submits a job with the installed program, and removes everything again. What was seen goes to files in $OUT, for
# administrator.test.ts to judge. Run by administrator-machine.ts, in its namespaces, with NFS_PORT, MOUNT_PORT, EXPORT
# and RELEASE, the folder of a release.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
began=$SECONDS
step() { echo "$((SECONDS - began)) s: $*" >>"$OUT/steps"; }
trap 'step "stopped at line $LINENO"' ERR

top=$OUT/machine
root=$top/root
mkdir "$top"
mount -t tmpfs tmpfs "$top"
mkdir "$top/upper" "$top/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$root"

# The medium that was carried over, and the filer's export where it is mounted for writing.
mkdir -p "$root/media/usb/release" "$root/mnt/filer"
mount --bind "$RELEASE" "$root/media/usb/release"
mount -o remount,bind,ro "$root/media/usb/release"
mount --bind "$EXPORT" "$root/mnt/filer"

# A control group of its own, so that systemd there leaves this machine's alone.
mkdir "$top/cgroup"
mount -t cgroup2 cgroup2 "$top/cgroup"
group=$top/cgroup/cachewarmer-$$
mkdir "$group"
cleanup() {
  # All processes in there end with their first process.
  [ -z "${init:-}" ] || kill -KILL "$init" || true
  [ -z "${outer:-}" ] || wait "$outer" || true
  find "$group" -depth -type d -exec rmdir {} + || true
}
trap cleanup EXIT

# The first process: sees the root folder alone, with kernel file systems of its own.
first() {
  set -euo pipefail
  root=$1
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  for name in dev/shm run tmp; do mount -t tmpfs tmpfs "$root/$name"; done
  # Nothing of what this machine starts.
  mkdir -p "$root/run/systemd/system"
  for wants in "$root"/lib/systemd/system/{sysinit,sockets,timers,local-fs,basic}.target.wants "$root"/etc/systemd/system/*.target.wants; do
    for unit in "$wants"/*; do
      case ${unit##*/} in
        systemd-journald* | '*') ;;
        *) ln -sfn /dev/null "$root/run/systemd/system/${unit##*/}" ;;
      esac
    done
  done
  cd "$root"
  mkdir run/old
  pivot_root . run/old
  umount -l /run/old
  rmdir /run/old
  exec env -i container=cachewarmer PATH="$PATH" /lib/systemd/systemd --unit=basic.target --show-status=no
}
export -f first

step 'systemd'
mkdir -p "$root/var/lib/private" "$root/mnt"
chmod 700 "$root/var/lib/private"
(
  echo "$BASHPID" >"$group/cgroup.procs"
  # shellcheck disable=SC2016
  exec unshare --mount --pid --cgroup --fork --kill-child bash -c 'first "$1"' first "$root" </dev/null >"$OUT/systemd" 2>&1
) &
outer=$!
until init=$(pgrep --parent "$outer" --full --exact '/lib/systemd/systemd.*'); do
  kill -0 "$outer"
  sleep 0.1
done
# Usage: inside COMMAND: on that machine, without anything of this one's environment.
inside() {
  nsenter --target "$init" --pid --mount --cgroup --root --wd -- env -i PATH="$PATH" HOME=/root SYSTEMD_COLORS=0 "$@"
}
until inside systemctl is-active --quiet basic.target 2>/dev/null; do sleep 0.1; done
# What was written, apart from what systemd keeps for itself.
written() {
  find "$top/upper" -mindepth 1 \( -path '*/upper/var/log/journal' -o -path '*/upper/var/lib/systemd' \) -prune -o -printf '%y %P\n' |
    LC_ALL=C sort
}
written >"$OUT/before"
ip -brief link >"$OUT/links"

step 'the recipe of the page, word by word'
inside bash -euo pipefail -s <"$OUT/recipe.sh" >"$OUT/recipe" 2>&1
inside rm -r /root/cachewarmer

step 'the bootstrap folder, over NFS'
# By a client without the kernel, as not every kernel has one.
fetched=/root/bootstrap
query="nfsport=$NFS_PORT&mountport=$MOUNT_PORT"
releases=nfs://127.0.0.11$EXPORT/tools/bootstrap/releases
# The one that current leads to: this client follows no links.
from=$releases/$(inside nfs-ls "$releases?$query" | awk '$NF !~ /^\.+$/ { print $NF }')
fetch() {
  inside mkdir -p "$(dirname "$fetched/$1")"
  inside nfs-cp "$from/$1?$query" "$fetched/$1" >>"$OUT/fetched"
}
fetch SHA256SUMS
while read -r _ name; do fetch "$name"; done <"$root$fetched/SHA256SUMS"

step 'manager and worker installed from it'
queue=sqlite:/var/lib/cachewarmer/queue.db
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab CACHEWARMER_MANAGER_OPTIONS='--fleet none' \
  bash $fetched/bootstrap.cachewarmer-manager.sh >"$OUT/install-manager" 2>&1
# As cloud-init starts it on a machine of a scale set.
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab CACHEWARMER_NFS_PORT="$NFS_PORT" CACHEWARMER_MOUNT_PORT="$MOUNT_PORT" \
  BOOTSTRAP_PATH=/root BOOTSTRAP_SCRIPT=bootstrap/bootstrap.cachewarmer-worker.sh \
  bash $fetched/bootstrap.cachewarmer-worker.sh >"$OUT/install-worker" 2>&1
services() {
  inside systemctl show --property Id,ActiveState,Result,NRestarts,ExecMainStatus cachewarmer-manager cachewarmer-worker
}
services >"$OUT/running"
for name in manager worker; do
  pid=$(inside systemctl show --property MainPID --value "cachewarmer-$name")
  inside cat "/proc/$pid/status" | grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' >"$OUT/status-$name"
done

step 'a job, with the installed program, by its old name and flags'
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab timeout 100 cachewarmer-jobsubmitter --json \
  -warmTargetMountAddresses 127.0.0.11,127.0.0.12 -warmTargetExportPath "$EXPORT" -warmTargetPath /scene -blockUntilWarm \
  >"$OUT/job" 2>"$OUT/job.err"

step 'stopped'
inside systemctl stop cachewarmer-worker cachewarmer-manager
services >"$OUT/stopped"
inside journalctl --no-pager --output json --unit cachewarmer-worker --unit cachewarmer-manager >"$OUT/journal"

step 'removed'
for name in worker manager; do
  inside bash "$fetched/bootstrap.cachewarmer-$name.sh" --uninstall >>"$OUT/uninstall" 2>&1
done
inside rm -r $fetched
written >"$OUT/after"
inside sh -c 'ls /run /run/systemd/system; ps -eo args' | grep -i cachewarmer >"$OUT/left" || true
step 'done'
