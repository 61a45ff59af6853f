#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets and reads the rest
# PostgreSQL: databases come back into a server, and into none that they would harm.

load helper
load postgres

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  start_shop
}
teardown_file() {
  stop_cluster live immediate
}

setup() {
  need_root
  use_policy
}
# A test that fails leaves no server.
teardown() {
  local name
  for name in bare fresh other second; do
    [ ! -f "$BATS_FILE_TMPDIR/$name/data/postmaster.pid" ] || stop_cluster "$name" immediate
    rm -rf "${BATS_FILE_TMPDIR:?}/$name"
  done
}

restore() { hikae postgres restore --source database "$@"; }

@test "restore beside the living database, under another name, with the database's own settings" {
  write_policy 'databases: [shop]'
  hikae -q run
  run -0 restore --database shop=shop_again --dry-run
  assert_says "shop → new database shop_again" "Nothing was restored (--dry-run)."
  [ "$(hikae postgres restore --source database --database shop=shop_again --dry-run --json |
    json '[(d["database"], d["target"]) for d in j["databases"]], j["dry_run"]')" = "[('shop', 'shop_again')] True" ]
  [ "$(sql live postgres "SELECT count(*) FROM pg_database WHERE datname = 'shop_again'")" = 0 ]
  mkdir dumps
  run -0 restore --database shop=shop_again --verify --temporary "$PWD/dumps"
  assert_says "restored shop as shop_again" "every table has as many rows"
  diff <(pg live pg_dump shop | grep -v restrict) <(pg live pg_dump shop_again | grep -v restrict)
  diff <(pg live pg_dump --create -s shop | grep "^ALTER DATABASE") \
    <(pg live pg_dump --create -s shop_again | sed -n 's/DATABASE shop_again/DATABASE shop/; /^ALTER DATABASE/p')
  [ "$(sql live postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop_again'")" = "what is sold" ]
  # Never over anything.
  run -1 restore --database shop=shop_again
  assert_says "exists and is not empty" "nothing was changed"
  run -1 restore --database shop
  assert_says "exists and is not empty" "NEWNAME"
  sql live postgres "DROP DATABASE shop_again"
  [ "$(hikae postgres restore --source database --database shop=shop_again --verify --json |
    json 'j["dry_run"], j["verified"], j["tables_that_differ"], j["databases"][0]["tables"]')" = "False True 0 6" ]
  sql live postgres "DROP DATABASE shop_again"
  [ -z "$(ls dumps)" ]
}

@test "a database comes back into its own tablespace, with its comment" {
  install -d -o postgres -g postgres -m 700 "$BATS_FILE_TMPDIR/live/fast"
  sql live postgres "CREATE TABLESPACE fast LOCATION '$BATS_FILE_TMPDIR/live/fast'"
  sql live postgres "CREATE DATABASE placed TABLESPACE fast"
  sql live placed "CREATE TABLE t AS SELECT 1 AS n; COMMENT ON DATABASE placed IS 'ours'"
  sql live postgres "CREATE DATABASE mixed"
  sql live mixed "CREATE TABLE t TABLESPACE fast AS SELECT 1 AS n"
  write_policy 'databases: [placed, mixed]'
  hikae -q run
  sql live postgres "DROP DATABASE placed"
  sql live postgres "DROP DATABASE mixed"
  run -0 restore --database placed
  [ "$(sql live placed "SELECT spcname, shobj_description(d.oid, 'pg_database') FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace
    WHERE datname = 'placed'")" = 'fast|ours' ]
  sql live postgres "DROP DATABASE placed"
  sql live postgres "DROP TABLESPACE fast"
  run -0 restore --database placed
  assert_says "no tablespace fast"
  [ "$(sql live placed "SELECT n FROM t")" = 1 ]
  sql live postgres "DROP DATABASE placed"
  run -1 restore --database mixed
  assert_says "default_tablespace" "Make the tablespace first" "--globals" "--no-tablespaces"
  run -0 restore --database mixed --no-tablespaces
  [ "$(sql live mixed "SELECT n FROM t")" = 1 ]
  sql live postgres "DROP DATABASE mixed"
}

