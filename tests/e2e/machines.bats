#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many machines back up into one repository while one of them prunes and stock restic works there too.

load helper

setup_file() { make_base; }
setup() { use_base; }

# on_host NAME COMMAND… &: as a machine of that name with a network of its own. $! is the command itself.
on_host() {
  local name=$1
  shift
  exec unshare --uts --net sh -c 'hostname "$0" && exec "$@"' "$name" "$@"
}

# Ordinary programs that find the repository locked wait a little and try again; so does restic here.
patient_restic() {
  local tries
  for tries in $(seq 1 200); do
    restic "$@" && return 0
    sleep 0.2
  done
  echo "restic $1 did not get through in $tries attempts"
  return 1
}

# Shared and private data, so that blobs are shared and packs differ.
make_machine() {
  local host=$1
  mkdir -p "machines/$host"
  cp shared-data "machines/$host/shared"
  head -c 3000000 /dev/urandom >"machines/$host/own"
}

# Every snapshot of the repository restores, byte by byte what was backed up.
assert_all_restore() {
  local host
  for host in "$@"; do
    rm -rf out
    hikae restore latest --host "$host" --target out || return 1
    diff -r "machines/$host" "out$BATS_TEST_TMPDIR/machines/$host" || return 1
  done
}

@test "four machines back up at once, a fifth prunes, restic backs up, one is killed" {
  need_root
  head -c 2000000 /dev/urandom >shared-data
  for host in one two three four killed pruner; do make_machine "$host"; done
  make_large_source machines/killed/large 48
  # What the prune has to do: a generation that is forgotten, of which part is still used.
  "$HIKAE" -q backup "$BATS_TEST_TMPDIR/machines/pruner" --host pruner --pack-size 4
  head -c 3000000 /dev/urandom >machines/pruner/own
  "$HIKAE" -q backup "$BATS_TEST_TMPDIR/machines/pruner" --host pruner --pack-size 4
  "$HIKAE" -q forget --host pruner --keep-last 1
  before=$(find "$repo/data" -type f | wc -l)
  # Midway through its backup, and holding its lock, this machine stands still, to die later.
  on_host killed "$HIKAE" -q backup --pack-size 4 "$BATS_TEST_TMPDIR/machines/killed" >killed.out 2>&1 3>&- &
  killed=$!
  more_packs() { [ "$(find "$repo/data" -type f | wc -l)" -gt "$before" ]; }
  wait_until more_packs
  kill -STOP "$killed"

  # A restic backup that begins before the plan and ends after it: it waits for its input.
  mkfifo feed
  restic backup -q --stdin --stdin-filename fed --host fed <feed 3>&- &
  fed=$!
  exec 9>feed
  wait_until has_file_in "$repo/locks"

  on_host pruner "$HIKAE" prune --max-unused 0 --pack-size 4 --retry-lock 5m >prune.out 2>&1 9>&- 3>&- &
  prune=$!
  pids=()
  for host in one two three four; do
    on_host "$host" "$HIKAE" -q backup --pack-size 4 --retry-lock 5m "$BATS_TEST_TMPDIR/machines/$host" \
      >"$host.out" 2>&1 9>&- 3>&- &
    pids+=($!)
  done
  patient_restic backup -q --host stock "$BATS_TEST_TMPDIR/machines/one" >stock.out 2>&1 9>&- 3>&- &
  pids+=($!)

  for pid in "${pids[@]}"; do expect_exit 0 "$pid"; done
  # The prune has not deleted yet: the first restic backup is still there.
  kill -0 "$prune"
  head -c 500000 machines/two/own >fed-data
  kill -KILL "$killed"
  expect_exit 137 "$killed"
  cat fed-data >&9
  exec 9>&-
  expect_exit 0 "$fed"
  expect_exit 0 "$prune" || { cat prune.out; false; }

  # No lock is left but the dead one's, at most, and that one stops nobody.
  run -0 hikae prune --max-unused 0 --pack-size 4
  [ -z "$(ls "$repo/locks")" ]
  assert_restic_is_content
  assert_all_restore one two three four pruner
  restic dump -q latest --host fed fed | cmp - fed-data
  restic restore -q latest --host stock --target stock-out
  diff -r machines/one "stock-out$BATS_TEST_TMPDIR/machines/one"
  assert_restores first
  assert_restores second
  # The shared data lies there once, though five machines have it: 2 MB, and 3 MB of each. What the killed one had
  # not finished has no name yet, and goes when it is a day old.
  size=$(find "$repo/data" -type f ! -name '*tmp*' -printf '%s\n' | awk '{s += $1} END {print s}')
  [ "$size" -lt 20000000 ]
}

