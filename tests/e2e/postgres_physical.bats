#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# PostgreSQL: physical backups of a server that is written to, from a standby too, and the way back by hikae and by restic.

load helper
load postgres

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  start_cluster live
  install -d -o postgres -g postgres -m 700 "$BATS_FILE_TMPDIR/live/fast disk"
  sql live postgres "CREATE TABLESPACE fast LOCATION '$BATS_FILE_TMPDIR/live/fast disk'"
  sql live postgres "CREATE DATABASE shop"
  pg live pgbench -q -i -s 3 shop 2>/dev/null
  sql live shop "CREATE TABLE elsewhere TABLESPACE fast AS SELECT n, '売上' || n AS t FROM generate_series(1, 2000) n"
}
teardown_file() {
  local name
  for name in live standby; do stop_cluster "$name" immediate; done
}

setup() {
  need_root
  cd "$BATS_TEST_TMPDIR" || return
  chmod 755 "$BATS_TEST_TMPDIR"
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_PASSWORD
  (umask 077 && echo correct-horse >password)
}
teardown() {
  stop_pgbench || true
  [ ! -d copy ] || as_postgres pg_ctl -D "$BATS_TEST_TMPDIR/copy/data" -m immediate -s stop 2>/dev/null || true
}

# write_policy CLUSTER METHODS
write_policy() {
  cat >"$HIKAE_POLICY" <<END
version: 1
name: demo
timezone: Asia/Tokyo
sources:
  database:
    postgres: {data_directory: $BATS_FILE_TMPDIR/$1/data, method: [$2]}
destinations:
  store: {url: $BATS_TEST_TMPDIR/store}
encryption:
  password: {file: $BATS_TEST_TMPDIR/password}
schedule: {backup: daily 02:00}
END
  hikae -q init
}

# The copy in copy/data, with its socket in copy/.
start_copy() {
  chown postgres: copy
  as_postgres pg_ctl -D "$BATS_TEST_TMPDIR/copy/data" -l "$BATS_TEST_TMPDIR/copy/data/log" -w -t 60 -s \
    -o "-c unix_socket_directories=$BATS_TEST_TMPDIR/copy" start 3>&-
}
stop_copy() { as_postgres pg_ctl -D "$BATS_TEST_TMPDIR/copy/data" -m fast -w -s stop; }
copy_sql() { as_postgres env PGHOST="$BATS_TEST_TMPDIR/copy" PGPORT=54322 psql -XAtq -d shop -c "$1"; }

# What holds of every state that pgbench leaves.
invariant="SELECT (SELECT sum(abalance) FROM pgbench_accounts) = s AND (SELECT sum(bbalance) FROM pgbench_branches) = s
  AND (SELECT sum(tbalance) FROM pgbench_tellers) = s FROM (SELECT coalesce(sum(delta), 0) AS s FROM pgbench_history) h"

