#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# PostgreSQL: dumps of a server that is written to, and what fails them.

load helper
load postgres

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  start_shop
}
teardown_file() {
  stop_cluster live immediate
  stop_cluster copy immediate
}

setup() {
  need_root
  use_policy
}
teardown() {
  stop_pgbench || true
}

# The invariant of pgbench, which holds in every state that was committed.
assert_balanced() { # CLUSTER DATABASE
  local sums
  sums=$(sql "$1" "$2" "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers),
    (SELECT sum(bbalance) FROM pgbench_branches), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)")
  [ "$(tr '|' '\n' <<<"$sums" | sort -u | wc -l)" -eq 1 ] || {
    echo "not one state: $sums"
    return 1
  }
}

@test "a fresh cluster is dumped as its own user, whole, without a file in pg_hba.conf" {
  write_policy
  run -0 hikae policy check
  refute_says "cannot back up"
  run -0 hikae run
  assert_says "database shop:"
  run -0 stock_restic ls latest
  assert_says "/postgres/logical/database-shop.dump" "/postgres/logical/database-odd%2Fname %25.dump" "/postgres/logical/globals.sql" \
    "/postgres/logical/facts.json" "/postgres/logical/database-postgres.dump"
  run -0 stock_restic dump latest /postgres/logical/facts.json
  [ "$(json '[t["rows"] for d in j["databases"] if d["name"] == "shop" for t in d["tables"] if t["name"] in ("ledger", "pgbench_accounts")]' <<<"$output")" = "[5000, 500000]" ]
  [ "$(json '[(d["encoding"], d["large_objects"], d["owner"], [e["name"] for e in d["extensions"]]) for d in j["databases"] if d["name"] == "shop"]' <<<"$output")" = "[('UTF8', 1, 'clerk', ['plpgsql'])]" ]
  stock_restic check --read-data
}

@test "the run's JSON tells each database's facts" {
  write_policy 'databases: [shop]'
  run -0 hikae run --json
  [ "$(json '[d["name"] for s in j["sources"] for d in s["facts"]["databases"]]' <<<"$output")" = "['shop']" ]
}

@test "while pgbench writes, each dump is one state; stock restic and pg_restore alone bring it back" {
  write_policy
  start_pgbench
  hikae -q run
  stop_pgbench
  start_cluster copy
  # As the manual says it, step by step.
  stock_restic dump latest /postgres/logical/globals.sql | grep -v ' ROLE postgres[ ;]' >globals.sql
  pg copy psql -X -q -v ON_ERROR_STOP=1 -d postgres -f - <globals.sql
  stock_restic dump latest /postgres/logical/database-shop.dump | pg copy pg_restore --exit-on-error --create -d postgres
  assert_balanced copy shop
  [ "$(sql copy shop "SELECT count(*) FROM ledger")" = 5000 ]
  # What did not change meanwhile is the same to the byte.
  diff <(whole_of live -g) <(whole_of copy -g)
  tables=(-t ledger -t pgbench_accounts -s)
  diff <(pg live pg_dump "${tables[@]}" shop | grep -v restrict) <(pg copy pg_dump "${tables[@]}" shop | grep -v restrict)
  rows=$(stock_restic dump latest /postgres/logical/facts.json | json '[t["rows"] for d in j["databases"] if d["name"] == "shop" for t in d["tables"] if t["name"] == "pgbench_history"][0]')
  [ "$(sql copy shop "SELECT count(*) FROM pgbench_history")" = "$rows" ]
  stop_cluster copy immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/copy"
}

@test "a second dump after small changes adds little" {
  write_policy 'databases: [shop]'
  hikae -q run
  first=$(du -sb store/data | cut -f 1)
  sql live shop "UPDATE ledger SET 摘要 = 'x' WHERE id % 1000 = 0; INSERT INTO pgbench_history SELECT 1, 1, 1, 0, now() FROM generate_series(1, 100)"
  hikae -q run
  second=$(($(du -sb store/data | cut -f 1) - first))
  dump=$(stock_restic ls --json latest | grep -F database-shop.dump | json 'j["size"]')
  echo "dump $dump, first $first, second $second"
  [ $((second * 4)) -lt "$first" ]
}

