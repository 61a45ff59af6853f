#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The repository verbs on a policy's destinations.

load helper
load due

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  mkdir -p letters numbers
  echo a >letters/a
  echo 1 >numbers/one
  cat >policy.yaml <<END
version: 1
name: test
language: en
timezone: Asia/Tokyo
sources:
  letters: {files: [$PWD/letters]}
  numbers: {files: [$PWD/numbers]}
destinations:
  nas: {url: $PWD/nas}
  vault: {url: $PWD/vault, may_delete: false}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00}
END
  use_policy
  hikae init >/dev/null 2>&1
  hikae -q run >/dev/null
  echo b >letters/b
  hikae -q run >/dev/null
}

use_policy() {
  unset RESTIC_PASSWORD
  export HIKAE_POLICY=$BATS_FILE_TMPDIR/policy.yaml
  export HIKAE_STATE_DIR=$BATS_FILE_TMPDIR/state HIKAE_CACHE_DIR=$BATS_FILE_TMPDIR/cache
}

# Each test has destinations and a policy of its own, beside the same sources.
setup() {
  use_policy
  cd "$BATS_TEST_TMPDIR"
  cp -a "$BATS_FILE_TMPDIR/nas" "$BATS_FILE_TMPDIR/vault" .
  sed -E "s#$BATS_FILE_TMPDIR/(nas|vault)#$PWD/\1#" "$HIKAE_POLICY" >policy.yaml
  export HIKAE_POLICY=$PWD/policy.yaml
}

count() { hikae snapshots -d "$1" --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }

@test "of several destinations snapshots lists all; verbs about one snapshot want one named" {
  run -0 hikae snapshots
  assert_says "Destination nas" "Destination vault"
  [ "$(grep -c "4 snapshots" <<<"$output")" -eq 2 ]
  run -0 hikae snapshots --json
  [ "$(json "sorted((s['destination'], 'time' in s) for s in j)[::4]" <<<"$output")" = "[('nas', True), ('vault', True)]" ]
  run -0 hikae snapshots --json --group-by host
  [ "$(json "[(g['destination'], len(g['snapshots'])) for g in j]" <<<"$output")" = "[('nas', 4), ('vault', 4)]" ]
  # What only one has is found there, and the other says so.
  local id
  id=$(hikae snapshots -d vault --json | json "j[0]['short_id']")
  run -3 hikae snapshots "$id"
  assert_says "$id" "Destination vault" "The snapshots of nas are not listed"
  mv vault away
  run -3 hikae snapshots
  assert_says "Destination nas" "The snapshots of vault are not listed: "
  mv nas gone
  run -10 hikae snapshots
  mv away vault
  mv gone nas
  run -1 hikae ls latest
  assert_says "-d: nas vault"
  run -0 hikae snapshots -d nas
  assert_says "hikae:source=letters" "4 snapshots"
  refute_says "hikae:run="
  run -0 hikae snapshots -d vault -v
  assert_says "hikae:run=" "hikae:policy=test"
  run -1 hikae snapshots -d nowhere
  assert_says "nowhere" "nas vault"
}

@test "of several destinations check and stats take all, one after the other" {
  run -0 hikae check
  assert_says "Destination nas" "Destination vault"
  [ "$(grep -c "Examined 4 snapshots" <<<"$output")" -eq 2 ]
  each='import json,sys; print([[o["destination"], o[sys.argv[1]]] for o in map(json.loads, sys.stdin)])'
  [ "$(hikae check --json | python3 -c "$each" sound)" = "[['nas', True], ['vault', True]]" ]
  run -0 hikae stats
  assert_says "Destination nas" "Destination vault"
  [ "$(hikae stats --json | python3 -c "$each" snapshots_count)" = "[['nas', 4], ['vault', 4]]" ]
  # Where one is named, the objects are restic's.
  [ "$(hikae stats -d nas --json | json '"destination" in j')" = False ]
  # Both are evidence, as if each had been named.
  [ "$(find nas/hikae/evidence -type f | wc -l)" -eq 2 ]
  [ "$(find vault/hikae/evidence -type f | wc -l)" -eq 2 ]
  # One is away: the other is looked at all the same.
  mv nas away
  run -3 hikae check
  assert_says "destination nas: There is no repository" "Destination vault" "sound"
  run -3 hikae stats
  assert_says "destination nas" "Destination vault"
  # What is damaged outweighs what is away.
  truncate -s 20 "$(find vault/index -type f | head -n 1)"
  run -1 hikae check
  assert_says "destination nas" "THE REPOSITORY IS DAMAGED: " "--repair-from auto"
  mv away nas
  run -1 hikae check
  mv nas away && mv vault gone
  run -10 hikae check
  run -10 hikae stats
  run -1 hikae check --read-data --repair-from auto
  assert_says "-d: nas vault"
}

