#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is missing or damaged in one destination is taken from another; what nobody has is stored again.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  mkdir -p source/deep
  head -c 400000 /dev/urandom >source/deep/data
  echo one >source/small
  cat >policy.yaml <<END
version: 1
name: test
language: en
timezone: Asia/Tokyo
sources:
  files: {files: [$PWD/source]}
destinations:
  nas: {url: $PWD/nas}
  vault: {url: $PWD/vault}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00}
END
  use_policy
  hikae init >/dev/null 2>&1
  hikae -q run >/dev/null
  echo two >source/later
  hikae -q run >/dev/null
}

use_policy() {
  unset RESTIC_PASSWORD
  export HIKAE_POLICY=$BATS_FILE_TMPDIR/policy.yaml
  export HIKAE_STATE_DIR=$BATS_FILE_TMPDIR/state HIKAE_CACHE_DIR=$BATS_FILE_TMPDIR/cache
}

setup() {
  use_policy
  cd "$BATS_TEST_TMPDIR"
  cp -a "$BATS_FILE_TMPDIR/nas" "$BATS_FILE_TMPDIR/vault" .
  sed -E "s#$BATS_FILE_TMPDIR/(nas|vault)#$PWD/\1#" "$HIKAE_POLICY" >policy.yaml
  export HIKAE_POLICY=$PWD/policy.yaml
}

largest_pack() { find "$1/data" -type f -printf '%s %p\n' | sort -rn | head -n 1 | cut -d ' ' -f 2; }
smallest_pack() { find "$1/data" -type f -printf '%s %p\n' | sort -n | head -n 1 | cut -d ' ' -f 2; }
stock_check() { restic -r "$1" --password-file "$BATS_FILE_TMPDIR/password" check -q --read-data >&2; }
json() { python3 -c "import json,sys; j=[json.loads(l) for l in sys.stdin]; print($1)"; }

@test "a damaged and a missing pack come whole from the other destination" {
  damaged=$(largest_pack nas)
  missing=$(smallest_pack nas)
  flip_byte "$damaged" 1000
  rm -f "$missing"
  run -1 hikae check -d nas --read-data
  run -1 hikae check -d nas --read-data --repair-from vault --dry-run
  assert_says "would replace pack $(basename "$damaged") (damaged)" "would replace pack $(basename "$missing") (missing)" \
    "vault" "Nothing was changed"
  [ ! -e "$missing" ]
  run -0 hikae check -d nas --read-data --repair-from vault
  assert_says "repaired from vault: pack $(basename "$damaged")" "warning" "is healed: 2 repairs"
  run -0 hikae check -d nas --read-data
  cmp "$missing" "vault/data/$(basename "$(dirname "$missing")")/$(basename "$missing")"
  stock_check nas
  stock_check vault
}

@test "everything of a destination but its keys and config is lost" {
  rm -f nas/index/* nas/data/*/*
  run -0 hikae check -d nas --repair-from auto
  assert_says "is healed"
  stock_check nas
  run -0 hikae restore -d nas latest --target out
  diff -r "$BATS_FILE_TMPDIR/source" "out$BATS_FILE_TMPDIR/source"
}

@test "a lost index is rebuilt from the packs, with no other destination" {
  rm -f nas/index/*
  run -1 hikae check -d nas
  run -0 hikae check -d nas --repair-from none
  assert_says "is healed" "named by no index file"
  stock_check nas
}

@test "a damaged index file is replaced by a new one" {
  for index in nas/index/*; do cut_off "$index"; done
  rm -f "$(largest_pack nas)"
  run -0 hikae check -d nas --repair-from vault --json
  [ "$(json '[i["healed"] for i in j if i["message_type"] == "repair"]' <<<"$output")" = "[True]" ]
  stock_check nas
}

@test "what nobody has is reported, and stored again by the next backup" {
  rm -f "$(largest_pack nas)" "$(largest_pack vault)"
  run -1 hikae check -d nas --repair-from vault
  assert_says "LOST: pack" "$BATS_FILE_TMPDIR/source/deep/data" "STILL DAMAGED" "stored again by the next backup"
  run -1 hikae check -d vault --repair-from none --json
  [ "$(json '[i["lacking"][0]["path"] for i in j if i["message_type"] == "repair"][0]' <<<"$output")" = \
    "$BATS_FILE_TMPDIR/source/deep/data" ]
  run -0 hikae run
  assert_says "read again"
  # Also the generations that lacked it are whole.
  run -0 hikae check -d nas --read-data
  stock_check nas
  stock_check vault
}

@test "an unknown place, itself, and a policy without another destination" {
  run -0 hikae check -d nas --repair-from vault
  rm -f "$(largest_pack nas)"
  run -1 hikae check -d nas --repair-from nas
  assert_says "itself"
  run -1 hikae check -d nas --repair-from nowhere
  assert_says "nowhere" "nas vault"
  sed -i '/vault:/d' policy.yaml
  run -1 hikae check --repair-from auto
  assert_says "no other destination" "--repair-from none"
  run -1 hikae check --dry-run
  assert_says "--repair-from"
}

# Restores fall over to another destination, blob by blob.

restores_whole() { # DIRECTORY
  diff -r "$BATS_FILE_TMPDIR/source" "$1$BATS_FILE_TMPDIR/source"
}

@test "a restore takes what is damaged or missing from another destination" {
  flip_byte "$(largest_pack nas)" 1000
  rm -f "$(smallest_pack nas)"
  run -0 hikae restore --source files --target out
  assert_says "warning" "blobs" "were taken from vault" "$PWD/nas"
  restores_whole out
  # Said which gave how many; nothing is asked of the other one where nothing is wrong.
  run -0 hikae restore --source files --target again --json
  [ "$(json '[i["stood_in"][0]["destination"] for i in j if "stood_in" in i]' <<<"$(grep summary <<<"$output")")" = "['vault']" ]
  run -0 hikae check -d nas --read-data --repair-from auto
  run -0 hikae restore --source files --target healed
  refute_says "taken from"
  restores_whole healed
}

@test "a restore without a single pack or index file of the nearest destination" {
  rm -f nas/data/*/* nas/index/*
  run -0 hikae restore --source files --target out --verify
  assert_says "were taken from vault"
  restores_whole out
  run -0 hikae restore --source files "latest:$BATS_FILE_TMPDIR/source/deep" --target part
  cmp part/data "$BATS_FILE_TMPDIR/source/deep/data"
}

@test "with -d a restore keeps to that destination" {
  flip_byte "$(largest_pack nas)" 1000
  run -1 hikae restore -d nas latest --target out
  assert_says "deep/data" "damaged"
  refute_says "taken from"
}

@test "what is damaged at the same place everywhere fails, and the rest is restored" {
  flip_byte "$(largest_pack nas)" 1000
  flip_byte "$(largest_pack vault)" 1000
  run -1 hikae restore --source files --target out
  assert_says "deep/data" "damaged"
  cmp "out$BATS_FILE_TMPDIR/source/small" "$BATS_FILE_TMPDIR/source/small"
}
