#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The repository verbs give what stock restic gives, on the same repository.

load helper

setup_file() { make_base; }
setup() { use_base; }

@test "snapshots --json is restic's array" {
  fields='[[s[k] for k in ("time","tree","paths","hostname","username","tags","id","short_id")] for s in j]'
  ours=$(hikae snapshots --json | json "$fields")
  [ "$ours" = "$(restic snapshots --json | json "$fields")" ]
  [ "$(hikae snapshots --json --tag first | json 'len(j)')" = 1 ]
  [ "$(hikae snapshots --json --latest 1 | json 'len(j)')" = 2 ]
  [ "$(hikae snapshots --json --host elsewhere)" = "[]" ]
  [ "$(hikae snapshots --json --group-by tags | json '[g["group_key"]["tags"] for g in j]')" = "[['first'], ['second']]" ]
}

@test "ls, also of a folder and with --long" {
  diff <(hikae ls latest) <(restic ls -q latest | grep '^/')
  diff <(TZ=Asia/Tokyo hikae ls -l latest) <(TZ=Asia/Tokyo restic ls -q -l latest | grep -v '^$')
  diff <(hikae ls latest "$second/deep") <(restic ls -q latest "$second/deep" | grep '^/')
  run -0 hikae ls "latest:$second/deep"
  [ "$output" = /data ]
  run -1 hikae restore latest:/no/such --target nowhere
  assert_says "holds no /no/such" '"hikae ls"'
  run -1 hikae ls latest:/no/such
  assert_says "/no/such"
  names='import json,sys; print([json.loads(l).get("path") for l in sys.stdin])'
  [ "$(hikae ls --json latest | python3 -c "$names")" = "$(restic ls --json latest | python3 -c "$names")" ]
}

@test "cat prints what restic prints" {
  index=$(basename "$(files_of first index)")
  key=$(basename "$(find "$repo/keys" -type f)")
  pack=$(basename "$(pack_with first data)")
  for what in config "index $index" "key $key"; do
    diff <(hikae cat $what) <(restic cat $what)
  done
  # restic shows the bits of r that count.
  secrets='[j["encrypt"], j["mac"]["k"]]'
  [ "$(hikae cat masterkey | json "$secrets")" = "$(restic cat masterkey | json "$secrets")" ]
  hikae cat pack "$pack" | cmp - "$repo/data/${pack:0:2}/$pack"
  tree=$(hikae cat snapshot latest | json 'j["tree"]')
  hikae cat blob "$tree" | cmp - <(restic cat blob "$tree")
  hikae cat tree latest | cmp - <(restic cat blob "$tree")
  run -1 hikae cat nonsense
  assert_says "nonsense"
  run -1 hikae cat blob 0123
}

@test "stats in every mode" {
  hikae -q backup "$first"
  for mode in restore-size files-by-contents blobs-per-file raw-data; do
    for figure in total_size snapshots_count; do
      [ "$(hikae stats --mode $mode --json | json "j['$figure']")" = \
        "$(restic stats --mode $mode --json | json "j.get('$figure', 3)")" ]
    done
  done
}

@test "backup takes the newest snapshot of the same host and paths as parent" {
  run -0 hikae backup --json "$first"
  [ "$(json '[j["files_new"], j["files_unmodified"], j["data_blobs"]]' <<<"$output")" = "[0, 2, 0]" ]
  run -0 hikae backup --json --force "$first"
  [ "$(json 'j["files_new"]' <<<"$output")" = 2 ]
  run -0 hikae backup --json --host elsewhere "$first"
  [ "$(json 'j["files_new"]' <<<"$output")" = 2 ]
  restic check -q
}

@test "backup --dry-run writes nothing" {
  find "$repo" -type f | sort >before
  echo new >"$BATS_TEST_TMPDIR/new"
  run -0 hikae backup --dry-run "$BATS_TEST_TMPDIR/new"
  assert_says "Nothing was written"
  find "$repo" -type f | sort | diff before -
}

