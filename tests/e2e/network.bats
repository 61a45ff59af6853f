#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A network that loses packets, or swallows all of them for a while: a real sshd and a real S3 store, in a network
# namespace with packet filter rules of its own.

load helper
load rgw
load sshd

# Not "ip netns exec", which also wants to mount, and cannot where / is no mount.
in_net() { nsenter --net="/run/netns/$netns" "$@"; }

setup_file() {
  need_root
  command -v nft >/dev/null || skip "nftables is not installed"
  export netns=hikae-test-$$
  ip netns add "$netns" || skip "cannot make a network namespace here"
  in_net ip link set lo up
  in_net nft add table inet faults
  in_net nft add chain inet faults in '{ type filter hook input priority 0; }'
  cd "$BATS_FILE_TMPDIR"
  start_sshd
  rgw_in=(nsenter --net="/run/netns/$netns")
  start_rgw
  make_large_source files 24
}

teardown_file() {
  [ -n "${netns:-}" ] || return 0
  stop_sshd
  [ ! -f "$BATS_FILE_TMPDIR/rgw.pid" ] || stop_rgw || true
  ip netns del "$netns"
}

setup() {
  cd "$BATS_TEST_TMPDIR"
  place=$PWD/repo
}

teardown() {
  in_net nft flush chain inet faults in
  [ -z "${far:-}" ] || kill "$far"
}

# start_far PORT: $far_port, where that server answers 100 ms later.
start_far() {
  # Not the function, whose shell would get the signal.
  PYTHONDONTWRITEBYTECODE=1 nsenter --net="/run/netns/$netns" python3 -c '
import sys, threading
sys.path.insert(0, sys.argv[1])
from servers import SlowLine
print(SlowLine(int(sys.argv[2]), 0.05).port, flush=True)
threading.Event().wait()' "$BATS_TEST_DIRNAME/../../bench" "$1" >far.port 2>far.err 3>&- &
  far=$!
  wait_until test -s far.port
  far_port=$(cat far.port)
}

# Instead of sshd.bash's: inside the namespace.
run_sshd() {
  in_net /usr/sbin/sshd -D -f "$sshd_dir/sshd_config" -E "$sshd_dir/log" 3>&- &
  echo $! >"$sshd_dir/pid"
  answers() { in_net bash -c "exec 4<>/dev/tcp/127.0.0.1/$sshd_port" || ! kill -0 "$(cat "$sshd_dir/pid")"; }
  wait_until answers && kill -0 "$(cat "$sshd_dir/pid")"
}

# lose PORT SHARE: so many of a hundred packets, in both directions; "all" of them.
lose() {
  local some=(numgen random mod 100 '<' "$2")
  [ "$2" != all ] || some=()
  in_net nft add rule inet faults in tcp dport "$1" "${some[@]}" counter drop
  in_net nft add rule inet faults in tcp sport "$1" "${some[@]}" counter drop
}
lost() { in_net nft list chain inet faults in | awk '/counter/ {for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1)} END {print n + 0}'; }

@test "sftp where five of a hundred packets are lost" {
  export RESTIC_REPOSITORY=sftp:nas:$place
  in_net "$HIKAE" -q init
  lose "$sshd_port" 5
  run -0 in_net "$HIKAE" backup "$BATS_FILE_TMPDIR/files"
  run -0 in_net "$HIKAE" restore latest --target out
  [ "$(lost)" -gt 10 ]
  diff -r "$BATS_FILE_TMPDIR/files" "out$BATS_FILE_TMPDIR/files"
  RESTIC_REPOSITORY=$place assert_restic_is_content
}

