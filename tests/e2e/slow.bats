#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Destinations of different speed: the fast one is protected first, the slow one is completed from it.

load helper

setup() {
  unset RESTIC_PASSWORD
  cd "$BATS_TEST_TMPDIR"
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
  write_policy 4M
  make_large_source files 48
  hikae init >/dev/null 2>&1
}

# write_policy RATE: of the line to the slow destination.
write_policy() {
  cat >policy.yaml <<END
version: 1
name: test
language: en
timezone: Asia/Tokyo
sources:
  files: {files: [$PWD/files]}
destinations:
  slow: {url: $PWD/slow${1:+, limit_upload: $1}}
  nas: {url: $PWD/nas}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00}
retention: {last: 7}
END
}

field() { python3 -c "import json,sys; r=json.load(open('report')); print($1)"; }
pack_count() { find "$1/data" -type f ! -name '*tmp*' | wc -l; }
snapshot_count() { find "$1/snapshots" -type f | wc -l; }

assert_both_are_sound() {
  local name
  for name in nas slow; do
    RESTIC_REPOSITORY=$PWD/$name RESTIC_PASSWORD_FILE=$PWD/password assert_restic_is_content || return 1
  done
}

@test "the fast destination does not wait, and the slow one gets the same packs without the source" {
  cp -a files copy
  "$HIKAE" run --json >report 2>errors 3>&- &
  hikae=$!
  wait_until has_file_in nas/snapshots
  [ "$(snapshot_count slow)" -eq 0 ]
  # Nobody reads the source any more.
  rm -rf files
  expect_exit 0 "$hikae"
  [ "$(field 'r["verdict"]')" = ok ]
  [ "$(field '[(o["destination"], o["detached"], o["caught_up"]) for o in r["outcomes"]]')" = \
    "[('slow', True, True), ('nas', False, False)]" ]
  field 'r["milliseconds_to_protect"], r["milliseconds_to_complete"]' >&2
  # 48 MiB take the slow line 12 s.
  [ "$(field 'r["milliseconds_to_complete"] - r["milliseconds_to_protect"] > 5000')" = True ]
  # What the run told, status knows from the journal.
  run -0 --separate-stderr hikae status --json
  [ "$(json 'len(j["protection"])' <<<"$output")" = 1 ]
  protection='[j["protection"][0][name][:19] for name in ("generation", "protected", "completed")]'
  [ "$(json "sorted($protection) == $protection and len(set($protection)) > 1" <<<"$output")" = True ]
  [ "$(json '{s["destination"]: s["sealed"] for s in j["sources"]}["slow"] == j["protection"][0]["completed"]' <<<"$output")" = True ]
  diff -r -x '*-tmp-*' nas/data slow/data
  assert_both_are_sound
  run -0 hikae -d slow restore latest --target restored
  diff -r copy "restored$PWD/files"
}

# What the newest report tells of the slow one: "" when it is complete, else how much has arrived.
arrived() { field '"".join(str(o["filling"]["bytes_done"]) for o in r["outcomes"] if "filling" in o)'; }
filling_figure() { sed -n 's/^hikae_filling{.*destination="slow"} //p' hikae.prom; }

