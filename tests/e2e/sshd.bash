# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets the rest
# A real sshd on a free port for one .bats file, which the ssh_config $HIKAE_SSH_CONFIG calls "nas".

start_sshd() {
  sshd_dir=$BATS_FILE_TMPDIR/sshd
  mkdir -p "$sshd_dir" /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$sshd_dir/host_key"
  ssh-keygen -q -t ed25519 -N '' -f "$sshd_dir/user_key"
  local attempt
  for ((attempt = 0; attempt < 20; attempt++)); do
    sshd_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    write_sshd_config
    run_sshd && break
  done
  echo "[127.0.0.1]:$sshd_port $(cut -d ' ' -f 1,2 "$sshd_dir/host_key.pub")" >"$sshd_dir/known_hosts"
  cat >"$sshd_dir/ssh_config" <<CONFIG
Host nas
  HostName 127.0.0.1
  Port $sshd_port
  User $(id -un)
  IdentityFile $sshd_dir/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $sshd_dir/known_hosts
  GlobalKnownHostsFile /dev/null
CONFIG
  export HIKAE_SSH_CONFIG=$sshd_dir/ssh_config sshd_dir sshd_port
}

write_sshd_config() {
  cat >"$sshd_dir/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$sshd_port
HostKey $sshd_dir/host_key
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
AuthorizedKeysFile $sshd_dir/user_key.pub
Subsystem sftp internal-sftp
CONFIG
}

# Returns once it listens.
run_sshd() {
  /usr/sbin/sshd -D -f "$sshd_dir/sshd_config" -E "$sshd_dir/log" 3>&- &
  echo $! >"$sshd_dir/pid"
  answers() { (exec 4<>"/dev/tcp/127.0.0.1/$sshd_port") || ! kill -0 "$(cat "$sshd_dir/pid")"; }
  wait_until answers && kill -0 "$(cat "$sshd_dir/pid")"
}

# children_of PID: it and all processes below.
family_of() {
  local child
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do family_of "$child"; done
  echo "$1"
}

stop_sshd() {
  local pid
  [ -f "$BATS_FILE_TMPDIR/sshd/pid" ] || return 0
  for pid in $(family_of "$(cat "$BATS_FILE_TMPDIR/sshd/pid")"); do kill -9 "$pid" 2>/dev/null || true; done
}

# Stock restic on the same place.
restic_over_sftp() {
  restic --no-cache -o sftp.command="ssh -F $HIKAE_SSH_CONFIG nas -s sftp" -r "sftp:nas:$1" "${@:2}"
}
