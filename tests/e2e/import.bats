#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hikae import: copies of old scripts become generations.

load helper

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset RESTIC_PASSWORD
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
  mkdir -p files daily
  echo live >files/a
  cat >policy.yaml <<END
version: 1
name: test
timezone: Asia/Tokyo
sources:
  files: {files: [$PWD/files]}
destinations:
  disk: {url: $PWD/disk}
  second: {url: $PWD/second}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00}
retention: {daily: 1}
END
  hikae init >/dev/null 2>&1
  # Four days of a tree of twelve files; the oldest one was emptied, the second one hollowed out by find -mtime -delete.
  for day in 20260101 20260102 20260103 20260104; do
    for number in 0 1 2 3 4 5 6 7 8 9 10 11; do
      mkdir -p "daily/$day/share/d$number"
      echo "$day $number" >"daily/$day/share/d$number/file"
    done
  done
  find daily/20260101 -type f -delete
  find daily/20260102/share/d[0-7] -type f -delete
  echo dump >daily/all-2026-01-04.sql
  echo note >daily/README
}

snapshots() { hikae snapshots -d "$1" --json | json "'\n'.join(sorted(s['time'][:10]+' '+','.join(s['tags'])+' '+s['paths'][0].split('/')[-1] for s in j))"; }

@test "the plan first: nothing is written, and hollow trees are named" {
  run -0 hikae import --dry-run daily
  assert_says "2026-01-03" "import into disk, second" "passed over: empty" "20260102: " "hollowed out" "Nothing was imported"
  refute_says "README"
  run -0 hikae snapshots -d disk --json
  [ "$(json 'len(j)' <<<"$output")" -eq 0 ]
}

@test "each copy becomes a generation of its day in every destination, tagged, and restores" {
  local before
  before=$(find daily | sort | sha256sum)
  run -0 hikae import daily
  assert_says "8 snapshots were made"
  run -0 snapshots disk
  [ "$output" = "2026-01-02 hikae:imported=test,hikae:unverified,hikae:hollow 20260102
2026-01-03 hikae:imported=test,hikae:unverified 20260103
2026-01-04 hikae:imported=test,hikae:unverified 20260104
2026-01-04 hikae:imported=test,hikae:unverified all-2026-01-04.sql" ]
  [ "$(snapshots second)" = "$output" ]
  run -0 hikae restore latest -d second --path "$PWD/daily/20260103" --target out
  diff -r daily/20260103 "out$PWD/daily/20260103"
  [ "$(find daily | sort | sha256sum)" = "$before" ]
  RESTIC_PASSWORD_FILE=$PWD/password restic -q -r disk check --read-data
}

@test "a second import adds nothing; a destination that was away is completed" {
  mv second away
  run -3 hikae import daily
  mv away second
  run -0 hikae import daily
  assert_says "import into second" "4 snapshots were made"
  run -0 hikae import daily
  assert_says "there already" "0 snapshots were made"
  [ "$(hikae snapshots -d disk --json | json 'len(j)')" -eq 4 ]
}

@test "no rule counts or deletes them; only asking does" {
  local id
  hikae import daily >/dev/null 2>&1
  hikae -q run >/dev/null
  hikae -q run >/dev/null
  # One generation of the policy's own is kept, and all that was imported.
  [ "$(hikae snapshots -d disk --json | json 'len(j)')" -eq 5 ]
  run -0 hikae status --json
  [ "$(json "j['sources'][0]['generations']" <<<"$output")" -eq 1 ]
  id=$(hikae snapshots -d disk --json | json "[s['id'] for s in j if s['paths'][0].endswith('20260103')][0]")
  hikae forget -d disk "$id" >/dev/null
  [ "$(hikae snapshots -d disk --json | json 'len(j)')" -eq 4 ]
}

@test "mistakes: no such folder, nothing dated in it, an unknown destination" {
  run -1 hikae import nowhere
  assert_says "nowhere"
  mkdir empty
  run -0 hikae import empty
  assert_says "No folder or file there has a date"
  run -1 hikae import daily -d cloud
  assert_says "cloud" "disk second"
}