# What eve may write into her own tables and functions is text; a restore by the superuser may not run it as statements.
@test "a restore runs no statement that stands in a text" {
  sql live postgres "CREATE ROLE eve LOGIN"
  sql live postgres "CREATE DATABASE hers OWNER eve"
  sql live postgres "ALTER ROLE eve SET search_path = E'a\nALTER ROLE eve SUPERUSER; --'"
  sql live postgres "COMMENT ON ROLE eve IS E'x\nALTER ROLE eve CREATEROLE;\n'; COMMENT ON DATABASE hers IS E'two\nlines of DATABASE hers '"
  sql live hers "CREATE SCHEMA of_eve AUTHORIZATION eve; SET ROLE eve; CREATE FUNCTION of_eve.f() RETURNS text LANGUAGE sql AS
    E'SELECT \$x\$\n--\n-- Name: DATABASE hers; Type: ACL; Schema: -; Owner: eve\n--\n\nALTER ROLE eve SUPERUSER;\nCOPY of_eve.t (a) FROM stdin;\n1\n\\\\.\n\$x\$'"
  sql live hers "SET ROLE eve; CREATE TABLE of_eve.t AS SELECT 1 AS a"
  for format in custom plain; do
    rm -rf store
    write_policy 'databases: [hers]' "format: $format"
    hikae -q run
    run -0 restore --database hers=again --globals --verify
    [ "$(sql live postgres "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'eve'")" = "f|f" ]
    [ "$(sql live postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'again'")" = "two
lines of DATABASE hers " ]
    diff <(pg live pg_dump hers | grep -v restrict) <(pg live pg_dump again | grep -v restrict)
    sql live postgres "DROP DATABASE again"
  done
  # Nor on a server where she is new.
  start_cluster fresh
  run -0 restore --database hers --globals --host "$BATS_FILE_TMPDIR/fresh" --port 54322
  [ "$(sql fresh postgres "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'eve'")" = "f|f" ]
  diff <(pg live pg_dumpall -r | grep "eve\|CREATEROLE" -A1) <(pg fresh pg_dumpall -r | grep "eve\|CREATEROLE" -A1)
  stop_cluster fresh immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/fresh"
  sql live postgres "DROP DATABASE hers"
  sql live postgres "DROP ROLE eve"
}

@test "roles that are there get no new rights from a backup" {
  sql live postgres "CREATE ROLE trainee LOGIN; GRANT accounting TO trainee"
  write_policy 'databases: [shop]'
  hikae -q run
  sql live postgres "REVOKE accounting FROM trainee"
  run -0 restore --database shop=again --globals
  [ "$(sql live postgres "SELECT count(*) FROM pg_auth_members WHERE member = 'trainee'::regrole")" = 0 ]
  sql live postgres "DROP DATABASE again"
  sql live postgres "DROP ROLE trainee"
}

@test "--jobs: so many tables are filled at once" {
  write_policy 'databases: [shop]'
  hikae -q run
  local jobs most now
  for jobs in 1 3; do
    "$HIKAE" postgres restore --source database --database shop=shop_jobs --jobs "$jobs" --verify >output 2>&1 3>&- &
    run_pid=$!
    most=0
    while kill -0 "$run_pid" 2>/dev/null; do
      now=$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop_jobs' AND query LIKE 'COPY %'")
      [ "$now" -le "$most" ] || most=$now
    done
    expect_exit 0 "$run_pid"
    echo "--jobs $jobs: $most at once"
    # Three tables here are large enough to be seen.
    if [ "$jobs" = 1 ]; then [ "$most" -le 1 ]; else [ "$most" -ge 2 ]; fi
    sql live postgres "DROP DATABASE shop_jobs"
  done
}

