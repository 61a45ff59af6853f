#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats and the helper set the rest
# hikae verify-packs: on the machine that holds the files, without the password.

setup_file() {
  load helper
  make_base
}
setup() {
  load helper
  use_base
  unset RESTIC_PASSWORD
}

@test "verify-packs is content with a whole repository, without its password" {
  run hikae verify-packs "$repo"
  [ "$status" -eq 0 ]
  assert_says ", all as stored."
}

@test "verify-packs names each damaged file and the next step" {
  pack=$(pack_with second data)
  index=$(files_of first index | head -n 1)
  flip_byte "$pack"
  cut_off "$index"
  run hikae verify-packs "$repo"
  [ "$status" -eq 1 ]
  assert_says "${pack#"$repo"/}: damaged" "${index#"$repo"/}: damaged" "DAMAGED: 2 of" "hikae check --read-data"
}

@test "verify-packs --json says the same" {
  pack=$(pack_with first data)
  flip_byte "$pack"
  run --separate-stderr hikae verify-packs --json "$repo"
  [ "$status" -eq 1 ]
  python3 - "$output" "${pack#"$repo"/}" <<'END'
import json, sys
report = json.loads(sys.argv[1])
assert report["sound"] is False, report
assert [(d["path"], d["problem"]) for d in report["damaged"]] == [(sys.argv[2], "hash_differs")], report
END
}

@test "verify-packs reads a repository that it may not write" {
  need_root
  chmod -R a+rX "$repo"
  chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$BATS_TEST_TMPDIR"
  run setpriv --reuid 65534 --regid 65534 --clear-groups "$HIKAE" verify-packs "$repo"
  [ "$status" -eq 0 ]
}

@test "verify-packs refuses a folder that is no repository" {
  mkdir empty
  run hikae verify-packs empty
  [ "$status" -eq 10 ]
  run hikae verify-packs absent
  [ "$status" -eq 10 ]
  assert_says "absent"
}
