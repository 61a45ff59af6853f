# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2154  # bats sets and reads the rest
# Real PostgreSQL servers on sockets of their own, as Debian installs one: peer authentication for the user postgres.

pg_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)

# As the user that runs the servers. Needs root, as the whole of these tests does.
as_postgres() {
  setpriv --reuid=postgres --regid=postgres --init-groups env -C / -i PATH="$pg_bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "$@"
}

# start_cluster NAME [LINE-OF-CONFIGURATION]…: a new cluster in $BATS_FILE_TMPDIR/NAME, its socket beside it.
start_cluster() {
  local name=$1 folder=$BATS_FILE_TMPDIR/$1
  shift
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
  install -d -o postgres -g postgres -m 755 "$folder"
  as_postgres initdb -D "$folder/data" -N -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 \
    --data-checksums >/dev/null
  printf '%s\n' "listen_addresses = ''" "port = 54322" "unix_socket_directories = '$folder'" "fsync = off" "$@" |
    as_postgres tee -a "$folder/data/postgresql.conf" >/dev/null
  run_cluster "$name"
}
run_cluster() {
  local folder=$BATS_FILE_TMPDIR/$1
  as_postgres pg_ctl -D "$folder/data" -l "$folder/log" -w -t 60 -s start 3>&-
}
# stop_cluster NAME [fast|immediate]
stop_cluster() {
  as_postgres pg_ctl -D "$BATS_FILE_TMPDIR/$1/data" -m "${2:-fast}" -w -s stop 2>/dev/null || true
}

# pg NAME PROGRAM ARGUMENTS…: a program of PostgreSQL with that cluster.
pg() {
  local folder=$BATS_FILE_TMPDIR/$1
  shift
  as_postgres env PGHOST="$folder" PGPORT=54322 "$@"
}
# sql NAME DATABASE STATEMENTS
sql() { pg "$1" psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$2" -c "$3"; }

# Writes to the database shop of the cluster live until stop_pgbench.
start_pgbench() {
  pg live pgbench -n -c 2 -T 600 shop >/dev/null 2>&1 3>&- &
  local before
  before=$(sql live shop "SELECT count(*) FROM pgbench_history")
  grew() { [ "$(sql live shop "SELECT count(*) FROM pgbench_history")" -gt "$before" ]; }
  wait_until grew
}
# The server ends its sessions: a signal to the job would end only the shell around pgbench, and leave it writing.
stop_pgbench() {
  sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgbench'" >/dev/null
  wait
}

# What pg_dumpall says of a cluster, without its random keys.
whole_of() { pg "$1" pg_dumpall "${@:2}" | grep -v '^\\\(un\)\?restrict '; }

# The number of snapshots in the policy's only destination.
snapshot_count() { hikae snapshots -d store --json | json 'len(j)'; }

# process_below PID NAME: the first process of that name that it or one of its children started.
process_below() {
  local child found
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
    if [ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ]; then
      echo "$child"
      return
    fi
    found=$(process_below "$child" "$2")
    [ -z "$found" ] || { echo "$found" && return; }
  done
}

# The cluster live with the database shop: roles, rights, settings, a comment, tables, a large object.
start_shop() {
  start_cluster live "max_prepared_transactions = 2"
  sql live postgres "CREATE ROLE accounting; CREATE ROLE clerk LOGIN PASSWORD 'x' IN ROLE accounting"
  sql live postgres "CREATE DATABASE shop OWNER clerk"
  sql live postgres "CREATE DATABASE \"odd/name %\""
  sql live postgres "ALTER DATABASE shop SET work_mem = '8MB'; GRANT TEMPORARY ON DATABASE shop TO accounting; COMMENT ON DATABASE shop IS 'what is sold'"
  pg live pgbench -q -i -s 5 shop 2>/dev/null
  sql live shop "CREATE TABLE ledger (id int PRIMARY KEY, 摘要 text); INSERT INTO ledger SELECT n, '売上' || n FROM generate_series(1, 5000) n;
    CREATE TABLE bulk AS SELECT n, md5(n::text) || md5((n + 7)::text) AS t FROM generate_series(1, 600000) n;
    ALTER TABLE ledger OWNER TO accounting; SELECT lo_from_bytea(4711, repeat('memo', 30000)::bytea)"
}

# Of the test's own, in the folder where it runs.
use_policy() {
  cd "$BATS_TEST_TMPDIR" || return
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_PASSWORD
  (umask 077 && echo correct-horse >password)
}

# write_policy KEYS…: one source, "database", with these more keys.
write_policy() {
  {
    printf '%s\n' "version: 1" "name: demo" "timezone: Asia/Tokyo" "sources:" "  database:" "    postgres:" \
      "      data_directory: $BATS_FILE_TMPDIR/live/data"
    [ $# -eq 0 ] || printf '      %s\n' "$@"
    printf '%s\n' "destinations:" "  store: {url: $BATS_TEST_TMPDIR/store}" "encryption:" \
      "  password: {file: $BATS_TEST_TMPDIR/password}" "schedule: {backup: daily 02:00}"
  } >"$HIKAE_POLICY"
  [ -d store ] || hikae -q init
}

# On the repository of write_policy.
stock_restic() { restic --no-cache -q --password-file password -r store "$@"; }

# Ends the sessions of the cluster live that hold a lock and sleep.
end_locks() { sql live postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >/dev/null; }