@test "a restore that is killed leaves a database that says so, and the same command makes it anew" {
  write_policy 'databases: [shop]'
  hikae -q run
  mkdir tmp
  "$HIKAE" postgres restore --source database --database shop=shop_killed --jobs 2 --temporary "$PWD/tmp" >output 2>&1 3>&- &
  run_pid=$!
  filling() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop_killed' AND query LIKE 'COPY %'")" -gt 0 ]; }
  wait_until filling
  restorer=$(process_below "$run_pid" pg_restore)
  kill -9 "$run_pid" "$restorer"
  wait "$run_pid" || true
  [ "$(sql live postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop_killed'")" = "hikae: this restore has not come to its end" ]
  # As long as somebody is in it, it may be another restore's.
  left() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop_killed'")" = 0 ]; }
  wait_until left
  pg live psql -X -q -d shop_killed -c "SELECT pg_sleep(600)" 3>&- >/dev/null 2>&1 &
  entered() { ! left; }
  wait_until entered
  run -1 restore --database shop=shop_killed
  assert_says "exists and is not empty"
  end_locks
  wait_until left
  run -0 restore --database shop=shop_killed --dry-run
  assert_says "left unfinished"
  # Its dump lies there still, until the next restore finds it.
  ls tmp/hikae-postgres-*/database-shop.dump
  touch -d "2 minutes ago" tmp/hikae-postgres-*
  run -0 restore --database shop=shop_killed --verify --temporary "$PWD/tmp"
  [ -z "$(ls tmp)" ]
  [ "$(sql live postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop_killed'")" = "what is sold" ]
  diff <(pg live pg_dump shop | grep -v restrict) <(pg live pg_dump shop_killed | grep -v restrict)
  # Now it is somebody's.
  run -1 restore --database shop=shop_killed
  assert_says "exists and is not empty"
  sql live postgres "DROP DATABASE shop_killed"
}

@test "a database that cannot be dropped after a restore failed is named with the reason" {
  write_policy 'databases: [shop]'
  hikae -q run
  "$HIKAE" postgres restore --source database --database shop=shop_stuck --jobs 1 >output 2>&1 3>&- &
  run_pid=$!
  filling() { [ "$(sql live postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop_stuck' AND query LIKE 'COPY %'")" -gt 0 ]; }
  wait_until filling
  sql live shop_stuck "BEGIN; CREATE TABLE held (n int); PREPARE TRANSACTION 'held'"
  kill -9 "$(process_below "$run_pid" pg_restore)"
  expect_exit 1 "$run_pid"
  run -0 cat output
  assert_says "The database shop_stuck is unfinished and could not be dropped" "prepared transaction"
  sql live shop_stuck "ROLLBACK PREPARED 'held'"
  run -0 restore --database shop=shop_stuck --verify
  sql live postgres "DROP DATABASE shop_stuck"
}

@test "of several servers the one is written to whose dump is read" {
  start_cluster other
  sql other postgres "CREATE DATABASE books"
  sql other books "CREATE TABLE title (id int); INSERT INTO title SELECT generate_series(1, 70)"
  mkdir letters
  echo a >letters/a
  write_policy 'databases: [shop]'
  one=$(cat "$HIKAE_POLICY")
  # One PostgreSQL source need not be named; the newest generation of all is a folder's.
  cat >"$HIKAE_POLICY" <<<"${one/destinations:/  letters: {files: [$PWD/letters]\}
destinations:}"
  hikae -q run
  hikae -q run --source letters
  run -0 hikae postgres restore --database shop=shop_unnamed --dry-run
  assert_says "─▶ the server at $BATS_FILE_TMPDIR/live/.s.PGSQL.54322" "shop → new database shop_unnamed"
  # Of two, the name decides, or the snapshot.
  cat >"$HIKAE_POLICY" <<<"${one/destinations:/  second: {postgres: {data_directory: $BATS_FILE_TMPDIR/other/data, databases: [books], method: [logical, physical]\}\}
destinations:}"
  hikae -q run --source second
  run -1 hikae postgres restore --database books=books_again
  assert_says "The policy has several PostgreSQL sources: database second." "--source NAME"
  run -1 hikae postgres restore --target "$PWD/copy"
  assert_says "The policy has several PostgreSQL sources: database second."
  books=$(hikae snapshots -d store --tag hikae:source=second --json | json 'j[0]["id"]')
  run -0 hikae postgres restore --database books=books_again --verify "$books"
  assert_says "─▶ the server at $BATS_FILE_TMPDIR/other/.s.PGSQL.54322"
  [ "$(sql other books_again "SELECT count(*) FROM title")" = 70 ]
  [ "$(sql live postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'books%'")" = 0 ]
  run -0 hikae postgres restore --target "$PWD/copy" --dry-run "$books"
  # Into the other server only when it is said.
  run -0 hikae postgres restore --source database --database books=books_here "$books"
  [ "$(sql live books_here "SELECT count(*) FROM title")" = 70 ]
  sql live postgres "DROP DATABASE books_here"
  # The policy does not know the source any more.
  echo "$one" >"$HIKAE_POLICY"
  run -1 hikae postgres restore --database books=books_third "$books"
  assert_says "The policy does not tell which server snapshot ${books:0:8} is of." "--host"
  run -0 hikae postgres restore --database books=books_third --data-directory "$BATS_FILE_TMPDIR/other/data" "$books"
  [ "$(sql other books_third "SELECT count(*) FROM title")" = 70 ]
  run -1 hikae postgres restore --source letters --database books
  assert_says "The policy has no PostgreSQL source letters."
  sed -i "s|postgres:|files: [$PWD/letters]|; /data_directory/d; /databases:/d" "$HIKAE_POLICY"
  run -1 hikae postgres restore --database books
  assert_says "The policy has no PostgreSQL source." "--data-directory DIR"
  stop_cluster other immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/other"
}

