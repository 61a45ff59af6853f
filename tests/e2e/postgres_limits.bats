#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# PostgreSQL where something stands in the way: TLS that cannot be trusted, rights that are missing, a disk that is full, an application
# that waits; and the files as any source gives them back.

load helper
load postgres

# A certificate authority, and what it says of a server: authority NAME, certificate AUTHORITY NAME SUBJECT-ALTERNATIVE.
authority() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$2.key" -out "$2.csr" 2>/dev/null
  openssl x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -CAcreateserial -days 2 -extfile <(echo "subjectAltName=$3") -out "$2.crt" 2>/dev/null
}

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  cd "$BATS_FILE_TMPDIR" || return
  authority company
  authority stranger
  certificate company server DNS:localhost
  chown postgres: server.key
  # A port of its own, which nobody listens on at this moment.
  python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])" >port
  start_cluster live "listen_addresses = '127.0.0.1'" "port = $(cat port)" "ssl = on" "ssl_cert_file = '$BATS_FILE_TMPDIR/server.crt'" \
    "ssl_key_file = '$BATS_FILE_TMPDIR/server.key'"
  sql live postgres "CREATE ROLE reader LOGIN PASSWORD 'read-only' IN ROLE pg_read_all_data"
  sql live postgres "CREATE DATABASE shop"
  pg live pgbench -q -i -s 2 shop 2>/dev/null
  sql live shop "CREATE TABLE ledger AS SELECT n, md5(n::text) AS t FROM generate_series(1, 5000) n"
}
teardown_file() { stop_cluster live immediate; }

setup() {
  need_root
  port=$(cat "$BATS_FILE_TMPDIR/port")
  cd "$BATS_TEST_TMPDIR" || return
  chmod 755 "$BATS_TEST_TMPDIR"
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_PASSWORD
  (umask 077 && echo correct-horse >password && echo read-only >reader)
}
teardown() {
  [ ! -d copy ] || as_postgres pg_ctl -D "$BATS_TEST_TMPDIR/copy/data" -m immediate -s stop 2>/dev/null || true
  local name
  for name in small speaks; do
    [ ! -f "$BATS_FILE_TMPDIR/$name/data/postmaster.pid" ] || stop_cluster "$name" immediate
  done
  wait
  unmount_all
}

# With the port of this file's server.
pg() {
  local folder=$BATS_FILE_TMPDIR/$1
  shift
  as_postgres env PGHOST="$folder" PGPORT="$(cat "$BATS_FILE_TMPDIR/port")" "$@"
}

# write_policy KEYS…: one source, "database", with these keys.
write_policy() {
  {
    printf '%s\n' "version: 1" "name: demo" "timezone: Asia/Tokyo" "sources:" "  database:" "    postgres:"
    printf '      %s\n' "$@"
    printf '%s\n' "destinations:" "  store: {url: $BATS_TEST_TMPDIR/store}" "encryption:" \
      "  password: {file: $BATS_TEST_TMPDIR/password}" "schedule: {backup: daily 02:00}"
  } >"$HIKAE_POLICY"
  [ -d store ] || hikae -q init
}
over_tcp() { # HOST AUTHORITY
  write_policy "host: $1" "port: $port" "user: reader" "password: {file: $PWD/reader}" "ca_file: $BATS_FILE_TMPDIR/$2.pem" 'databases: [shop]'
}

@test "over TCP the server's certificate is verified: its authority, and its name" {
  over_tcp localhost company
  run -0 hikae run
  [ "$(snapshot_count)" = 1 ]
  over_tcp localhost stranger
  run -1 hikae run
  assert_says "certificate verify failed" "ca_file"
  refute_says read-only
  run -1 hikae doctor
  assert_says "certificate verify failed"
  # As the mode has it: encrypted, whoever it is.
  write_policy "host: localhost" "port: $port" "user: reader" "password: {file: $PWD/reader}" "sslmode: require" 'databases: [shop]'
  run -0 hikae run
  [ "$(snapshot_count)" = 2 ]
  # The name that the policy gives must be the certificate's.
  over_tcp 127.0.0.1 company
  run -1 hikae run
  assert_says "does not match host name"
  [ "$(snapshot_count)" = 2 ]
}

