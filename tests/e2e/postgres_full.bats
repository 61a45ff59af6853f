#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# PostgreSQL and disks that fill up in the middle: of a destination during a dump, of the place and of the server during a restore.

load helper
load postgres

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  start_cluster live
  sql live postgres "CREATE DATABASE shop"
  # Some 80 MB that no compression makes much smaller.
  sql live shop "CREATE TABLE noise AS SELECT n, (SELECT string_agg(md5(random()::text || n || m), '') FROM generate_series(1, 60) m) t
    FROM generate_series(1, 40000) n; CHECKPOINT"
}
teardown_file() { stop_cluster live immediate; }

setup() {
  need_root
  cd "$BATS_TEST_TMPDIR" || return
  chmod 755 "$BATS_TEST_TMPDIR"
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_PASSWORD
  (umask 077 && echo correct-horse >password)
}
teardown() {
  [ ! -f "$BATS_FILE_TMPDIR/small/data/postmaster.pid" ] || stop_cluster small immediate
  unmount_all
}

# write_policy METHODS: with the destinations "store", and "other" if that is a folder.
write_policy() {
  {
    printf '%s\n' "version: 1" "name: demo" "timezone: Asia/Tokyo" "sources:" "  database:" \
      "    postgres: {data_directory: $BATS_FILE_TMPDIR/live/data, databases: [shop], method: [$1]}" \
      "destinations:" "  store: {url: $BATS_TEST_TMPDIR/store/repository}"
    [ ! -d other ] || echo "  other: {url: $BATS_TEST_TMPDIR/other/repository}"
    printf '%s\n' "encryption:" "  password: {file: $BATS_TEST_TMPDIR/password}" "schedule: {backup: daily 02:00}"
  } >"$HIKAE_POLICY"
  hikae -q init
}

# Neither program nor session of a backup, nor what it keeps at the server.
assert_nothing_goes_on() {
  gone() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'hikae%' OR application_name LIKE 'pg_dump%'")" = 0 ]; }
  wait_until gone
  [ "$(sql live postgres "SELECT count(*) FROM pg_replication_slots")" = 0 ]
  [ -z "$(ls "$1/repository/locks")" ]
  [ -z "$(find "$1" -name '*tmp*')" ]
}

@test "a destination that fills up during a backup: no snapshot, the reason, nothing goes on; with more room the next run completes" {
  mount_tmpfs "$PWD/store" size=20m
  local method
  for method in logical physical; do
    write_policy "$method"
    run -1 hikae run
    assert_says "No space left on device" "Free space on the file system of $PWD/store"
    [ "$(snapshot_count)" = 0 ]
    assert_nothing_goes_on "$PWD/store"
  done
  mount -o remount,size=400m "$PWD/store"
  run -0 hikae run
  [ "$(snapshot_count)" = 1 ]
  run -0 hikae check -d store --read-data
}

@test "one destination of two fills up: the dump goes to the other, and the run is partial" {
  mount_tmpfs "$PWD/store" size=20m
  mkdir other
  write_policy logical
  run -3 hikae run
  assert_says "No space left on device"
  [ "$(snapshot_count)" = 0 ]
  [ "$(hikae snapshots -d other --json | json 'len(j)')" = 1 ]
  run -0 hikae check -d other --read-data
  assert_nothing_goes_on "$PWD/store"
}

@test "a target that fills up while a cluster is restored is emptied again; the same command works once there is room" {
  write_policy physical
  hikae -q run
  mount_tmpfs "$PWD/small" size=60m
  mkdir small/data
  run -1 hikae postgres restore --source database --target small/data
  assert_says "No space left on device" "was removed again" "Make room"
  refute_says "--overwrite"
  [ -z "$(ls -A small/data)" ]
  run -1 hikae postgres restore --source database --target small/new
  [ ! -e small/new ]
  mount -o remount,size=400m "$PWD/small"
  run -0 hikae postgres restore --source database --target small/data
  chown postgres: small
  as_postgres pg_verifybackup -q "$PWD/small/data"
}

@test "a server whose disk fills up while a database is restored: the reason, and the database is dropped" {
  write_policy logical
  hikae -q run
  start_cluster small
  stop_cluster small
  # Only what databases hold lies on the small disk: a server without room for WAL goes down.
  mv "$BATS_FILE_TMPDIR/small/data/base" "$BATS_FILE_TMPDIR/small/base"
  mount_tmpfs "$BATS_FILE_TMPDIR/small/data/base" size=64m,mode=700
  cp -a "$BATS_FILE_TMPDIR/small/base/." "$BATS_FILE_TMPDIR/small/data/base"
  chown postgres: "$BATS_FILE_TMPDIR/small/data/base"
  run_cluster small
  mkdir dumps
  run -1 hikae postgres restore --source database --database shop --host "$BATS_FILE_TMPDIR/small" --port 54322 \
    --temporary "$PWD/dumps"
  assert_says "restoring the database shop" "No space left on device"
  [ "$(sql small postgres "SELECT count(*) FROM pg_database WHERE datname = 'shop'")" = 0 ]
  [ -z "$(ls dumps)" ]
  mount -o remount,size=400m "$BATS_FILE_TMPDIR/small/data/base"
  run -0 hikae postgres restore --source database --database shop --host "$BATS_FILE_TMPDIR/small" --port 54322 --verify
}

@test "a server that goes down for want of space while a database is restored: with room for it, the same command works" {
  write_policy logical
  hikae -q run
  mount_tmpfs "$BATS_FILE_TMPDIR/small" size=110m
  start_cluster small "min_wal_size = 32MB" "max_wal_size = 32MB" "wal_recycle = off"
  mkdir dumps
  run -1 hikae postgres restore --source database --database shop --host "$BATS_FILE_TMPDIR/small" --port 54322 \
    --temporary "$PWD/dumps"
  assert_says "restoring the database shop"
  [ -z "$(ls dumps)" ]
  mount -o remount,size=600m "$BATS_FILE_TMPDIR/small"
  pg small pg_ctl -D "$BATS_FILE_TMPDIR/small/data" status >/dev/null || run_cluster small
  answers() { sql small postgres "SELECT 1"; }
  wait_until answers
  run -0 hikae postgres restore --source database --database shop --host "$BATS_FILE_TMPDIR/small" --port 54322 --verify
  assert_says "every table has as many rows"
  [ -z "$(sql small postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop'")" ]
}

@test "a folder for the dump that is too small is refused before anything is made" {
  write_policy logical
  hikae -q run
  mount_tmpfs "$PWD/temporary" size=20m
  run -1 hikae postgres restore --source database --database shop=again --temporary "$PWD/temporary"
  assert_says "are needed for the largest dump" "--temporary"
  [ -z "$(ls -A temporary)" ]
  [ "$(sql live postgres "SELECT count(*) FROM pg_database WHERE datname = 'again'")" = 0 ]
}
