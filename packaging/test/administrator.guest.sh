#!/usr/bin/env bash
# Runs inside nfslab's guest, as its administrator: makes a bootstrap folder, which the guest's NFS server exports, boots
# systemd, mounts the folder, installs manager and worker from it, submits jobs, and removes everything again. What was
# seen goes to files in $OUT, for administrator.test.ts to judge. Usage: administrator.guest.sh RELEASE_FOLDER
set -euo pipefail
release=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
step() { echo "$(date +%T) $*" | tee -a "$OUT/steps"; }
trap 'step "stopped at line $LINENO"' ERR

step 'the bootstrap folder'
"$release/cachewarmer-manager" bootstrap --out "/nfslab$EXPORT/bootstrap" >"$OUT/bootstrap"

step 'systemd'
# Nothing of this machine's own services: rpcbind runs already, and timers are of no use here.
for wants in /lib/systemd/system/{sysinit,sockets,timers,local-fs,basic}.target.wants /etc/systemd/system/*.target.wants; do
  for unit in "$wants"/*; do
    case $(basename "$unit") in
      systemd-journald* | '*') ;;
      *) ln -sfn /dev/null "/etc/systemd/system/$(basename "$unit")" ;;
    esac
  done
done
mkdir -p /sys/fs/cgroup /var/lib/private
chmod 700 /var/lib/private
mount -t cgroup2 cgroup2 /sys/fs/cgroup
container=nfslab unshare --pid --mount --fork --kill-child --mount-proc \
  /lib/systemd/systemd --unit=basic.target --show-status=no --log-target=null </dev/null >/dev/null 2>&1 &
unshare_pid=$!
init=
while [ -z "$init" ]; do init=$(pgrep -P "$unshare_pid" || true); sleep 0.2; done
# Usage: inside COMMAND: in the machine that systemd runs, without anything of this one's environment.
inside() {
  nsenter --target "$init" --pid --mount --root --wd -- env -i PATH="$PATH" HOME=/root TERM=dumb SYSTEMD_COLORS=0 "$@"
}
until inside systemctl is-active --quiet basic.target 2>/dev/null; do sleep 0.3; done

# Everything that an installation could leave behind, apart from what systemd keeps for itself.
files() {
  inside find /etc /opt /srv /usr/local /var -xdev \( -path /var/log/journal -o -path /var/lib/systemd \) -prune -o \
    -printf '%p %y %m %l\n' | LC_ALL=C sort
  inside cat /etc/passwd /etc/group
}
files >"$OUT/before"
ip -brief link >"$OUT/links"

step 'mounted, and installed from the mount'
inside mkdir -p /mnt/bootstrap
inside mount -t nfs -o ro,vers=3,nolock,proto=tcp,mountproto=tcp "10.0.1.11:$EXPORT" /mnt/bootstrap
queue=sqlite:/var/lib/cachewarmer/queue.db
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab CACHEWARMER_MANAGER_OPTIONS='--fleet none' \
  /mnt/bootstrap/bootstrap/bootstrap.cachewarmer-manager.sh >"$OUT/install-manager" 2>&1
# As cloud-init starts it on a machine of a scale set.
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab BOOTSTRAP_PATH=/mnt/bootstrap \
  BOOTSTRAP_SCRIPT=bootstrap/bootstrap.cachewarmer-worker.sh \
  /bin/bash /mnt/bootstrap/bootstrap/bootstrap.cachewarmer-worker.sh >"$OUT/install-worker" 2>&1
services() {
  inside systemctl show --property Id,ActiveState,SubState,Result,NRestarts,ExecMainStatus \
    cachewarmer-manager cachewarmer-worker
}
services >"$OUT/running"
for name in manager worker; do
  pid=$(inside systemctl show --property MainPID --value "cachewarmer-$name")
  inside cat "/proc/$pid/status" | grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' >"$OUT/status-$name"
done

step 'a job, with the installed program, by its old name and flags'
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab timeout 100 cachewarmer-jobsubmitter --json \
  -warmTargetMountAddresses "$ADDRESSES" -warmTargetExportPath "$EXPORT" -warmTargetPath /scene -blockUntilWarm \
  >"$OUT/job-direct" 2>"$OUT/job-direct.err"

step 'installed once more'
inside /mnt/bootstrap/bootstrap/bootstrap.cachewarmer-worker.sh >"$OUT/install-again" 2>&1

step 'kernel mounts'
inside env CACHEWARMER_ACCESS=mount /mnt/bootstrap/bootstrap/bootstrap.cachewarmer-worker.sh >"$OUT/install-mounts" 2>&1
inside env CACHEWARMER_QUEUE=$queue QUEUE_PREFIX=lab timeout 100 cachewarmer-submit --json --wait \
  --addresses "$ADDRESSES" --export "$EXPORT" --path /scene >"$OUT/job-mounts" 2>"$OUT/job-mounts.err"

step 'stopped'
began=$(date +%s%N)
inside systemctl stop cachewarmer-worker cachewarmer-manager
echo "$((($(date +%s%N) - began) / 1000000))" >"$OUT/stop-ms"
services >"$OUT/stopped"
inside journalctl --no-pager --output json --unit cachewarmer-worker --unit cachewarmer-manager >"$OUT/journal"
inside systemctl start cachewarmer-worker cachewarmer-manager

step 'a wrong setting'
for name in manager worker; do
  inside env QUEUE_PREFIX=Not_Right "/mnt/bootstrap/bootstrap/bootstrap.cachewarmer-$name.sh" \
    >>"$OUT/wrong" 2>&1 && step 'taken!' || echo "exit $?" >>"$OUT/wrong"
done

step 'removed'
for name in worker manager; do
  inside "/mnt/bootstrap/bootstrap/bootstrap.cachewarmer-$name.sh" --uninstall >>"$OUT/uninstall" 2>&1
done
inside umount /mnt/bootstrap
inside rmdir /mnt/bootstrap
files >"$OUT/after"
inside sh -c 'ls /run/systemd/units; cat /proc/mounts; ps -eo args' | grep -i cachewarmer >"$OUT/left" || true
step 'done'
kill -9 "$init" || true