@test "first seeding over several runs: how far and until when is told, a warning and no alarm, and a kill costs nothing" {
  write_policy 4M
  sed -i 's/^schedule: .*/schedule: {backup: daily 02:00, window: 15s}/; s/last: 7/last: 2/' policy.yaml
  echo "metrics: {textfile: $PWD/hikae.prom}" >>policy.yaml
  make_large_source files/more 64
  run -0 --separate-stderr hikae run --json
  echo "$output" >report
  [ "$(field 'r["verdict"], [o["verdict"] for o in r["outcomes"]]')" = "warning ['warning', 'ok']" ]
  first=$(arrived)
  [ "$(field '[0 < o["filling"]["bytes_done"] < o["filling"]["bytes_total"] and o["filling"]["expected"] > r["finished"] for o in r["outcomes"] if "filling" in o]')" = "[True]" ]
  [ "$(snapshot_count slow)" -eq 0 ]

  # So far the same to people and to monitoring: a warning.
  run -0 hikae status
  assert_says "files in slow: " "% of the newest generation have arrived there; the next runs go on, until about"
  refute_says "there is no generation"
  run -0 --separate-stderr hikae status --json
  [ "$(json '[(s["verdict"], "filling" in s) for s in j["sources"]]' <<<"$output")" = "[('warning', True), ('ok', False)]" ]
  run -1 hikae status --nagios
  assert_says "HIKAE WARNING" "have arrived there"
  [ "$(filling_figure)" = 1 ]
  grep -q '^hikae_filling_expected_timestamp_seconds{.*destination="slow"' hikae.prom

  # The machine goes down in the middle of the next run, whose generation is a new one.
  echo new >files/new
  before=$(pack_count slow)
  "$HIKAE" run >out 2>&1 3>&- &
  hikae=$!
  has_more() { [ "$(pack_count slow)" -gt "$before" ]; }
  wait_until has_more
  kill -KILL "$hikae"
  expect_exit 137 "$hikae"

  # Each run goes on where the last one was, with what is newest then; the other one's retention goes on.
  local runs=0 last=$first now
  while true; do
    runs=$((runs + 1))
    [ "$runs" -lt 12 ]
    run -0 --separate-stderr hikae run --json
    echo "$output" >report
    [ "$(snapshot_count nas)" -le 2 ] || { echo "$stderr"; cat report; false; }
    now=$(arrived)
    [ -n "$now" ] || break
    [ "$now" -ge "$last" ]
    [ "$(snapshot_count slow)" -eq 0 ]
    last=$now
  done
  [ "$(field '[o["verdict"] for o in r["outcomes"]]')" = "['ok', 'ok']" ]
  # The newest is there, and nothing that the other one has dropped since.
  times() { hikae snapshots -d "$1" --json | json '"\n".join(sorted(s["time"] for s in j))'; }
  [ "$(times slow | tail -n 1)" = "$(times nas | tail -n 1)" ]
  [ -z "$(comm -23 <(times slow) <(times nas))" ]
  run -0 hikae status
  refute_says "have arrived"
  [ "$(filling_figure)" = 0 ]
  assert_both_are_sound
}

@test "kill -9 while the slow one is completed, then sync" {
  "$HIKAE" run >out 2>&1 3>&- &
  hikae=$!
  wait_until has_file_in nas/snapshots
  before=$(pack_count slow)
  has_more() { [ "$(pack_count slow)" -gt "$before" ]; }
  wait_until has_more
  kill -KILL "$hikae"
  expect_exit 137 "$hikae"
  [ "$(snapshot_count slow)" -eq 0 ]
  stored=$(pack_count slow)
  total=$(pack_count nas)
  [ "$stored" -lt "$total" ]

  write_policy ""
  run -0 hikae sync --dry-run
  assert_says "copy" "1 generation would be copied"
  [ "$(snapshot_count slow)" -eq 0 ]
  run --separate-stderr hikae status --json
  [ "$(json '[r["job"] for r in j["runs"]]' <<<"$output")" = "['backup']" ]
  run -0 hikae sync
  assert_says "Copied 1 of 1 generation"
  run --separate-stderr hikae status --json
  [ "$(json 'j["runs"][0]["job"], j["runs"][0]["verdict"]' <<<"$output")" = "sync ok" ]
  # The killed run has told nobody when the first destination was safe.
  [ "$(json '[(s["destination"], "sealed" in s) for s in j["sources"]]' <<<"$output")" = "[('slow', True), ('nas', False)]" ]
  [ "$(json '"completed" in j["protection"][0]' <<<"$output")" = False ]
  diff -r -x '*-tmp-*' nas/data slow/data
  assert_both_are_sound
  run -0 hikae sync
  assert_says "Each destination holds what the policy wants there."
}