@test "over TCP the programs notice a server that vanishes without a word, as hikae itself does" {
  over_tcp localhost company
  echo "limits: {io: 4M}" >>"$HIKAE_POLICY"
  "$HIKAE" run >output 2>&1 3>&- &
  run_pid=$!
  dumping() { process_below "$run_pid" pg_dump | grep -q .; }
  wait_until dumping
  # The kernel asks the peer of every session for a sign of life before half a minute of silence is over.
  sessions() { ss -tnop state established "( dport = :$port )"; }
  watched() {
    [ "$(sessions | grep -c '"pg_dump"')" -ge 1 ] && [ "$(sessions | grep -c '"hikae"')" -ge 1 ] &&
      [ "$(sessions | grep -c "timer:(keepalive,[0-2]\\?[0-9]\\.\\?[0-9]*\\(sec\\|ms\\)")" = "$(sessions | grep -c users:)" ]
  }
  wait_until watched || { sessions && return 1; }
  expect_exit 0 "$run_pid"
}

@test "a restore onto a server over TCP takes the password of another role from a file" {
  sql live postgres "CREATE ROLE restorer LOGIN SUPERUSER PASSWORD 'bring-back'"
  (umask 077 && echo bring-back >restorer)
  over_tcp localhost company
  hikae -q run
  onto=(--source database --database shop=again --host localhost --port "$port" --user restorer)
  run -1 hikae postgres restore "${onto[@]}"
  assert_says "no password supplied"
  run -0 hikae postgres restore "${onto[@]}" --server-password-file restorer --verify
  assert_says "restored shop as again"
  refute_says bring-back
  sql live postgres "DROP DATABASE again"
  sql live postgres "DROP ROLE restorer"
}

@test "ICU collations are recorded with their version, and restored" {
  sql live postgres "CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ja-JP' LOCALE 'C.UTF-8' ENCODING UTF8"
  sql live sorted "CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn-true');
    CREATE TABLE t (v text COLLATE numeric_order); INSERT INTO t VALUES ('a10'), ('a9')"
  write_policy "data_directory: $BATS_FILE_TMPDIR/live/data" 'databases: [sorted]'
  run -0 hikae run --json
  version=$(sql live postgres "SELECT datcollversion FROM pg_database WHERE datname = 'sorted'")
  [ -n "$version" ]
  [ "$(json '[(d["provider"], d["locale"], d["collation_version"]) for s in j["sources"] for d in s["facts"]["databases"]]' <<<"$output")" = "[('icu', 'ja-JP', '$version')]" ]
  hikae postgres restore --source database --database sorted=sorted_again
  [ "$(sql live postgres "SELECT datlocprovider, daticulocale FROM pg_database WHERE datname = 'sorted_again'")" = 'i|ja-JP' ]
  [ "$(sql live sorted_again "SELECT string_agg(v, ',' ORDER BY v) FROM t")" = a9,a10 ]
  sql live postgres "DROP DATABASE sorted"
  sql live postgres "DROP DATABASE sorted_again"
}

# The classes of failures and the next steps rest on what the server says; most servers of this policy's readers say it in Japanese.
@test "a server that speaks Japanese is understood" {
  mkdir locales
  localedef -i ja_JP -f UTF-8 "$PWD/locales/ja_JP.UTF-8"
  LOCALES=$PWD/locales
  start_cluster speaks
  stop_cluster speaks
  echo "lc_messages = 'ja_JP.UTF-8'" >>"$BATS_FILE_TMPDIR/speaks/data/postgresql.conf"
  as_postgres env LOCPATH="$LOCALES" pg_ctl -D "$BATS_FILE_TMPDIR/speaks/data" -l "$BATS_FILE_TMPDIR/speaks/log" -w -t 60 -s start 3>&-
  speaks() { as_postgres env PGHOST="$BATS_FILE_TMPDIR/speaks" PGPORT=54322 psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
  run speaks nothing "SELECT 1"
  assert_says "存在しません"
  speaks template1 "ALTER DATABASE postgres RENAME TO shop"
  speaks shop "CREATE TABLE ledger AS SELECT 1 AS n"
  # Without the database postgres: template1.
  write_policy "data_directory: $BATS_FILE_TMPDIR/speaks/data" "databases: [shop]" "lock_timeout: 1s"
  run -0 hikae run
  run -0 hikae postgres restore --source database --database shop=again --verify
  assert_says "as many rows"
  # A lock is waited for, and told as one; what passes by itself is tried again.
  as_postgres env PGHOST="$BATS_FILE_TMPDIR/speaks" PGPORT=54322 psql -X -q -d shop \
    -c "BEGIN; LOCK TABLE ledger; SELECT pg_sleep(60)" >/dev/null 2>&1 3>&- &
  locked() { [ "$(speaks shop "SELECT count(*) FROM pg_locks WHERE relation = 'ledger'::regclass AND granted")" -gt 0 ]; }
  wait_until locked
  run -1 hikae run
  assert_says "held a table locked"
  speaks shop "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()"
  write_policy "data_directory: $BATS_FILE_TMPDIR/speaks/data" "user: nobody-there"
  run -1 hikae run
  assert_says "認証に失敗しました" "pg_hba.conf"
  write_policy "data_directory: $BATS_FILE_TMPDIR/speaks/data"
  run -1 hikae postgres restore --source database --database shop=more --user stranger --run-as postgres
  assert_says "認証に失敗しました"
  stop_cluster speaks immediate
}

@test "row-level security: the doctor names the table before a run fails, and BYPASSRLS is the cure" {
  sql live postgres "CREATE DATABASE guarded"
  sql live guarded "CREATE TABLE secrets AS SELECT 1 AS n; ALTER TABLE secrets ENABLE ROW LEVEL SECURITY"
  write_policy "host: localhost" "port: $port" "user: reader" "password: {file: $PWD/reader}" "ca_file: $BATS_FILE_TMPDIR/company.pem" 'databases: [guarded]'
  run -1 hikae doctor
  assert_says "secrets" "row-level security" "BYPASSRLS"
  run -1 hikae run
  assert_says "row-level security"
  [ "$(snapshot_count)" = 0 ]
  sql live postgres "ALTER ROLE reader BYPASSRLS"
  run hikae doctor
  refute_says "row-level security"
  run -0 hikae run
  sql live postgres "ALTER ROLE reader NOBYPASSRLS"
  sql live postgres "DROP DATABASE guarded"
}

@test "hikae restore gives both methods back as files: pg_restore reads the one, a server starts on the other" {
  write_policy "data_directory: $BATS_FILE_TMPDIR/live/data" 'databases: [shop]' 'method: [logical, physical]'
  hikae -q run
  hikae restore --source database --target r
  mkdir copy
  mv r/postgres/physical/* r/postgres/logical copy/
  chown -R postgres: copy
  as_postgres pg_verifybackup -q "$BATS_TEST_TMPDIR/copy/data"
  as_postgres pg_ctl -D "$BATS_TEST_TMPDIR/copy/data" -l "$BATS_TEST_TMPDIR/copy/log" -w -t 60 -s \
    -o "-c unix_socket_directories=$BATS_TEST_TMPDIR/copy -c listen_addresses=" start 3>&-
  copy() { as_postgres env PGHOST="$BATS_TEST_TMPDIR/copy" PGPORT="$port" "$@"; }
  copy createdb again
  copy pg_restore --exit-on-error -j 2 -d again "$BATS_TEST_TMPDIR/copy/logical/database-shop.dump"
  diff <(pg live pg_dump shop | grep -v restrict) <(copy pg_dump shop | grep -v restrict)
  diff <(pg live pg_dump shop | grep -v restrict) <(copy pg_dump again | grep -v restrict)
}

@test "a server whose disk is full is not backed up, says so, and is afterwards" {
  mount_tmpfs "$BATS_FILE_TMPDIR/small" size=160m
  start_cluster small "port = $port" "min_wal_size = 32MB" "max_wal_size = 32MB" "wal_recycle = off"
  sql small postgres "CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n; CHECKPOINT"
  write_policy "data_directory: $BATS_FILE_TMPDIR/small/data" 'databases: [postgres]' 'method: [logical]'
  fill() { dd if=/dev/zero of="$BATS_FILE_TMPDIR/small/filler" bs=4k 2>/dev/null || true; }
  run hikae doctor
  assert_says " are free in $BATS_FILE_TMPDIR/small/data."
  fill
  run hikae doctor
  assert_says "[warning] source database: Only 0 B" "are free in $BATS_FILE_TMPDIR/small/data, where the server writes" "Make room"
  run -1 hikae run
  assert_says "No space left on device"
  sed -i 's/method: \[logical\]/method: [physical]/' "$HIKAE_POLICY"
  run -1 hikae run
  [ "$(snapshot_count)" = 0 ]
  rm "$BATS_FILE_TMPDIR/small/filler"
  # It may have stopped for want of a file of WAL.
  pg small pg_ctl -D "$BATS_FILE_TMPDIR/small/data" status >/dev/null || run_cluster small
  answers() { [ "$(sql small postgres "SELECT count(*) FROM t")" = 20000 ]; }
  wait_until answers
  sed -i 's/method: \[physical\]/method: [logical, physical]/' "$HIKAE_POLICY"
  run -0 hikae run
  [ "$(snapshot_count)" = 1 ]
}

@test "whoever waits for a table that a dump holds waits no longer than blocking_limit" {
  write_policy "data_directory: $BATS_FILE_TMPDIR/live/data" 'databases: [shop]' 'lock_timeout: 10m' 'blocking_limit: 1s'
  # The dump stops at this table, and holds those before it.
  pg live psql -X -q -d shop -c "BEGIN; LOCK TABLE ledger; SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  locked() { [ "$(sql live shop "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'ledger'::regclass")" = 1 ]; }
  wait_until locked
  hikae run >output 2>&1 3>&- &
  run_pid=$!
  holds() { [ "$(sql live shop "SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock' AND granted AND relation = 'pgbench_branches'::regclass")" = 1 ]; }
  wait_until holds
  sql live shop "ALTER TABLE pgbench_branches ADD COLUMN later int"
  expect_exit 1 "$run_pid"
  output=$(cat output)
  assert_says "dumping the database shop" "blocking_limit" "ALTER TABLE"
  [ "$(snapshot_count)" = 0 ]
  sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >/dev/null
  wait
  run -0 hikae run
}