@test "S3 where five of a hundred packets are lost" {
  use_aws
  export RESTIC_REPOSITORY=s3:https://localhost:$TLS_PORT/lossy/x RESTIC_CACERT=$AUTHORITY
  in_net /usr/bin/aws --endpoint-url "https://localhost:$TLS_PORT" --ca-bundle "$AUTHORITY" s3 mb s3://lossy >/dev/null
  in_net "$HIKAE" -q init
  lose "$TLS_PORT" 5
  run -0 in_net "$HIKAE" backup "$BATS_FILE_TMPDIR/files"
  run -0 in_net "$HIKAE" restore latest --target out
  [ "$(lost)" -gt 10 ]
  diff -r "$BATS_FILE_TMPDIR/files" "out$BATS_FILE_TMPDIR/files"
  in_net nft flush chain inet faults in
  run -0 in_net restic --cacert "$AUTHORITY" check --read-data
  assert_says "no errors were found"
}

@test "sftp where each answer takes 100 ms and two of a hundred packets are lost" {
  start_far "$sshd_port"
  sed "s/Port $sshd_port/Port $far_port\n  HostKeyAlias [127.0.0.1]:$sshd_port/" "$HIKAE_SSH_CONFIG" >config
  export RESTIC_REPOSITORY=sftp:nas:$place
  in_net "$HIKAE" -q init
  lose "$far_port" 2
  HIKAE_SSH_CONFIG=$PWD/config run -0 in_net "$HIKAE" backup "$BATS_FILE_TMPDIR/files"
  HIKAE_SSH_CONFIG=$PWD/config run -0 in_net "$HIKAE" restore latest --target out
  [ "$(lost)" -gt 5 ]
  diff -r "$BATS_FILE_TMPDIR/files" "out$BATS_FILE_TMPDIR/files"
  RESTIC_REPOSITORY=$place assert_restic_is_content
}

@test "S3 where each answer takes 100 ms and two of a hundred packets are lost" {
  use_aws
  start_far "$TLS_PORT"
  in_net /usr/bin/aws --endpoint-url "https://localhost:$TLS_PORT" --ca-bundle "$AUTHORITY" s3 mb s3://far >/dev/null
  export RESTIC_CACERT=$AUTHORITY
  in_net "$HIKAE" -q init -r "s3:https://localhost:$TLS_PORT/far/x"
  lose "$far_port" 2
  export RESTIC_REPOSITORY=s3:https://localhost:$far_port/far/x
  run -0 in_net "$HIKAE" backup "$BATS_FILE_TMPDIR/files"
  run -0 in_net "$HIKAE" restore latest --target out
  [ "$(lost)" -gt 5 ]
  diff -r "$BATS_FILE_TMPDIR/files" "out$BATS_FILE_TMPDIR/files"
  run -0 in_net restic --cacert "$AUTHORITY" -r "s3:https://localhost:$TLS_PORT/far/x" check --read-data
  assert_says "no errors were found"
}

@test "a machine that the network cuts off midway: others go on, and so does it when the network is back" {
  mkdir small
  echo other >small/file
  export RESTIC_REPOSITORY=sftp:nas:$place
  in_net "$HIKAE" -q init
  in_net "$HIKAE" backup --pack-size 4 "$BATS_FILE_TMPDIR/files" >out 2>&1 3>&- &
  hikae=$!
  has_pack() { has_file_in "$place/data"; }
  wait_until has_pack
  lose "$sshd_port" all
  swallowed() { [ "$(lost)" -gt 8 ]; }
  wait_until swallowed
  kill -0 "$hikae"
  # The others reach the repository another way. They respect the lock, and are not held up by it.
  RESTIC_REPOSITORY=$place run -0 hikae backup --tag other "$PWD/small"
  RESTIC_REPOSITORY=$place run -11 hikae prune
  kill -0 "$hikae"
  in_net nft flush chain inet faults in
  expect_exit 0 "$hikae" || { cat out; false; }
  export RESTIC_REPOSITORY=$place
  assert_restic_is_content
  run -0 hikae restore latest --path "$BATS_FILE_TMPDIR/files" --target back
  diff -r "$BATS_FILE_TMPDIR/files" "back$BATS_FILE_TMPDIR/files"
}
