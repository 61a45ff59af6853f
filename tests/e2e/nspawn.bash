# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A system with its own init and systemd: ROOT, booted in a container without network, that systemd-machined need not know.

# why_no_container: nothing, or the reason.
why_no_container() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "needs root"
  elif ! command -v systemd-nspawn >/dev/null; then
    echo "systemd-nspawn is not installed (scripts/setup test)"
  elif ! unshare --mount --uts --ipc --net --pid --cgroup --fork mount -t tmpfs tmpfs /mnt 2>/dev/null; then
    echo "cannot make a container here"
  fi
}

# patiently COMMAND…: waits until it succeeds, minutes where the machine is busy.
patiently() {
  local end=$((SECONDS + 120))
  until "$@" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || {
      echo "in vain: $*"
      return 1
    }
    sleep 0.1
  done
}

boot_container() {
  CONTAINER=$BATS_FILE_TMPDIR/container
  export CONTAINER
  # Not its first boot, which would ask questions.
  tr -d - </proc/sys/kernel/random/uuid >"$ROOT/etc/machine-id"
  # Whatever kills the tests ends it, too.
  setpriv --pdeathsig TERM systemd-nspawn --quiet --directory="$ROOT" --boot --register=no --keep-unit --private-network --console=pipe \
    --kill-signal=SIGKILL >"$CONTAINER.log" 2>&1 </dev/null 3>&- &
  echo $! >"$CONTAINER.pid"
  patiently is_booted || {
    cat "$CONTAINER.log"
    return 1
  }
}

is_booted() {
  kill -0 "$(cat "$CONTAINER.pid")" || return
  pgrep -P "$(cat "$CONTAINER.pid")" >"$CONTAINER.init" || return
  case $(inside systemctl is-system-running) in
    running | degraded) ;;
    *) return 1 ;;
  esac
}

# inside COMMAND…: as root of that system.
inside() {
  nsenter -t "$(head -n 1 "$CONTAINER.init")" -a \
    /usr/bin/env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

# Its processes, mounts and network end with its init; its files go.
stop_container() {
  local pid
  [ -f "$CONTAINER.pid" ] || return 0
  pid=$(cat "$CONTAINER.pid")
  kill -TERM "$pid" 2>/dev/null || true
  patiently has_no_process "$pid" || kill -KILL "$pid"
  if [ -s "$CONTAINER.init" ]; then kill -KILL "$(head -n 1 "$CONTAINER.init")" 2>/dev/null || true; fi
  rm -rf "$ROOT"
}

has_no_process() { ! kill -0 "$1" 2>/dev/null; }
