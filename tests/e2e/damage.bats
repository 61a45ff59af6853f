#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Damaged and truncated files of each kind: what is wrong is said, and what is not hurt still restores.

load helper

setup_file() { make_base; }
setup() { use_base; }

# Both kinds of damage, one after the other.
damage() {
  local how=$1 file=$2
  cp -p "$file" "$BATS_TEST_TMPDIR/saved"
  if [ "$how" = flipped ]; then flip_byte "$file"; else cut_off "$file"; fi
}
undo() { cp -p "$BATS_TEST_TMPDIR/saved" "$1"; }

@test "config" {
  for how in flipped cut; do
    damage $how "$repo/config"
    run -1 hikae snapshots
    assert_says "config" "damaged" 'Copy the file "config" from another destination'
    refute_says '"hikae check"' # it needs the config as well
    run -1 hikae backup "$first"
    assert_says "config" "damaged"
    undo "$repo/config"
  done
  assert_restores first
}

@test "the only key" {
  key=$(find "$repo/keys" -type f)
  for how in flipped cut; do
    damage $how "$key"
    run -1 hikae snapshots
    assert_says "$(basename "$key" | cut -c 1-8)" "damaged"
    undo "$key"
  done
  assert_restores first
}

@test "one key of two: the other one opens, and the damaged one can be removed" {
  damaged=$(basename "$(find "$repo/keys" -type f)")
  echo other >other
  run -0 hikae key add --new-password-file other
  cut_off "$repo/keys/$damaged"
  export RESTIC_PASSWORD=other
  assert_restores second
  run -1 hikae check
  assert_says "${damaged:0:8}"
  run -0 hikae key list
  assert_says "${damaged:0:8}" "damaged"
  run -0 hikae key remove "${damaged:0:8}"
  run -0 hikae check
}

@test "an index file" {
  index=$(files_of second index)
  for how in flipped cut; do
    damage $how "$index"
    run -1 hikae check
    assert_says "$(basename "$index" | cut -c 1-8)" "THE REPOSITORY IS DAMAGED"
    assert_restores first
    run -1 hikae backup "$first"
    assert_says "damaged"
    run -1 hikae prune
    undo "$index"
  done
  assert_restores second
}

@test "a snapshot file" {
  snapshot=$(files_of second snapshots)
  for how in flipped cut; do
    damage $how "$snapshot"
    run -0 hikae snapshots
    assert_says "$(basename "$snapshot" | cut -c 1-8)" "1 snapshot."
    run -1 hikae check
    assert_says "$(basename "$snapshot" | cut -c 1-8)"
    run -1 hikae prune
    assert_says "1 snapshot file cannot be read" "Nothing was deleted."
    assert_restores first
    undo "$snapshot"
  done
  assert_restores second
}

@test "a pack of data" {
  pack=$(pack_with second data)
  snapshot=$(basename "$(files_of second snapshots)")
  for how in flipped cut; do
    damage $how "$pack"
    run -1 hikae check --read-data
    assert_says "$(basename "$pack" | cut -c 1-8)" "THE REPOSITORY IS DAMAGED" "${snapshot:0:8}"
    refute_says "2 of 2 snapshots"
    run -1 hikae restore latest --tag second --target out
    assert_says "deep/data" "damaged"
    # What is not hurt of the same snapshot is there.
    [ "$(cat "out$second/name")" = second ] || [ "$how" = cut ]
    rm -rf out
    assert_restores first
    undo "$pack"
  done
  assert_restores second
}

@test "a pack of trees" {
  pack=$(pack_with second tree)
  for how in flipped cut; do
    damage $how "$pack"
    run -1 hikae check --read-data
    assert_says "$(basename "$pack" | cut -c 1-8)" "THE REPOSITORY IS DAMAGED"
    # A plan does not promise what nobody can give.
    run -1 hikae restore latest --tag second --target out --dry-run
    assert_says "error: " "cannot be restored"
    [ "$(hikae restore latest --tag second --target out --dry-run --json 2>/dev/null | json 'j["errors"] > 0')" = True ]
    run -1 hikae restore latest --tag second --target out
    rm -rf out
    assert_restores first
    undo "$pack"
  done
  assert_restores second
}

@test "a missing pack is found without reading data" {
  rm -f "$(pack_with second data)"
  run -1 hikae check
  assert_says "missing" "1 of 2 snapshots"
  run -1 hikae prune
  assert_says "Nothing was deleted."
  assert_restores first
}

@test "a truncated lock file" {
  name=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
  head -c 20 /dev/urandom >"$repo/locks/$name"
  # Its owner may be at work.
  run -11 hikae snapshots
  assert_says "${name:0:8}" "damaged lock file" "hikae unlock --remove-all"
  run -0 hikae unlock
  assert_says "No lock had to be removed."
  run -0 hikae unlock --remove-all
  assert_says "${name:0:8}"
  assert_restores first
  # Nobody refreshes a lock for half an hour and still holds it.
  head -c 20 /dev/urandom >"$repo/locks/$name"
  touch -d "1 hour ago" "$repo/locks/$name"
  assert_restores second
  [ -z "$(ls "$repo/locks")" ]
}

@test "a folder of keys that is gone" {
  mv "$repo/keys" "$BATS_TEST_TMPDIR/keys"
  run ! hikae snapshots
  assert_says "key"
  mv "$BATS_TEST_TMPDIR/keys" "$repo/keys"
  assert_restores first
}