@test "a backup while pgbench writes: restored by hikae and by restic, verified, started, consistent" {
  write_policy live physical
  start_pgbench
  hikae run
  stop_pgbench

  mkdir copy
  chown postgres: copy
  run hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=copy/fast"
  [ "$status" -eq 0 ]
  [[ $output == *"files are as the server's manifest says"* ]]
  as_postgres pg_verifybackup -q "$BATS_TEST_TMPDIR/copy/data"
  [ "$(stat -c %U:%a copy/data)" = postgres:700 ]
  [ "$(readlink copy/data/pg_tblspc/*)" = "$BATS_TEST_TMPDIR/copy/fast" ]
  start_copy
  [ "$(copy_sql "$invariant")" = t ]
  [ "$(copy_sql "SELECT count(*) FROM elsewhere")" = 2000 ]
  stop_copy
  rm -r copy

  # As the manual says it.
  export RESTIC_REPOSITORY=$BATS_TEST_TMPDIR/store RESTIC_PASSWORD_FILE=password
  restic -q --no-cache check --read-data
  mkdir copy
  restic -q --no-cache restore latest --tag hikae:source=database --include /postgres/physical --target r
  mv r/postgres/physical/* copy/
  chown postgres: copy
  as_postgres pg_verifybackup -q "$BATS_TEST_TMPDIR/copy/data"
  start_copy
  [ "$(copy_sql "$invariant")" = t ]
  [ "$(copy_sql "SELECT count(*) FROM elsewhere")" = 2000 ]
}

@test "both methods in one generation; the copy is equal to the server, and a second backup stores little" {
  write_policy live "logical, physical"
  hikae run
  # In a database as small as this one most of it is WAL.
  first=$(du -sb store | cut -f1)
  sql live shop "UPDATE pgbench_accounts SET abalance = abalance WHERE aid = 1"
  hikae run
  whole_of live --no-tablespaces >original
  [ $(($(du -sb store | cut -f1) - first)) -lt $((first * 3 / 4)) ]
  hikae ls latest -d store >listing
  grep -qx '/postgres/logical/database-shop.dump' listing
  grep -qx '/postgres/physical/data/backup_manifest' listing
  hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=copy/fast"
  start_copy
  as_postgres env PGHOST="$BATS_TEST_TMPDIR/copy" PGPORT=54322 pg_dumpall --no-tablespaces | grep -v '^\\\(un\)\?restrict ' >copied
  diff original copied
}

# Its archive is sent with nothing in it.
@test "a tablespace that is dropped while the backup runs: the copy comes up without it" {
  install -d -o postgres -g postgres -m 700 "$BATS_FILE_TMPDIR/live/brief" "$BATS_FILE_TMPDIR/live/a lot"
  # The tablespaces are sent in the order of their numbers, and this one keeps the server busy for a while.
  sql live postgres "CREATE TABLESPACE much LOCATION '$BATS_FILE_TMPDIR/live/a lot'"
  sql live postgres "CREATE TABLESPACE brief LOCATION '$BATS_FILE_TMPDIR/live/brief'"
  sql live shop "CREATE TABLE large TABLESPACE much AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 150000) n"
  write_policy live physical
  sed -i 's/^schedule:/limits: {io: 30 MB}\n&/' "$HIKAE_POLICY"
  hikae -q run 3>&- &
  local running=$!
  begun() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_progress_basebackup WHERE backup_streamed > 0")" = 1 ]; }
  wait_until begun
  local reader
  reader=$(process_below "$running" hikae)
  kill -STOP "$reader"
  sql live postgres "DROP TABLESPACE brief"
  kill -CONT "$reader"
  wait "$running"
  hikae ls latest -d store >listing
  [ "$(grep -c '/tablespaces/[0-9]*$' listing)" = 3 ]
  [ "$(grep -c '/PG_[0-9_]*$' listing)" = 2 ]
  run hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=copy/fast" \
    --tablespace-map "$BATS_FILE_TMPDIR/live/a lot=copy/much" --tablespace-map "$BATS_FILE_TMPDIR/live/brief=copy/brief"
  [ "$status" -eq 0 ]
  start_copy
  [ "$(copy_sql "SELECT string_agg(spcname, ' ' ORDER BY spcname) FROM pg_tablespace WHERE spcname !~ '^pg_'")" = "fast much" ]
  [ "$(copy_sql "SELECT count(*) FROM large")" = 150000 ]
  stop_copy
  sql live shop "DROP TABLE large"
  sql live postgres "DROP TABLESPACE much"
}

@test "a backup that takes longer than time_limit is ended" {
  write_policy live physical
  sed -i 's/method: \[physical\]/&, time_limit: 1s/; s/^schedule:/limits: {io: 1 MB}\n&/' "$HIKAE_POLICY"
  run -1 hikae run
  assert_says "longer than \`time_limit\`"
  [ "$(snapshot_count)" = 0 ]
  [ "$(sql live postgres "SELECT count(*) FROM pg_replication_slots")" = 0 ]
}

@test "from a standby" {
  install -d -o postgres -g postgres -m 755 "$BATS_FILE_TMPDIR/standby"
  pg live pg_basebackup -U postgres -R -c fast -D "$BATS_FILE_TMPDIR/standby/data" \
    -T "$BATS_FILE_TMPDIR/live/fast disk=$BATS_FILE_TMPDIR/standby/fast"
  as_postgres sed -i "s|^unix_socket_directories.*|unix_socket_directories = '$BATS_FILE_TMPDIR/standby'|" "$BATS_FILE_TMPDIR/standby/data/postgresql.conf"
  run_cluster standby
  write_policy standby "logical, physical"
  run -0 hikae run
  assert_says "database shop:"
  restic -q --no-cache --password-file password -r store dump latest /postgres/logical/database-shop.dump >shop.dump
  as_postgres pg_restore -l <shop.dump | grep -q "TABLE DATA public pgbench_history"
  run hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/standby/fast=copy/fast"
  [ "$status" -eq 0 ]
  [[ $output == *standby.signal* ]]
  chown postgres: copy
  as_postgres pg_verifybackup -q "$BATS_TEST_TMPDIR/copy/data"
  rm copy/data/standby.signal
  start_copy
  [ "$(copy_sql "SELECT pg_is_in_recovery()")" = f ]
  [ "$(copy_sql "$invariant")" = t ]
  stop_cluster standby
}

@test "a page that is damaged on the server's disk: named, stored as it is, and the run is partial" {
  write_policy live physical
  sql live shop "CREATE TABLE hurt AS SELECT n FROM generate_series(1, 20000) n; CHECKPOINT"
  file=$(sql live shop "SELECT pg_relation_filepath('hurt')")
  printf 'X' | dd of="$BATS_FILE_TMPDIR/live/data/$file" bs=1 seek=$((3 * 8192 + 5000)) conv=notrunc status=none
  run hikae run
  sql live shop "DROP TABLE hurt"
  [ "$status" -eq 3 ]
  [[ $output == *"/postgres/physical/data/$file"* ]]
  [[ $output == *"Page 3 is damaged on the server's disk"* ]]
  [ "$(snapshot_count)" = 1 ]
}

@test "a session that is ended, and a server that is killed: no snapshot, and the reason" {
  write_policy live physical
  # As soon as it sends.
  ender() {
    until [ "$(sql live postgres "SELECT count(*) FROM pg_stat_progress_basebackup WHERE backup_streamed > 0")" -gt 0 ]; do :; done
    sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_basebackup"
  }
  ender >/dev/null 3>&- &
  run hikae run
  wait
  [ "$status" -eq 1 ]
  [[ $output == *PostgreSQL* ]]
  [ "$(snapshot_count)" = 0 ]
  killer() {
    until [ "$(sql live postgres "SELECT count(*) FROM pg_stat_progress_basebackup WHERE backup_streamed > 0")" -gt 0 ]; do :; done
    stop_cluster live immediate
  }
  killer 3>&- &
  run hikae run
  wait
  run_cluster live
  [ "$status" -eq 1 ]
  [ "$(snapshot_count)" = 0 ]
}

@test "no server starts on a restore that is not whole" {
  write_policy live physical
  hikae -q run
  pack=$(find store/data -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
  size=$(stat -c %s "$pack")
  head -c 4096 /dev/urandom | dd of="$pack" bs=1 seek=$((size / 3)) conv=notrunc status=none
  run -1 hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=copy/fast"
  assert_says "not whole" "global/pg_control was left out"
  [ -e copy/data/PG_VERSION ]
  [ ! -e copy/data/global/pg_control ]
  run -1 hikae postgres restore --source database --target copy/data
  assert_says "half of a cluster"
}

@test "a restore is refused over a running server, over anything, and where it is asked for two things" {
  write_policy live physical
  hikae run
  run hikae postgres restore --source database --target "$BATS_FILE_TMPDIR/live/data"
  [ "$status" -eq 1 ]
  [[ $output == *"running server"* ]]
  run -1 hikae postgres restore --source database --target "$BATS_FILE_TMPDIR/live/data/sub"
  assert_says "where a PostgreSQL server works"
  # The tablespace's old place is in use.
  run hikae postgres restore --source database --target copy/data
  [ "$status" -eq 1 ]
  [[ $output == *"fast disk is not an empty folder"*--tablespace-map* ]]
  [ ! -e copy ]
  # A dry run shows where everything would go, and what stands in the way.
  run -1 hikae postgres restore --source database --target copy/data --dry-run
  assert_says "Tablespace" "which lay in $BATS_FILE_TMPDIR/live/fast disk" "fast disk is not an empty folder"
  run -1 hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=a" \
    --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=b"
  assert_says "Two --tablespace-map"
  run -1 hikae postgres restore --source database --target copy/data --verify
  assert_says "--verify belongs to the restore of databases"
  run -1 hikae postgres restore --source database --all --tablespace-map a=b
  assert_says "--tablespace-map belongs to the restore of a whole cluster"
  run -1 hikae postgres restore --source database --database shop
  assert_says "holds a physical backup alone" "--target DIR"
  # Half of a restore says what it is.
  mkdir -p half/global && echo 15 >half/PG_VERSION
  run -1 hikae postgres restore --source database --target half
  assert_says "half of a cluster" "remove it and the folders of its tablespaces"
  rm -r half
  run hikae postgres restore --source database --target copy/data --all
  [ "$status" -eq 1 ]
  run hikae postgres restore --source database --target copy/data --tablespace-map "$BATS_FILE_TMPDIR/live/fast disk=copy/fast" --dry-run --json
  [ "$status" -eq 0 ]
  [ "$(json 'j["tablespaces"][0]["target"].endswith("/copy/fast") and j["dry_run"]' <<<"$output")" = True ]
  [ ! -e copy ]
}