@test "restore everything onto a new server: pg_dumpall tells no difference" {
  write_policy
  hikae -q run
  start_cluster fresh
  run -0 restore --all --globals --host "$BATS_FILE_TMPDIR/fresh" --port 54322 --verify
  assert_says "The role postgres is there already" "→ new role clerk"
  diff <(whole_of live) <(whole_of fresh)
  # The same from the repository alone, without the policy.
  stop_cluster fresh immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/fresh"
  start_cluster fresh
  snapshot=$(stock_restic snapshots --json latest | json 'j[0]["id"]')
  HIKAE_POLICY=/nonexistent run -0 hikae -r store -p password postgres restore --globals --database shop \
    --host "$BATS_FILE_TMPDIR/fresh" --port 54322 "$snapshot"
  [ "$(sql fresh shop "SELECT count(*) FROM ledger")" = 5000 ]
  stop_cluster fresh immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/fresh"
}

@test "of several databases each is restored that can be; the same command with --skip-existing restores the rest" {
  write_policy 'databases: [shop, "odd/name %"]'
  hikae -q run
  start_cluster bare
  sql bare postgres "CREATE DATABASE shop LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
  # No roles there: shop belongs to one, the other database to none.
  run -1 restore --all --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says 'role "accounting" does not exist' "restored odd/name %" "1 of 2 databases was not restored: shop" "--skip-existing"
  assert_says "The empty database shop has UTF8, C; the dumped one had UTF8, C.UTF-8"
  # What came of it is no restored database.
  sql bare shop "CREATE TABLE came (n int)"
  run -1 restore --all --globals --skip-existing --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "a restore into it did not come to its end" "Drop it"
  sql bare postgres "DROP DATABASE shop"
  sql bare "odd/name %" "CREATE TYPE mood AS ENUM ('good')"
  run -1 restore --all --globals --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "exists and is not empty" "--skip-existing"
  sql bare postgres "CREATE DATABASE shop LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0"
  [ "$(hikae postgres restore --all --globals --skip-existing --host "$BATS_FILE_TMPDIR/bare" --port 54322 --json |
    json '[d["status"] for d in j["databases"]]')" = "['skipped', 'restored']" ]
  [ "$(sql bare postgres "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop'")" = "what is sold" ]
  [ "$(sql bare "odd/name %" "SELECT 'good'::mood")" = good ]
  [ "$(sql bare shop "SELECT count(*) FROM ledger")" = 5000 ]
  stop_cluster bare immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/bare"
}

@test "a postmaster.pid whose process is another one now leads to no other server" {
  start_cluster other
  stop_cluster other immediate
  # As a crash leaves it, with the port of the server that runs and a process that is alive.
  sed "1s/.*/$$/; s|$BATS_FILE_TMPDIR/live/data|$BATS_FILE_TMPDIR/other/data|" "$BATS_FILE_TMPDIR/live/data/postmaster.pid" |
    as_postgres tee "$BATS_FILE_TMPDIR/other/data/postmaster.pid" >/dev/null
  write_policy
  hikae -q run
  sed -i "s|live/data|other/data|" "$HIKAE_POLICY"
  run -1 hikae run
  assert_says "is not the one of" "stale"
  run -1 restore --database shop=again
  assert_says "is not the one of"
  [ "$(sql live postgres "SELECT count(*) FROM pg_database WHERE datname = 'again'")" = 0 ]
  rm -rf "${BATS_FILE_TMPDIR:?}/other"
}

@test "globals that fail can be given again, and lose nothing" {
  sql live postgres "CREATE ROLE aboss LOGIN IN ROLE accounting; CREATE ROLE zoe IN ROLE aboss"
  sql live postgres "ALTER ROLE aboss SET plpgsql.bogus = '1'; ALTER ROLE clerk SET search_path = clerk"
  write_policy 'databases: [shop]'
  hikae -q run
  # Where plpgsql is loaded it refuses settings that it does not know.
  start_cluster bare "session_preload_libraries = 'plpgsql'"
  run -1 restore --all --globals --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "plpgsql.bogus"
  [ "$(sql bare postgres "SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'")" = 1 ]
  sed -i '/session_preload/d' "$BATS_FILE_TMPDIR/bare/data/postgresql.conf"
  as_postgres pg_ctl -D "$BATS_FILE_TMPDIR/bare/data" -s reload
  run -0 restore --all --globals --host "$BATS_FILE_TMPDIR/bare" --port 54322
  diff <(pg live pg_dumpall -r | grep "aboss\|zoe\|clerk\|accounting") <(pg bare pg_dumpall -r | grep "aboss\|zoe\|clerk\|accounting")
  [ "$(sql bare postgres "SELECT datconnlimit FROM pg_database WHERE datname = 'shop'")" = -1 ]
  stop_cluster bare immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/bare"
  sql live postgres "ALTER ROLE clerk RESET search_path; DROP ROLE zoe; DROP ROLE aboss"
}

@test "a database is not taken for restored before its rights are back, and is verified as what it is" {
  sql live postgres "CREATE ROLE guest"
  sql live postgres "CREATE DATABASE model"
  sql live model "CREATE TABLE t AS SELECT n FROM generate_series(1, 3) n"
  sql live postgres "COMMENT ON DATABASE model IS 'the model'; REVOKE CONNECT ON DATABASE model FROM PUBLIC; GRANT CONNECT ON DATABASE model TO guest"
  sql live postgres "ALTER DATABASE model IS_TEMPLATE true"
  install -d -o postgres -g postgres -m 700 "$BATS_FILE_TMPDIR/live/elsewhere"
  sql live postgres "CREATE TABLESPACE elsewhere LOCATION '$BATS_FILE_TMPDIR/live/elsewhere'"
  write_policy 'databases: [model, "odd/name %"]'
  hikae -q run
  sql live postgres "DROP TABLESPACE elsewhere"
  start_cluster bare
  to_bare() { restore --host "$BATS_FILE_TMPDIR/bare" --port 54322 "$@"; }
  # The role that gets a right is missing: what was made goes, a template too.
  run -1 to_bare --database model
  assert_says 'role "guest" does not exist'
  [ "$(sql bare postgres "SELECT count(*) FROM pg_database WHERE datname = 'model'")" = 0 ]
  # What was there, empty, stays and says what it is.
  sql bare postgres "CREATE DATABASE model"
  run -1 to_bare --database model
  run -1 to_bare --all --skip-existing
  assert_says "a restore into it did not come to its end"
  sql bare postgres "DROP DATABASE model"
  # The tablespace's folder is gone.
  rmdir "$BATS_FILE_TMPDIR/live/elsewhere"
  run -1 to_bare --all --globals
  assert_says "elsewhere"
  run -0 to_bare --all --globals --no-tablespaces
  [ "$(sql bare postgres "SELECT datistemplate, shobj_description(oid, 'pg_database'), has_database_privilege('guest', oid, 'CONNECT')
    FROM pg_database WHERE datname = 'model'")" = "t|the model|t" ]
  run -0 to_bare --all --skip-existing --verify
  assert_says "model: every table has as many rows"
  # A view in the table's place would run its owner's words in the name of who counts.
  sql bare model "DROP TABLE t; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN CREATE ROLE trapped; RETURN 1; END'"
  sql bare model "CREATE VIEW t AS SELECT f() AS n FROM generate_series(1, 3)"
  run -1 to_bare --all --skip-existing --verify
  assert_says "public.t: 0 rows, but the backup had 3"
  [ "$(sql bare postgres "SELECT count(*) FROM pg_roles WHERE rolname = 'trapped'")" = 0 ]
  stop_cluster bare immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/bare"
  sql live postgres "ALTER DATABASE model IS_TEMPLATE false"
  sql live postgres "DROP DATABASE model"
  sql live postgres "DROP ROLE guest"
}

@test "nothing is restored among the files of a running server, nor to another server than was meant" {
  write_policy 'databases: [shop]'
  hikae -q run
  run -1 hikae restore latest --target "$BATS_FILE_TMPDIR/live/data"
  assert_says "where a PostgreSQL server works"
  run -1 hikae restore latest --target "$BATS_FILE_TMPDIR/live/data/sub/folder"
  assert_says "where a PostgreSQL server works"
  [ ! -e "$BATS_FILE_TMPDIR/live/data/sub" ]
  run -1 restore --database shop=again --port 5999
  assert_says "--port alone" "--host"
  run -1 restore --database shop=template1
  assert_says "Restore to another name"
}

@test "a restore that fails says why and drops what it made" {
  write_policy 'databases: [shop]'
  hikae -q run
  start_cluster bare
  # No roles there.
  run -1 restore --database shop --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says 'role "clerk" does not exist' "--globals"
  [ "$(sql bare postgres "SELECT count(*) FROM pg_database WHERE datname = 'shop'")" = 0 ]
  run -0 restore --database shop --no-owner --host "$BATS_FILE_TMPDIR/bare" --port 54322
  # What was there before is not dropped.
  sql bare postgres "CREATE DATABASE shop_empty"
  run -1 restore --database shop=shop_empty --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "empty database shop_empty" "shop_empty was there before, so it was not dropped"
  [ "$(sql bare postgres "SELECT count(*) FROM pg_database WHERE datname = 'shop_empty'")" = 1 ]
  sql bare postgres "CREATE DATABASE closed ALLOW_CONNECTIONS false"
  run -1 restore --database closed --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "no database closed"
  run -1 restore --database nothing --host "$BATS_FILE_TMPDIR/bare" --port 54322
  assert_says "no database nothing" "shop"
  stop_cluster bare immediate
  rm -rf "${BATS_FILE_TMPDIR:?}/bare"
}

@test "plain SQL is restored by psql" {
  write_policy 'databases: [shop]' 'format: plain'
  hikae -q run
  run -0 restore --database shop=shop_plain --verify
  settings_of() { pg live pg_dump --create -s "$1" | grep -e "^ALTER DATABASE" -e "^GRANT.* ON DATABASE" -e "^COMMENT ON DATABASE"; }
  settings_of shop >expected
  grep -q "SET work_mem" expected
  grep -q "TEMPORARY ON DATABASE" expected
  diff expected <(settings_of shop_plain | sed 's/DATABASE shop_plain/DATABASE shop/')
  [ "$(sql live shop_plain "SELECT count(*) FROM ledger")" = 5000 ]
  sql live postgres "DROP DATABASE shop_plain"
  run -1 restore --database shop=shop_plain --no-owner
  assert_says "plain SQL" "--no-owner has no effect"
}