@test "backup: time, tags, excludes, lists of files" {
  mkdir -p source/cache source/kept
  echo a >source/kept/a.txt
  echo b >source/kept/b.LOG
  echo c >source/cache/c
  touch source/cache/.nobackup
  head -c 20000 /dev/zero >source/kept/large
  printf '# a list\n%s/source\n\n' "$PWD" >list
  run -0 env TZ=Asia/Tokyo "$HIKAE" backup --files-from list --iexclude '*.log' --exclude-larger-than 10k \
    --exclude-if-present .nobackup --time "2024-02-29 23:59:58" --tag x,y --tag z --json
  run -0 hikae ls latest --tag x
  assert_says source/kept/a.txt source/cache/.nobackup
  refute_says b.LOG
  refute_says large
  refute_says cache/c
  [ "$(hikae snapshots --json --tag x,z | json '[j[0]["time"], j[0]["tags"]]')" = "['2024-02-29T23:59:58+09:00', ['x', 'y', 'z']]" ]
  run -0 env TZ=UTC "$HIKAE" snapshots
  assert_says "2024-02-29 14:59:58"
}

@test "restore: include, subfolder, overwrite, delete, dry run, verify" {
  run -0 hikae restore latest --tag first --include name --target a
  diff "$first/name" "a$first/name"
  [ ! -e "a$first/deep" ]
  run -0 hikae restore "latest:$second" --target b --verify --json
  [ "$(json '[j["files_verified"], j["errors"]]' <<<"$output")" = "[2, 0]" ]
  diff -r "$second" b
  echo changed >b/name
  touch b/extra
  run -0 hikae restore "latest:$second" --target b --overwrite never
  [ "$(cat b/name)" = changed ]
  run -0 hikae restore "latest:$second" --target b --delete --dry-run -v
  assert_says "overwrite  /name" "delete  /extra" "Nothing was written."
  [ "$(cat b/name)" = changed ]
  run -0 hikae restore "latest:$second" --target b --delete --dry-run
  assert_says "delete  /extra" "Would delete 1 "
  refute_says "overwrite  /name"
  [ "$(hikae restore "latest:$second" --target b --delete --dry-run --json | json '[j["files_deleted"], j["errors"]]')" = "[1, 0]" ]
  [ -e b/extra ]
  run -0 hikae restore "latest:$second" --target b --overwrite if-changed --delete
  diff -r "$second" b
}

@test "restore and backup: patterns that ignore case, also from files" {
  run -0 hikae restore latest --tag first --iinclude NAME --target a
  diff "$first/name" "a$first/name"
  [ ! -e "a$first/deep" ]
  run -0 hikae restore latest --tag first --iexclude DEEP --target b
  [ -e "b$first/name" ] && [ ! -e "b$first/deep" ]
  printf '# a comment\n\nNAME\n' >patterns
  run -0 hikae restore latest --tag first --iinclude-file patterns --target c
  [ -e "c$first/name" ] && [ ! -e "c$first/deep" ]
  run -0 hikae restore latest --tag first --iexclude-file patterns --target d
  [ ! -e "d$first/name" ] && [ -e "d$first/deep/data" ]
  run -0 hikae backup --iexclude-file patterns --tag other "$first"
  run -0 hikae ls latest --tag other
  refute_says "/name"
  for dry in "" -n; do
    run -0 hikae restore latest --tag first --include nmae --target f $dry
    assert_says "Nothing in the snapshot is selected" "hikae ls"
  done
  printf 'good\n[bad\n' >patterns
  for option in --include-file --iinclude-file --exclude-file --iexclude-file; do
    run -1 hikae restore latest --tag first $option patterns --target e
    assert_says "line 2" "[bad"
  done
}

@test "forget --keep-… decides as restic does" {
  for day in 01 02 03 04 05 06 07 08 09 10 11; do
    hikae -q backup --time "2024-03-$day 12:00:00" --tag many "$first"
  done
  ids='[sorted(s["short_id"] for s in g["keep"]) for g in j]'
  for rules in "--keep-last 3" "--keep-daily 4 --keep-weekly 1" "--keep-within 5d" "--keep-monthly 1 --keep-last 2"; do
    ours=$(hikae forget --tag many --dry-run --json $rules | json "$ids")
    [ "$ours" = "$(restic forget --tag many --dry-run --json $rules | json "$ids")" ]
  done
  run -0 hikae forget --tag many --keep-daily 2
  assert_says "Keep 2 snapshots" "Remove 9 snapshots" "daily 2"
  run -0 hikae snapshots --tag many
  assert_says "2 snapshots"
}

@test "forget never empties a group by accident" {
  run -1 hikae forget
  assert_says "No rule says what to keep"
  run -1 hikae forget --keep-tag nobody-has-it
  assert_says "nothing was removed"
  run -1 hikae forget --unsafe-allow-remove-all
  run -1 hikae forget --keep-last -2
  run -0 hikae snapshots
  assert_says "2 snapshots"
  run -0 hikae forget --unsafe-allow-remove-all --tag first
  run -0 hikae snapshots
  assert_says "1 snapshot."
}