@test "a prune of a destination that is half filled leaves what it has, and what is garbage goes" {
  # A generation that both hold and that is then dropped: garbage in the slow one.
  mkdir other
  mv files/file1? other
  write_policy ""
  hikae -q run >/dev/null
  find slow/data -type f | sort >garbage
  id=$(hikae snapshots -d slow --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
  hikae forget "$id" >/dev/null
  rm files/*
  mv other/* files
  write_policy 4M
  "$HIKAE" run >out 2>&1 3>&- &
  hikae=$!
  wait_until has_file_in nas/snapshots
  has_more() { [ -n "$(find slow/data -type f ! -name '*tmp*' | sort | comm -13 garbage -)" ]; }
  wait_until has_more
  kill -KILL "$hikae"
  expect_exit 137 "$hikae"
  [ "$(snapshot_count slow)" -eq 0 ]
  find slow/data -type f ! -name '*tmp*' | sort | comm -13 garbage - >begun

  run -0 hikae prune -d slow --dry-run
  assert_says "the beginning of a copy"
  run -0 hikae prune -d slow
  find slow/data -type f ! -name '*tmp*' | sort >left
  diff begun left
  # Where nobody can tell what is to be copied, what is young stays.
  mv nas away
  run -0 hikae prune -d slow
  diff begun <(find slow/data -type f ! -name '*tmp*' | sort)
  mv away nas

  write_policy ""
  run -0 hikae sync
  assert_says "Copied 1 of 1 generation"
  [ -z "$(find slow/data -type f ! -name '*tmp*' | sort | comm -13 - begun)" ]
  assert_both_are_sound
}

@test "sync brings back nothing that was forgotten, and deletes nothing" {
  write_policy ""
  hikae -q run >/dev/null
  echo more >files/more
  hikae -q run >/dev/null
  id=$(hikae snapshots -d slow --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
  run -0 hikae forget -d slow "$id"
  [ "$(snapshot_count slow)" -eq 1 ]
  run -0 hikae sync
  [ "$(snapshot_count slow)" -eq 1 ]
  [ "$(snapshot_count nas)" -eq 2 ]
  hikae -q run >/dev/null
  [ "$(snapshot_count slow)" -eq 2 ]
}

@test "sync with a destination that is away" {
  write_policy ""
  hikae -q run >/dev/null
  mv slow away
  run -3 hikae sync
  assert_says "$PWD/slow"
  mv nas nas-away
  run -10 hikae sync
  mv nas-away nas
  mv away slow
  run -1 hikae sync -d nowhere
  assert_says "nowhere" "slow nas"
}

@test "sync completes only the destination that is named" {
  write_policy ""
  hikae -q run --only-destination nas >/dev/null
  run -0 hikae sync -d nas
  [ "$(snapshot_count slow)" -eq 0 ]
  run -0 hikae sync -d slow --json
  [ "$(snapshot_count slow)" -eq 1 ]
  echo "$output" >report
  [ "$(field '[(g["destination"], g["from"], g["action"]) for g in r["generations"]]')" = "[('slow', 'nas', 'copy')]" ]
}

@test "forget without -d means every destination, also one that comes back later" {
  write_policy ""
  hikae -q run >/dev/null
  echo more >files/more
  hikae -q run >/dev/null
  id=$(hikae snapshots -d nas --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
  run -0 hikae forget --dry-run "$id"
  assert_says "Destination slow" "Destination nas"
  [ "$(snapshot_count nas)" -eq 2 ]
  run -1 hikae forget --prune "$id"
  run -1 hikae forget 0123456789
  # One destination is away: the other drops its own, and the one that comes back does not give it out again.
  mv slow away
  run -3 hikae forget "$id"
  assert_says "$PWD/slow" "Removed 1 snapshot."
  [ "$(snapshot_count nas)" -eq 1 ]
  mv away slow
  run -0 hikae sync
  assert_says "stays away"
  [ "$(snapshot_count nas)" -eq 1 ]
  [ "$(snapshot_count slow)" -eq 2 ]
  # "latest" is the same generation everywhere.
  run -0 hikae forget latest
  [ "$(snapshot_count nas)" -eq 0 ]
  [ "$(snapshot_count slow)" -eq 1 ]
  hikae sync --json >report
  [ "$(field '[(g["destination"], g["action"]) for g in r["generations"] if g["action"] != "present"]')" = \
    "[('nas', 'forgotten')]" ]
}
