#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each exit code of the program, with the message that stands beside it.

load helper

setup_file() { make_base; }
setup() { use_base; }

@test "0: backup, list, restore, check" {
  echo more >"$BATS_TEST_TMPDIR/more"
  run -0 hikae backup "$BATS_TEST_TMPDIR/more"
  assert_says "Snapshot" "saved"
  run -0 hikae snapshots
  assert_says "$BATS_TEST_TMPDIR/more" "3 snapshots"
  run -0 hikae check --read-data
  assert_says "The repository is sound: all data was read and verified."
  assert_restores first
  assert_restores second
}

@test "1: a mistake on the command line" {
  run -1 hikae backup --no-such-option "$first"
  assert_says "--no-such-option" "hikae --help"
  run -1 hikae restore latest
  assert_says "No target was named." "--target"
  run -1 hikae restore
  assert_says "No snapshot was named."
  run -1 hikae backup
  assert_says "Nothing to back up was named."
}

@test "1: a mistake on the command line is told in the reader's language, with the nearest word" {
  run -1 hikae snapshot
  assert_says 'There is no command "snapshot"; did you mean "snapshots"?'
  run -1 hikae restore --inclde x
  assert_says "There is no option --inclde here; did you mean --include?"
  run -1 hikae restore latest --target out --overwrite sometimes
  assert_says '"sometimes" is none of the choices: always, if-changed, if-newer, never'
  export HIKAE_LANGUAGE=ja
  run -1 hikae
  assert_says "コマンドが指定されていません"
  run -1 hikae key lst
  assert_says "「list」ではありませんか"
  run -1 hikae restore --target
  assert_says "--target には値を"
  run -1 hikae prune extra
  assert_says "「extra」は余分です"
  run -1 hikae cat
  assert_says "引数 KIND"
  run -0 hikae restore --help
  assert_says "使い方:" "オプション:" "引数:"
  refute_says "Options:"
}

@test "with --json a failure is restic's exit_error object on standard error, with our hint" {
  failure() { # EXIT-CODE CODE-IN-JSON WORDS-OF-MESSAGE ARGUMENT…
    local code=$1 words=$2
    shift 2
    run --separate-stderr "-$code" hikae "$@"
    [ -z "$output" ]
    [ "$(json 'sorted(j)' <<<"$stderr")" = "['code', 'hint', 'message', 'message_type']" ]
    [ "$(json '[j["message_type"], j["code"]]' <<<"$stderr")" = "['exit_error', $code]" ]
    output=$stderr assert_says "$words"
  }
  export HIKAE_LANGUAGE=ja  # programs are told in English
  failure 10 "There is no repository at" snapshots --json -r "$BATS_TEST_TMPDIR/nowhere"
  failure 1 "No target was named." restore latest --json
  failure 1 "There is no command" --json snapshot
  echo wrong >file
  failure 12 "" --json -p file snapshots
  printf 'version: 1\nnmae: x\nsorces: {}\n' >policy.yaml
  run --separate-stderr -1 hikae policy show --json --policy policy.yaml
  [ "$(json 'j["message"].lower().count("did you mean")' <<<"$stderr")" = 2 ]
}

@test "1: an output that cannot be written is not passed over" {
  code=0
  hikae snapshots >/dev/full 2>err || code=$?
  [ "$code" -eq 1 ]
  output=$(cat err) assert_says "Standard output cannot be written" "No space left on device"
}

@test "141: output that nobody reads any more; no lock stays, and a backup comes to its end" {
  # More than a pipe holds.
  mkdir many
  (cd many && seq -f 'a-file-with-a-rather-long-name-%05g' 4000 | xargs touch)
  hikae -q backup "$PWD/many"
  set +o pipefail
  hikae ls latest | head -n 1 >/dev/null
  [ "${PIPESTATUS[0]}" = 141 ]
  run -0 hikae snapshots
  [[ $output != *"stale lock"* ]]
  hikae backup --json "$PWD/many" | true
  hikae snapshots --json >listed
  [ "$(json 'sum(s["paths"] == ["'"$PWD"'/many"] for s in j)' <listed)" = 2 ]
  [ -z "$(ls "$repo/locks" 2>/dev/null)" ]
}

@test "a closed standard stream is held open, so that no file of the repository gets its number" {
  mkdir source
  echo 1 >source/one
  mkfifo patterns  # the program waits for its other end, and can be looked at
  "$HIKAE" backup --exclude-file patterns source <&- >&- 2>&- 3>&- &
  local pid=$! fd
  for fd in 0 1 2; do wait_until [ "/proc/$pid/fd/$fd" -ef /dev/null ]; done
  : >patterns
  wait "$pid"
  assert_restic_is_content
}