@test "forget --prune frees the space, and restic agrees" {
  size() { du -sb "$repo/data" | cut -f 1; }
  before=$(size)
  run -0 hikae forget --prune --keep-tag second --group-by ""
  assert_says "remove" "no snapshot needs it" "freed"
  [ "$(size)" -lt $((before - 250000)) ]
  assert_restic_is_content
  assert_restores second
  run -0 hikae prune
  assert_says "There was nothing to prune."
  [ "$(hikae prune --json | json 'j["packfiles"]["remove_total"]')" = 0 ]
}

@test "prune --dry-run shows the plan restic makes" {
  hikae -q forget --keep-tag second --group-by ""
  figures='[j["blobs"][k] for k in ("used","unused","total","remove_total","remaining")]+[j["bytes"]["used"]]'
  run -0 hikae prune --dry-run --json
  ours=$(json "$figures" <<<"$output")
  [ "$ours" = "$(python3 - "$output" <<'END'
import json, sys
b = json.loads(sys.argv[1])
print([b["blobs"]["used"], b["blobs"]["unused"], b["blobs"]["used"] + b["blobs"]["unused"],
       b["blobs"]["unused"], b["blobs"]["used"], b["bytes"]["used"]])
END
  )" ]
  run -0 restic prune --dry-run -v
  assert_says "$(json '"used:         %10d blobs" % j["blobs"]["used"]' <<<"$(hikae prune --dry-run --json)")"
  run -0 hikae prune --dry-run
  assert_says "Nothing was deleted (--dry-run)."
}

@test "keys: add, change, remove" {
  echo second-password >two
  run -0 hikae key add --new-password-file two
  RESTIC_PASSWORD=second-password run -0 restic snapshots
  echo third-password >three
  RESTIC_PASSWORD=second-password run -0 hikae key passwd --new-password-file three
  RESTIC_PASSWORD=second-password run -12 hikae snapshots
  [ "$(hikae key list --json | json 'len(j)')" = 2 ]
  own=$(hikae key list --json | json '[k["id"] for k in j if k["current"]][0]')
  run -1 hikae key remove "$own"
  RESTIC_PASSWORD=third-password run -0 hikae key remove "${own:0:10}"
  run -12 hikae snapshots
  : >empty
  RESTIC_PASSWORD=third-password run -1 hikae key add --new-password-file empty
}

@test "check --read-data-subset" {
  run -0 hikae check --read-data-subset 1/2 --json
  first_half=$(json 'j["packs_read"]' <<<"$output")
  run -0 hikae check --read-data-subset 2/2 --json
  second_half=$(json 'j["packs_read"]' <<<"$output")
  [ $((first_half + second_half)) -eq "$(find "$repo/data" -type f | wc -l)" ]
  run -0 hikae check --read-data-subset 50%
  assert_says "Not all data was read"
  for wrong in 0/2 3/2 0% 101% x; do run -1 hikae check --read-data-subset $wrong; done
}

@test "every verb speaks Japanese" {
  export HIKAE_LANGUAGE=ja
  is_japanese() { LC_ALL=C grep -qaE $'\xe3(\x81|\x82|\x83)' <<<"$output"; }  # kana, as bytes: the locale may know none
  for verb in snapshots "check --read-data" "stats" "prune --dry-run" "forget --keep-last 1 --dry-run" "key list" \
    "backup --dry-run $first" "restore latest --target out" "unlock" "ls --help"; do
    run -0 hikae $verb
    is_japanese
    refute_says "napshot"
  done
  run -10 hikae snapshots -r "$BATS_TEST_TMPDIR/nowhere"
  is_japanese
  assert_says "$BATS_TEST_TMPDIR/nowhere"
}

@test "completion knows the verbs and their options" {
  hikae completion bash >script
  source ./script
  COMP_WORDS=(hikae bac) COMP_CWORD=1
  _hikae
  [ "${COMPREPLY[*]}" = backup ]
  COMP_WORDS=(hikae -q backup --exclude-c) COMP_CWORD=3
  _hikae
  [ "${COMPREPLY[*]}" = --exclude-caches ]
  COMP_WORDS=(hikae key "") COMP_CWORD=2
  _hikae
  [ "${COMPREPLY[*]}" = "list add remove passwd" ]
  hikae completion fish | grep -q -- "-l read-data-subset"
  hikae completion zsh | grep -q "^#compdef hikae"
  run -1 hikae completion tcsh
}