@test "every verb prints the mistakes of a policy alike" {
  sed 's/^sources:/sourcs:/' policy.yaml >mistaken.yaml
  run -1 hikae --policy mistaken.yaml status
  local as_status=$output
  [[ "$as_status" == mistaken.yaml:* ]]
  for verb in "snapshots -d nas" snapshots "stats -d nas" "check -d nas"; do
    # shellcheck disable=SC2086  # words
    run -1 hikae --policy mistaken.yaml $verb
    [ "$output" = "$as_status" ]
  done
}

@test "a mistyped destination is a mistake to tell, not a failed run to record" {
  export HIKAE_STATE_DIR=$PWD/state
  for verb in "run -d" "check -d" "prune -d" "forget -d"; do
    # shellcheck disable=SC2086  # two words
    run -1 hikae $verb nsa
    assert_says 'The policy has no destination "nsa"' "It has: nas vault"
    refute_says "failed" "Snapshot"
  done
  run -1 hikae prune
  assert_says "-d: nas vault"
  [ ! -e state/log/hikae.log ] || [ "$(grep -c failed state/log/hikae.log)" -eq 0 ]
}

@test "a password file that is gone: the error says where the password stands" {
  mv "$BATS_FILE_TMPDIR/password" kept
  for verb in run status "snapshots -d nas"; do
    # shellcheck disable=SC2086
    run -1 hikae $verb
    assert_says "$BATS_FILE_TMPDIR/password" "recovery sheet"
    refute_says "Snapshot"
  done
  mv kept "$BATS_FILE_TMPDIR/password"
}

@test "run and status tell times in the policy's zone, whatever the machine's is" {
  export TZ=America/New_York
  hikae -q run >first
  run -0 hikae status
  assert_says "Times are in Asia/Tokyo."
  local newest
  newest=$(sed -nE 's/^letters +nas +ok +([0-9-]+ [0-9:]+) .*/\1/p' <<<"$output")
  [ $(($(date +%s) - $(TZ=Asia/Tokyo date -d "$newest" +%s))) -lt 60 ]
  run -0 hikae snapshots -d nas
  assert_says "Times are in Asia/Tokyo." "$newest"
  # A generation's time and the reason that names it are of one clock.
  echo "retention: {last: 1}" >>policy.yaml
  run -0 hikae forget -d nas --dry-run
  [ "$(grep -c "$newest .*stands for $newest" <<<"$output")" -ge 1 ]
  # Without a policy, as restic does.
  run -0 hikae snapshots -r nas --password-file "$BATS_FILE_TMPDIR/password"
  assert_says "time zone of this machine" "$(TZ=America/New_York date -d "TZ=\"Asia/Tokyo\" $newest" '+%F %T')"
}

@test "restore --source takes the newest generation from the first destination that works" {
  rm nas/config
  run -0 hikae restore --source letters --target out
  assert_says "nas" "There is no repository"
  diff -r "$BATS_FILE_TMPDIR/letters" "out$BATS_FILE_TMPDIR/letters"
  [ ! -e "out$BATS_FILE_TMPDIR/numbers" ]
  run -0 hikae restore --source letters "latest~1" --target earlier
  [ "$(ls "earlier$BATS_FILE_TMPDIR/letters")" = a ]
  rm vault/config
  run ! hikae restore --source letters --target none
  assert_says "No destination of the policy could give this snapshot."
  run -1 hikae restore --source musik --target none
  assert_says "musik" "letters numbers"
}

@test "restore ID looks for it in every destination" {
  for destination in nas vault; do
    id=$(hikae snapshots -d "$destination" --json | json 'j[0]["short_id"]')
    run -0 hikae restore "$id" --target "$destination-out"
    refute_says warning
    [ -e "$destination-out$BATS_FILE_TMPDIR" ]
  done
  run -1 hikae restore 00000000 --target none
  assert_says "There is no snapshot 00000000." '"hikae snapshots" lists them.'
  refute_says warning
  # One that cannot be read may have it.
  rm nas/config
  run ! hikae restore 00000000 --target none
  assert_says "Destination nas does not serve" "No destination of the policy could give this snapshot."
}

@test "latest from a destination that missed the newest generation says which one has it" {
  export HIKAE_STATE_DIR=$PWD/state
  cp -a "$BATS_FILE_TMPDIR/state" state
  cp -a "$BATS_FILE_TMPDIR/letters" letters
  sed -i "s#$BATS_FILE_TMPDIR/letters#$PWD/letters#" policy.yaml
  hikae -q run
  run -0 hikae restore --source letters --target first
  refute_says "newer generation"
  echo c >letters/c
  mv nas away
  touch nas
  run -3 hikae run
  rm nas && mv away nas
  run -0 hikae restore --source letters --target second
  assert_says "vault has a newer generation of letters" '"-d vault"'
  [ ! -e "second$PWD/letters/c" ]
  run -0 hikae restore --source letters -d vault --target third
  refute_says "newer generation"
  [ -e "third$PWD/letters/c" ]
  # What is older by intention, or completed since, is nothing to warn of.
  run -0 hikae restore --source letters "latest~1" --target earlier
  refute_says "newer generation"
  hikae -q sync
  run -0 hikae restore --source letters --target fourth
  refute_says "newer generation"
  [ -e "fourth$PWD/letters/c" ]
}