@test "names cannot drive the terminal" {
  evil=$'evil\e[31m\e]0;title\a\xe2\x80\xaetxt.exe'
  run -1 hikae backup "$evil"
  assert_says 'evil\x1b[31m\x1b]0;title\x07\xe2\x80\xaetxt.exe'
  refute_says $'\e'
  mkdir source
  echo 1 >"source/$evil"
  run -0 hikae backup --tag "$evil" --host "$evil" source
  refute_says $'\e'
  for verb in snapshots "snapshots --group-by host" "ls latest" "ls -l latest" "forget --keep-last 1 --dry-run" "restore latest -n -v -t $evil"; do
    run -0 hikae $verb
    assert_says 'evil\x1b[31m'
    refute_says $'\e'
  done
}

@test "1: a snapshot that does not exist, and one that is not unique" {
  run -1 hikae restore 00000000 --target out
  assert_says "00000000" "hikae snapshots"
  [ ! -e out ]
  run -1 hikae restore latest --host elsewhere --target out
  assert_says "hikae snapshots"
}

@test "1: a source that is missing or empty never becomes an empty backup" {
  run -1 hikae backup "$BATS_TEST_TMPDIR/missing"
  assert_says "$BATS_TEST_TMPDIR/missing" "No such file or directory"
  mkdir empty
  run -1 hikae backup empty
  assert_says "There is nothing to back up"
  run -0 hikae snapshots
  assert_says "2 snapshots"
  run -0 hikae backup --allow-empty empty
}

@test "3: an unreadable file is named, the rest is saved" {
  mkdir -p source
  echo readable >source/readable
  echo secret >source/unreadable
  chmod 000 source/unreadable
  local as=()
  [ "$(id -u)" -ne 0 ] || as=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search)
  run -3 "${as[@]}" "$HIKAE" backup --json "$BATS_TEST_TMPDIR/source"
  assert_says "source/unreadable" '"unreadable_items":1' '"snapshot_id"'
  run -0 hikae ls latest
  assert_says "source/readable"
  refute_says "source/unreadable"
}

@test "10: no repository" {
  run -10 hikae snapshots -r "$BATS_TEST_TMPDIR/nowhere"
  assert_says "There is no repository at $BATS_TEST_TMPDIR/nowhere" "hikae init"
  [ ! -e nowhere ]
  mkdir folder && touch folder/file
  run -10 hikae backup -r "$BATS_TEST_TMPDIR/folder" "$first"
  [ "$(ls folder)" = file ]
}

@test "11: a live lock is reported with who holds it" {
  mkfifo feed
  restic backup -q --stdin <feed 3>&- &
  local restic=$!
  exec 9>feed
  wait_until has_file_in "$repo/locks"
  run -11 hikae prune
  assert_says "process $restic" "$(hostname)" "--retry-lock"
  # Nothing tells whether that process is really gone: the lock stays, and unlock says so.
  run -0 hikae unlock
  assert_says "No lock had to be removed" "process $restic" "stays" "--remove-all"
  [ "$(hikae unlock --json | json '[len(j["removed"]), j["remaining"][0]["pid"]]')" = "[0, $restic]" ]
  # Readers share the lock.
  run -0 hikae snapshots
  echo fed >&9
  exec 9>&-
  wait "$restic"
  run -0 hikae prune
}

@test "11: --retry-lock waits for the lock" {
  mkfifo feed
  restic backup -q --stdin <feed 3>&- &
  local restic=$!
  exec 9>feed
  wait_until has_file_in "$repo/locks"
  "$HIKAE" prune --retry-lock 1m >waiting 2>&1 9>&- 3>&- &
  local hikae=$!
  echo fed >&9
  exec 9>&-
  wait "$restic"
  wait "$hikae"
}

@test "12: a wrong password" {
  RESTIC_PASSWORD=wrong run -12 hikae snapshots
  assert_says "The password opens none of the repository's keys."
  refute_says "wrong"
  echo wrong >file
  run -12 hikae restore -p file latest --target out
  [ ! -e out ]
}

@test "130: an interrupt leaves no lock and no snapshot" {
  make_large_source source 64
  before=$(find "$repo/data" -type f | wc -l)
  # A shell lets its background jobs ignore the interrupt.
  env --default-signal=INT "$HIKAE" backup --pack-size 4 "$BATS_TEST_TMPDIR/source" >out 2>&1 3>&- &
  local hikae=$!
  more_packs() { [ "$(find "$repo/data" -type f | wc -l)" -gt "$before" ]; }
  wait_until more_packs
  kill -INT "$hikae"
  expect_exit 130 "$hikae"
  [ -z "$(ls "$repo/locks")" ]
  run -0 hikae snapshots
  assert_says "2 snapshots"
}