@test "a snapshot made while a prune waits keeps what it needs" {
  mkdir work
  echo stays >work/stays
  head -c 1000000 /dev/urandom >work/data
  cp work/data kept
  hikae -q backup --tag old "$BATS_TEST_TMPDIR/work"
  rm work/data
  hikae -q backup --tag old "$BATS_TEST_TMPDIR/work"
  hikae -q forget --tag old --keep-last 1
  # Its lock holds the prune back between plan and removal.
  mkfifo feed
  restic backup -q --stdin --stdin-filename fed <feed 3>&- &
  fed=$!
  exec 9>feed
  wait_until has_file_in "$repo/locks"
  "$HIKAE" prune --max-unused 0 --retry-lock 5m >prune.out 2>&1 9>&- 3>&- &
  prune=$!
  waits() { grep -q "locked by process $fed" prune.out; }
  wait_until waits
  # Relies on blobs that no snapshot needed when the prune was planned.
  mv kept work/data
  run -0 hikae backup --json --tag new "$BATS_TEST_TMPDIR/work"
  assert_says '"data_blobs":0'
  echo fed >&9
  exec 9>&-
  expect_exit 0 "$fed"
  expect_exit 0 "$prune"
  output=$(cat prune.out)
  assert_says "1 pack" "stays after all" "snapshots made meanwhile need it"
  assert_restic_is_content
  run -0 hikae restore latest --tag new --target out
  cmp "out$BATS_TEST_TMPDIR/work/data" work/data
}

@test "a prune that is killed between its halves, and one that waits in vain" {
  make_large_source source 16
  hikae -q backup --tag large --pack-size 4 "$BATS_TEST_TMPDIR/source"
  rm -f source/file?
  hikae -q backup --tag large --pack-size 4 "$BATS_TEST_TMPDIR/source"
  hikae -q forget --tag large --keep-last 1
  mkfifo feed
  restic backup -q --stdin --stdin-filename fed <feed 3>&- &
  fed=$!
  exec 9>feed
  wait_until has_file_in "$repo/locks"
  "$HIKAE" prune --max-unused 0 --pack-size 4 --retry-lock 5m >prune.out 2>&1 9>&- 3>&- &
  prune=$!
  waits() { grep -q "locked by process $fed" prune.out; }
  wait_until waits
  # It has moved blobs, and holds no lock while it waits; a backup goes through.
  run -0 hikae backup --tag other "$first"
  kill -KILL "$prune"
  expect_exit 137 "$prune"
  echo fed >&9
  exec 9>&-
  expect_exit 0 "$fed"
  assert_restic_is_content
  run -0 hikae prune --max-unused 0 --pack-size 4
  assert_restic_is_content
  run -0 hikae restore latest --tag large --target out
  diff -r source "out$BATS_TEST_TMPDIR/source"
}

@test "a forget with a long prune lets others in after a moment" {
  mkdir work
  head -c 6000000 /dev/urandom >work/stays
  head -c 6000000 /dev/urandom >work/goes
  hikae -q backup --tag old "$BATS_TEST_TMPDIR/work"
  rm work/goes
  hikae -q backup --tag old "$BATS_TEST_TMPDIR/work"
  echo "$RESTIC_PASSWORD" >password
  chmod 600 password
  # 6 MB take this line twelve seconds.
  cat >policy.yaml <<END
version: 1
name: test
timezone: UTC
sources: {work: {files: [$PWD/work]}}
destinations: {nas: {url: $repo, limit_upload: 500K}}
encryption: {password: {file: $PWD/password}}
END
  env -u RESTIC_REPOSITORY "$HIKAE" --policy policy.yaml forget -d nas --tag old --keep-last 1 --prune --max-unused 0 \
    >forget.out 2>&1 3>&- &
  forget=$!
  # Looked at afterwards: to read one takes longer than the first of them stands.
  mkdir seen
  while kill -0 "$forget" 2>/dev/null; do
    find "$repo/locks" -type f -regextype posix-extended -regex '.*/[0-9a-f]{64}' -exec cp -n {} seen/ ';' 2>/dev/null || true
    sleep 0.01
  done 3>&- &
  recorder=$!
  # The exclusive lock, and the shared one that has replaced it.
  shared() { [ "$(find seen -type f | wc -l)" -ge 2 ]; }
  wait_until shared
  kill -0 "$forget"
  echo new >work/new
  run -0 hikae backup --tag new "$BATS_TEST_TMPDIR/work"
  kill -0 "$forget"
  expect_exit 0 "$forget" || { cat forget.out; false; }
  wait "$recorder"
  assert_restic_is_content
  cp -a "$repo" with-locks
  cp seen/* with-locks/locks/
  for lock in seen/*; do restic -r with-locks cat lock --no-lock "${lock##*/}"; done >locks.json
  grep -q '"exclusive": *true' locks.json
  grep -q '"exclusive": *false' locks.json
  run -0 hikae restore latest --tag new --target out
  diff -r work "out$BATS_TEST_TMPDIR/work"
  [ "$(find "$repo/data" -type f -size +9000k | wc -l)" -eq 0 ]
}