@test "plain SQL on request, checked for its end, and psql brings it back" {
  write_policy 'databases: [shop]' 'format: plain'
  hikae -q run
  sql live postgres "CREATE DATABASE again TEMPLATE template0"
  stock_restic dump latest /postgres/logical/database-shop.sql | pg live psql -X -q -v ON_ERROR_STOP=1 -d again >/dev/null
  [ "$(sql live again "SELECT count(*) FROM ledger")" = 5000 ]
  sql live postgres "DROP DATABASE again"
}

@test "a database that cannot be dumped fails its source, names itself and pg_dump's words, and others go on" {
  write_policy 'databases: [shop]' 'lock_timeout: 1s'
  mkdir files && echo x >files/x
  sed -i "s|^destinations:|  files: {files: [$PWD/files]}\n&|" "$HIKAE_POLICY"
  pg live psql -X -q -d shop -c "BEGIN; LOCK TABLE ledger; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  locked() { [ "$(sql live shop "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'ledger'::regclass")" = 1 ]; }
  wait_until locked
  run -1 hikae run
  sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >/dev/null
  assert_says "dumping the database shop" "pg_dump ended with 1" "canceling statement due to" "ledger" "lock_timeout"
  [ "$(hikae snapshots -d store --json | json '[t for s in j for t in s["tags"] if t.startswith("hikae:source")]')" = "['hikae:source=files']" ]
}

# kill_during WHAT COMMAND…: runs COMMAND once the dump of shop is under way; no snapshot may come of it.
kill_during() {
  pg live psql -X -q -d shop -c "BEGIN; LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  locked() { [ "$(sql live shop "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'ledger'::regclass")" = 1 ]; }
  wait_until locked
  hikae run >output 2>&1 3>&- &
  run_pid=$!
  dumping() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND application_name = 'hikae' AND wait_event_type = 'Lock'")" = 1 ]; }
  wait_until dumping
  "$@"
  expect_exit 1 "$run_pid"
  output=$(cat output)
  [ "$(snapshot_count)" = 0 ]
}

