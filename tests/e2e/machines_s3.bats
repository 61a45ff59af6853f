#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# Many machines and one repository in a real S3 store. Each machine is a network namespace with a cable of its own to
# the store's, which can be pulled.

load helper
load rgw

machines=(one two three four pruner killed cut stock fed)

# ip_in MACHINE ARGUMENTS…; not "ip -n", which also wants to mount, and cannot where / is no mount.
ip_in() { nsenter --net="/run/netns/$net-$1" ip "${@:2}"; }

setup_file() {
  need_root
  command -v nft >/dev/null || skip "nftables is not installed"
  export net=hikae$$ rgw_address=10.211.0.1
  ip netns add "$net-store" || skip "cannot make network namespaces here"
  ip_in store link set lo up
  ip_in store addr add "$rgw_address/32" dev lo
  local i=1 name
  for name in "${machines[@]}"; do
    ip netns add "$net-$name"
    ip_in store link add "to-$name" type veth peer name eth0 netns "$net-$name" || skip "no virtual cables here"
    ip_in store addr add "10.211.$i.1/24" dev "to-$name"
    ip_in store link set "to-$name" up
    ip_in "$name" addr add "10.211.$i.2/24" dev eth0
    ip_in "$name" link set eth0 up
    ip_in "$name" link set lo up
    ip_in "$name" route add default via "10.211.$i.1"
    i=$((i + 1))
  done
  # Their lines are slow, so that there is a middle of their backups.
  for name in killed cut; do
    nsenter --net="/run/netns/$net-$name" nft -f - <<END
table inet slow {
  chain out { type filter hook output priority 0; oif eth0 limit rate over 2 mbytes/second burst 500 kbytes drop; }
}
END
  done
  cd "$BATS_FILE_TMPDIR"
  rgw_in=(nsenter --net="/run/netns/$net-store")
  start_rgw
}

teardown_file() {
  [ ! -f "$BATS_FILE_TMPDIR/rgw.pid" ] || stop_rgw || true
  local name
  for name in "${machines[@]}" store; do ip netns del "$net-$name" 2>/dev/null || true; done
}

setup() {
  cd "$BATS_TEST_TMPDIR"
  use_aws
  export RESTIC_REPOSITORY=s3:https://$rgw_address:$TLS_PORT/shared/repo RESTIC_CACERT=$AUTHORITY
}

teardown() {
  local name
  ip_in store link set to-cut up
  # Of a test that failed: also one that stands still.
  for name in "${machines[@]}"; do ip netns pids "$net-$name" | xargs -r kill -KILL; done
}

# on NAME COMMAND…: as the machine of that name.
on() {
  nsenter --net="/run/netns/$net-$1" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$@"
}

# The keys of the store's objects below $1, by its own command line.
objects() {
  on one /usr/bin/aws --endpoint-url "https://$rgw_address:$TLS_PORT" --ca-bundle "$AUTHORITY" \
    s3 ls --recursive "s3://shared/repo/$1"
}
has_more_packs_than() { [ "$(objects data | wc -l)" -gt "$1" ]; }

make_machine() {
  mkdir -p "machines/$1"
  cp shared-data "machines/$1/shared"
  head -c 3000000 /dev/urandom >"machines/$1/own"
}

back_up() { on "$1" "$HIKAE" -q backup --pack-size 4 --retry-lock 5m "$BATS_TEST_TMPDIR/machines/$1"; }