@test "forget -d follows the policy, with a reason for each snapshot" {
  run -0 hikae forget -d nas
  assert_says "the policy deletes nothing in nas"
  [ "$(count nas)" = 4 ]
  echo "retention: {last: 1}" >>policy.yaml
  run -0 hikae forget -d nas --dry-run
  assert_says "Source letters:" "Keep 1 snapshot:" "last 1" "Would remove 1 snapshot:"
  [ "$(count nas)" = 4 ]
  # A snapshot that no policy made is not the policy's to delete.
  RESTIC_PASSWORD_FILE="$BATS_FILE_TMPDIR/password" hikae -q backup -r "$PWD/nas" "$BATS_FILE_TMPDIR/letters"
  run -0 hikae forget -d nas --prune
  assert_says "Removed 2 snapshots."
  [ "$(count nas)" = 3 ]
  [ "$(count vault)" = 4 ]
  RESTIC_PASSWORD_FILE=$BATS_FILE_TMPDIR/password restic -r "$PWD/nas" check -q --read-data
}

@test "a record of a forgotten generation goes with a prune once nobody can bring the generation back" {
  [ -n "$(faketime_library)" ] || skip "faketime is not installed (scripts/setup test)"
  sed -i "/numbers:/d" policy.yaml
  HIKAE_STATE_DIR=$PWD/old-state at "$(date -u -d "500 days ago" "+%F %T")" hikae -q run
  oldest() { hikae snapshots -d "$1" --json | json 'min(j, key=lambda s: s["time"])["id"]'; }
  hikae -q forget -d nas "$(oldest nas)"
  record=$(basename nas/hikae/forgotten/*)
  # Young, then old, but the other destination holds the generation.
  for age in 1 450; do
    touch -d "$age days ago" "nas/hikae/forgotten/$record"
    run -0 hikae prune -d nas --dry-run
    refute_says "records of forgotten generations"
  done
  RESTIC_PASSWORD_FILE=$BATS_FILE_TMPDIR/password hikae -q forget -r "$PWD/vault" "$(oldest vault)"
  run -0 hikae -v prune -d nas --dry-run
  assert_says "Removes 1 record of forgotten generations" "older than 400 days" "hikae/forgotten/$record: letters"
  run -0 --separate-stderr hikae prune -d nas --dry-run --json
  [ "$(tail -n 1 <<<"$output" | json 'j["message_type"], j["records"][0]["file"]')" = "forgotten_records $record" ]
  [ -e "nas/hikae/forgotten/$record" ]
  run -0 hikae prune -d nas
  assert_says "Removes 1 record"
  [ ! -e "nas/hikae/forgotten/$record" ]
  # Of the destination where nothing may be deleted it stays.
  [ -n "$(ls vault/hikae/forgotten)" ]
}

@test "may_delete: false holds for forget and prune, not for a look" {
  echo "retention: {last: 1}" >>policy.yaml
  for verb in "forget" "forget latest" "forget --keep-last 1" "prune"; do
    run -1 hikae -d vault $verb
    assert_says "may_delete"
  done
  [ "$(count vault)" = 4 ]
  run -0 hikae prune -d vault --dry-run
  # A run forgets where it may, and says what it leaves.
  run -0 hikae run
  assert_says "4 generations in vault" "may not delete there"
  refute_says "generations in nas"
  [ "$(count nas)" = 2 ]
  [ "$(count vault)" = 6 ]
}

@test "stats --requests sums up what the runs asked of each destination" {
  run -0 hikae stats --requests
  assert_says "nas" "vault" "save" "load"
  hikae stats --requests --json >requests.json
  run -0 python3 -c '
import json
rows = {(r["destination"], r["kind"]): r for r in json.load(open("requests.json"))}
# Two runs; each stores at least a pack, an index and two snapshots, and reads them back.
assert rows["nas", "save"]["requests"] >= 6, rows
assert rows["nas", "save"]["bytes_sent"] > 500, rows
assert rows["vault", "load"]["bytes_received"] > 500, rows
assert rows["nas", "list"]["requests"] > 0, rows'
  run -0 hikae stats --requests --since 1s --json
  run -1 hikae stats --requests --since soon
  assert_says "--since" "soon"
}

@test "plain http is refused where the policy demands AES-256 in transit" {
  for place in "{url: \"rest:http://127.0.0.1:9/\"}" "{url: s3://bucket/x, endpoint: \"http://127.0.0.1:9\"}"; do
    sed "s#  vault: .*#  vault: $place#" "$BATS_FILE_TMPDIR/policy.yaml" >plain.yaml
    sed 's#^encryption:#encryption:\n  in_transit: any#' plain.yaml >any.yaml
    run -0 hikae --policy plain.yaml policy check
    assert_says "vault: plain http"
    run -1 hikae --policy plain.yaml snapshots -d vault
    assert_says "vault: plain http" "in_transit: any"
    run -0 hikae --policy any.yaml policy check
    refute_says "plain http"
  done
}
