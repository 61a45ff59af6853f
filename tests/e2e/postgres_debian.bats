#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# A cluster as Debian's own tools make one: its configuration lies in /etc/postgresql, outside of the data directory.

load helper
load postgres

setup() {
  need_root
  cd "$BATS_TEST_TMPDIR" || return
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_PASSWORD
  (umask 077 && echo correct-horse >password)
  # Instead of /etc/postgresql; nothing of the machine's own clusters is touched.
  export PG_CLUSTER_CONF_ROOT=$PWD/etc
  version=$(basename "$(dirname "$pg_bin")")
  data=$PWD/lib/$version/main
  mkdir etc
  install -d -o postgres -g postgres lib "lib/$version" run log
  python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])" >port
  create_cluster
  pg_ctlcluster "$version" main start 3>&-
}
teardown() {
  pg_ctlcluster "$version" main stop -m immediate 2>/dev/null || true
  local copy=$PWD/lib/new/accounting\'s\ copy
  [ ! -d "$copy" ] || as_postgres pg_ctl -D "$copy" -m immediate -s stop 2>/dev/null || true
}

create_cluster() {
  pg_createcluster "$version" main -d "$data" -s "$PWD/run" -l "$PWD/log/main.log" -p "$(cat port)" --start-conf=manual \
    -- --data-checksums --no-sync >/dev/null
  # As Debian's packages have it, in a folder of its own.
  echo "external_pid_file = '$PWD/run/own.pid'" >>"etc/$version/main/postgresql.conf"
}
debian() { as_postgres env PGHOST="$BATS_TEST_TMPDIR/run" PGPORT="$(cat "$BATS_TEST_TMPDIR/port")" "$@"; }
whole() { debian pg_dumpall | grep -v '^\\\(un\)\?restrict '; }

write_policy() {
  cat >"$HIKAE_POLICY" <<END
version: 1
name: demo
timezone: Asia/Tokyo
sources:
  config:
    files: [$PWD/etc]
  database:
    postgres: {data_directory: $data, run_as: postgres, method: [logical, physical]}
destinations:
  store: {url: $BATS_TEST_TMPDIR/store}
encryption:
  password: {file: $BATS_TEST_TMPDIR/password}
schedule: {backup: daily 02:00}
END
  hikae -q init
}

@test "a cluster of pg_createcluster: backed up as it is, restored to its place, and started by pg_ctlcluster" {
  debian createdb shop
  debian pgbench -q -i -s 2 shop 2>/dev/null
  debian psql -q -d postgres -c "ALTER SYSTEM SET work_mem = '7MB'"
  write_policy
  run -0 hikae policy check
  run hikae doctor
  refute_says "outside of the data directory"
  sed "s|files: .*|files: [$PWD/password]|" "$HIKAE_POLICY" >without.yaml
  HIKAE_POLICY=$PWD/without.yaml run hikae doctor
  assert_says "lies in $PWD/etc/$version/main, outside of the data directory" "Add $PWD/etc/$version/main to a"
  run -0 hikae run
  whole >original

  # Beside the living one, as the message says.
  copy="$PWD/lib/new/accounting's copy"
  run -0 hikae postgres restore --source database --target "$copy"
  assert_says "outside of the data directory" "/usr/lib/postgresql/$version/bin/pg_ctl -D"
  before=$(cat run/own.pid)
  # The command of the message, word by word, but for the file and the port.
  start=$(grep -o "/usr/lib/postgresql/$version/bin/pg_ctl -D .* start" <<<"$output")
  start=${start/FILE/$PWD/etc/$version/main/postgresql.conf -c port=5999 -c archive_mode=off -c listen_addresses=}
  as_postgres sh -c "$start" >log/copy.log 2>&1 3>&-
  diff original <(debian env PGPORT=5999 pg_dumpall | grep -v '^\\\(un\)\?restrict ')
  as_postgres pg_ctl -D "$copy" -m fast -w -s stop
  # Debian's tools still know that the original runs.
  [ "$(cat run/own.pid)" = "$before" ]

  # The cluster's data is lost.
  pg_ctlcluster "$version" main stop -m fast
  rm -r "$data"
  run -0 hikae postgres restore --source database --target "$data"
  pg_ctlcluster "$version" main start 3>&-
  diff original <(whole)
  [ "$(debian psql -XAtq -d postgres -c 'SHOW work_mem')" = 7MB ]
}

@test "the machine is lost: Debian's tools make the place, the configuration comes from its files source, and the data into it" {
  debian createdb shop
  debian pgbench -q -i -s 1 shop 2>/dev/null
  echo "work_mem = '9MB'" >"etc/$version/main/conf.d/ours.conf"
  write_policy
  run -0 hikae run
  whole >original
  pg_ctlcluster "$version" main stop -m fast
  rm -r etc "lib/$version/main"
  mkdir etc
  # What apt install postgresql does.
  create_cluster
  rm -r "$data"
  run -0 hikae postgres restore --source database --target "$data"
  # It runs already with what Debian gives it.
  pg_ctlcluster "$version" main start 3>&-
  diff original <(whole)
  pg_ctlcluster "$version" main stop -m fast
  rm -r etc
  run -0 hikae restore --source config --target /
  pg_ctlcluster "$version" main start 3>&-
  diff original <(whole)
  [ "$(debian psql -XAtq -d postgres -c 'SHOW work_mem')" = 9MB ]
}