@test "four machines back up at once while one prunes and restic works; one is killed, and one is cut off for a while" {
  local host
  head -c 2000000 /dev/urandom >shared-data
  for host in one two three four pruner killed cut; do make_machine "$host"; done
  make_large_source machines/killed/large 48
  make_large_source machines/cut/large 48
  on one /usr/bin/aws --endpoint-url "https://$rgw_address:$TLS_PORT" --ca-bundle "$AUTHORITY" s3 mb s3://shared >/dev/null
  # What the prune has to do: a generation that is forgotten, of which part is still used. A store may list late, so that
  # a prune spares what is younger than half an hour: it was stored by a gateway whose clock was behind.
  kill_gateway
  start_gateway -40m
  on pruner "$HIKAE" -q init
  back_up pruner
  head -c 3000000 /dev/urandom >machines/pruner/own
  back_up pruner
  on pruner "$HIKAE" -q forget --host pruner --keep-last 1
  kill_gateway
  start_gateway
  packs_now() { objects data | awk '{print $4}' | sort; }
  packs_now >old-packs

  # Two machines in the middle of a backup: one stands still, to die later; the other's cable is pulled.
  local packs killed cut
  packs=$(objects data | wc -l)
  on killed "$HIKAE" -q backup --pack-size 4 "$BATS_TEST_TMPDIR/machines/killed" >killed.out 2>&1 3>&- &
  wait_until has_more_packs_than "$packs"
  # With its folder: another suite has machines of the same names.
  killed=$(pgrep -f "^$HIKAE.*$BATS_TEST_TMPDIR/machines/killed")
  kill -STOP "$killed"
  packs=$(objects data | wc -l)
  on cut "$HIKAE" -q backup --pack-size 4 --retry-lock 5m "$BATS_TEST_TMPDIR/machines/cut" >cut.out 2>&1 3>&- &
  cut=$!
  wait_until has_more_packs_than "$packs"
  ip_in store link set to-cut down
  kill -0 "$cut"

  # A restic backup that begins before the plan and ends after it: it waits for its input.
  mkfifo feed
  on fed restic --cacert "$AUTHORITY" backup -q --stdin --stdin-filename fed --host fed <feed >fed.out 2>&1 3>&- &
  local fed=$!
  exec 9>feed
  locks_of_restic() { on one restic --cacert "$AUTHORITY" list locks --no-lock -q | wc -l; }
  three_locks() { [ "$(locks_of_restic)" -ge 3 ]; }
  wait_until three_locks

  on pruner "$HIKAE" prune --max-unused 0 --pack-size 4 --retry-lock 5m >prune.out 2>&1 9>&- 3>&- &
  local prune=$! pids=() pid
  for host in one two three four; do
    back_up "$host" >"$host.out" 2>&1 9>&- 3>&- &
    pids+=($!)
  done
  patient_restic() {
    local tries
    for tries in $(seq 1 100); do on stock restic --cacert "$AUTHORITY" "$@" && return 0; sleep 0.2; done
    return 1
  }
  patient_restic backup -q --host stock "$BATS_TEST_TMPDIR/machines/one" >stock.out 2>&1 9>&- 3>&- &
  pids+=($!)
  for pid in "${pids[@]}"; do expect_exit 0 "$pid"; done
  # The cable is put back; nobody has to begin anew.
  ip_in store link set to-cut up
  expect_exit 0 "$cut" || { cat cut.out; false; }
  # The prune has not deleted yet: the first restic backup is still there.
  kill -0 "$prune"
  [ -z "$(comm -23 old-packs <(packs_now))" ]
  kill -KILL "$killed"
  head -c 500000 machines/two/own >fed-data
  cat fed-data >&9
  exec 9>&-
  expect_exit 0 "$fed" || { cat fed.out; false; }
  expect_exit 0 "$prune" || { cat prune.out; false; }
  # What only the forgotten generation had is gone; what is young stays: also what the unfinished backups had stored.
  output=$(cat prune.out)
  assert_says "not needed yet"
  refute_says "Frees 0 B"
  [ -n "$(comm -23 old-packs <(packs_now))" ]

  # The dead one's lock stops nobody, and goes with the first who looks.
  on pruner "$HIKAE" unlock
  [ -z "$(objects locks/)" ]
  on one restic --cacert "$AUTHORITY" check -q --read-data
  for host in one two three four pruner cut; do
    rm -rf out
    on one "$HIKAE" -q restore latest --host "$host" --target "$BATS_TEST_TMPDIR/out"
    diff -r "machines/$host" "out$BATS_TEST_TMPDIR/machines/$host"
  done
  on one restic --cacert "$AUTHORITY" dump -q latest --host fed fed | cmp - fed-data
  on one restic --cacert "$AUTHORITY" restore -q latest --host stock --target stock-out
  diff -r machines/one "stock-out$BATS_TEST_TMPDIR/machines/one"
}