@test "a session that the server ends leaves no snapshot" {
  write_policy 'databases: [shop]'
  end_session() { sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hikae'" >/dev/null; }
  kill_during end_session
  end_locks
  assert_says "dumping the database shop" "terminating connection"
}

@test "several databases are dumped at once" {
  sql live postgres "CREATE DATABASE beside"
  sql live beside "CREATE TABLE ledger (n int)"
  write_policy 'databases: [shop, beside]' 'lock_timeout: 10m'
  echo "limits: {cpu: 2}" >>"$HIKAE_POLICY"
  local database
  for database in shop beside; do
    pg live psql -X -q -d "$database" -c "BEGIN; LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  done
  held() { [ "$(sql live postgres "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL AND database <> 0")" -ge 2 ]; }
  wait_until held
  hikae run >output 2>&1 3>&- &
  run_pid=$!
  both_wait() { [ "$(sql live postgres "SELECT count(DISTINCT datname) FROM pg_stat_activity WHERE application_name = 'hikae' AND wait_event_type = 'Lock'")" = 2 ]; }
  wait_until both_wait
  end_locks
  expect_exit 0 "$run_pid"
  sql live postgres "DROP DATABASE beside"
}

# descendants PID: with itself.
descendants() {
  local child
  echo "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do descendants "$child"; done
}

@test "a dump goes into the snapshot without a temporary file" {
  write_policy 'databases: [shop]'
  # Slow enough to be looked at for a while.
  echo "limits: {io: 30M}" >>"$HIKAE_POLICY"
  "$HIKAE" run >output 2>&1 3>&- &
  run_pid=$!
  while kill -0 "$run_pid" 2>/dev/null; do
    for pid in $(descendants "$run_pid"); do
      readlink /proc/"$pid"/fd/* >>opened 2>/dev/null || true
      [ "$(cat /proc/"$pid"/comm 2>/dev/null)" != pg_dump ] || echo yes >dumping
    done
  done
  expect_exit 0 "$run_pid"
  [ -f dumping ]
  # What is open is the repository, the state, or no file at all; and what the test itself has open.
  grep -q "^$PWD/state/" opened # the journal, all the time: what is open was seen
  readlink /proc/$$/fd/* >inherited || true
  # PostgreSQL's programs look for the machine's time zone.
  others=$(grep -v -e ^/usr/share/zoneinfo -e "^$PWD/store" -e "^$PWD/state" -e "^$PWD/cache" -e "^$PWD/output" -e "^/dev/" -e "^/proc/" -e '^/memfd:' \
    -e '^[a-z_]*:\[' -e '^anon_inode:' -e "^$PWD\$" opened | grep -vxF -f inherited | sort -u) || true
  echo "$others"
  [ -z "$others" ]
  [ -z "$(find state cache -size +1M)" ]
}

@test "a run that is interrupted leaves no session waiting at the server, with the locks that it has" {
  write_policy 'databases: [shop]' 'lock_timeout: 10m'
  pg live psql -X -q -d shop -c "BEGIN; LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  locked() { [ "$(sql live shop "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'ledger'::regclass")" = 1 ]; }
  wait_until locked
  "$HIKAE" run >output 2>&1 3>&- &
  run_pid=$!
  sessions() { sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hikae'"; }
  dumping() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hikae' AND wait_event_type = 'Lock'")" = 1 ]; }
  wait_until dumping
  kill -INT "$run_pid"
  expect_exit 130 "$run_pid"
  gone() { [ "$(sessions)" = 0 ]; }
  wait_until gone
  end_locks
}

@test "roles and tablespaces are not waited for longer than lock_timeout either" {
  write_policy 'databases: [postgres]' 'lock_timeout: 1s'
  pg live psql -X -q -d postgres -c "BEGIN; LOCK TABLE pg_auth_members IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  locked() { [ "$(sql live postgres "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'pg_auth_members'::regclass")" = 1 ]; }
  wait_until locked
  run -1 timeout 60 "$HIKAE" run
  end_locks
  assert_says "dumping roles and tablespaces" "pg_dumpall ended with 1" "lock timeout"
  [ "$(snapshot_count)" = 0 ]
}

@test "a pg_dump that is killed leaves no snapshot" {
  write_policy 'databases: [shop]'
  kill_dump() { kill -9 "$(process_below "$run_pid" pg_dump)"; }
  kill_during kill_dump
  end_locks
  assert_says "dumping the database shop" "pg_dump ended with 137"
}

@test "a server that crashes and restarts leaves no snapshot; the next run is good" {
  write_policy 'databases: [shop]'
  crash() { stop_cluster live immediate; }
  kill_during crash
  assert_says "dumping the database shop"
  run -1 hikae run
  assert_says "No PostgreSQL server runs on" "systemctl start postgresql"
  [ "$(snapshot_count)" = 0 ]
  run_cluster live
  hikae -q run
  [ "$(snapshot_count)" = 1 ]
}

@test "least privilege: what pg_read_all_data gives is dumped, what it does not give fails the source" {
  sql live postgres "CREATE ROLE reader LOGIN PASSWORD 'read-only' IN ROLE pg_read_all_data"
  sql live postgres "CREATE DATABASE plainly"
  sql live plainly "CREATE TABLE t AS SELECT generate_series(1, 10) n; REVOKE ALL ON t FROM PUBLIC"
  sed -i '1i local all reader scram-sha-256' "$BATS_FILE_TMPDIR/live/data/pg_hba.conf"
  pg live pg_ctl -D "$BATS_FILE_TMPDIR/live/data" reload >/dev/null
  (umask 077 && echo read-only >reader)
  write_policy 'databases: [plainly]' 'user: reader' "password: {file: $PWD/reader}"
  run -0 hikae run
  stock_restic dump latest /postgres/logical/globals.sql | grep -q "CREATE ROLE clerk"
  sql live plainly "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t OWNER TO clerk"
  run -1 hikae run
  assert_says "dumping the database plainly" "row-level security" "BYPASSRLS"
  refute_says read-only
  sql live plainly "ALTER TABLE t DISABLE ROW LEVEL SECURITY; SELECT lo_from_bytea(0, 'x')" >/dev/null
  run -1 hikae run
  assert_says "dumping the database plainly" "permission denied for large object"
  [ "$(snapshot_count)" = 1 ]
  sql live postgres "DROP DATABASE plainly"
}

@test "a files source that contains a running cluster is refused with the YAML that replaces it" {
  write_policy
  sed -i "/^  database:/,/data_directory/d; s|^sources:|&\n  all: {files: [$BATS_FILE_TMPDIR/live]}|" "$HIKAE_POLICY"
  run -0 hikae policy check
  assert_says "$BATS_FILE_TMPDIR/live/data" "running PostgreSQL"
  run -1 hikae run
  assert_says "refused" "exclude: [\"$BATS_FILE_TMPDIR/live/data\"]" "data_directory: $BATS_FILE_TMPDIR/live/data" "run_as: postgres"
  [ "$(snapshot_count)" = 0 ]
  # Through a link above it, too.
  ln -s "$BATS_FILE_TMPDIR" link
  cp "$HIKAE_POLICY" direct
  sed -i "s|$BATS_FILE_TMPDIR/live\]|$PWD/link/live]|" "$HIKAE_POLICY"
  run -1 hikae run
  assert_says "refused" "$BATS_FILE_TMPDIR/live/data"
  sed -i "s|live\]|live], exclude: [\"$PWD/link/live/data\"]|" "$HIKAE_POLICY"
  run -0 hikae run
  cp direct "$HIKAE_POLICY"
  sed -i "s|live\]|live], exclude: [\"$BATS_FILE_TMPDIR/live/data\"]|" "$HIKAE_POLICY"
  run -0 hikae run
}

@test "no password is seen in the list of processes" {
  sql live postgres "ALTER ROLE clerk PASSWORD 'very-secret-word'"
  sed -i '1i local all clerk scram-sha-256' "$BATS_FILE_TMPDIR/live/data/pg_hba.conf"
  pg live pg_ctl -D "$BATS_FILE_TMPDIR/live/data" reload >/dev/null
  sql live postgres "GRANT pg_read_all_data TO clerk"
  (umask 077 && echo very-secret-word >clerk)
  write_policy 'databases: [shop]' 'user: clerk' "password: {file: $PWD/clerk}"
  look() {
    ps auxeww >processes
    sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hikae'" >/dev/null
  }
  kill_during look
  end_locks
  grep -q 'pg_dump.*--snapshot=' processes
  run -1 grep very-secret-word processes output
}

# restore ARGUMENTS…

@test "a database that is invalid, or goes during a run, stops nothing but itself" {
  sql live postgres "CREATE DATABASE half"
  sql live postgres "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'"
  write_policy
  run -0 hikae run
  assert_says "half is invalid"
  write_policy 'databases: [half]'
  run -1 hikae run
  assert_says "half is invalid" "DROP DATABASE half"
  sql live postgres "DROP DATABASE half"
}

@test "the doctor looks at the server, and names what a role may not read before a run fails" {
  write_policy
  run hikae doctor
  assert_says "Connected to PostgreSQL" "pg_dump"
  sql live postgres "CREATE ROLE nosy LOGIN PASSWORD 'nosy'"
  sed -i '1i local all nosy scram-sha-256' "$BATS_FILE_TMPDIR/live/data/pg_hba.conf"
  pg live pg_ctl -D "$BATS_FILE_TMPDIR/live/data" reload >/dev/null
  (umask 077 && echo nosy >nosy)
  write_policy 'databases: [shop]' 'user: nosy' "password: {file: $PWD/nosy}"
  run -1 hikae doctor
  assert_says "shop: the role may not read" "pg_read_all_data" "large object"
}
