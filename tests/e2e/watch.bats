#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The dead man's alarm: another machine, with a state of its own, looks at the same repositories.

load helper
load ops

# The other machine: the policy and perhaps the password, nothing else. Its clock is moved by days.
other() { # DAYS COMMAND…
  local days=$1
  shift
  env HIKAE_STATE_DIR="$PWD/other-state" HIKAE_CACHE_DIR="$PWD/other-cache" HIKAE_LOG_DIR="$PWD/other-log" \
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "+${days}d" "$HIKAE" "$@"
}

@test "silence raises the alarm, by the policy's schedule" {
  begin_with
  hikae -q run >/dev/null
  run -0 other 0 watch
  assert_says "Watched: ok"
  run -1 other 3 watch
  assert_says "work in nas: overdue" "work in vault: overdue" "Watched: failed"
  run -1 --separate-stderr other 3 watch --json
  [ "$(json 'j["verdict"], [w["verdict"] for w in j["watched"]]' <<<"$output")" = "failed ['failed', 'failed']" ]
  [ ! -e other-log ]
}

@test "one destination that stays behind is partial" {
  begin_with
  hikae -q run >/dev/null
  # The newer generation reaches one destination only.
  FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f +3d "$HIKAE" -q run --only-destination nas >/dev/null
  run -3 other 3 watch
  assert_says "work in nas: ok" "work in vault: overdue"
}

@test "a machine's own status tells the same" {
  begin_with
  hikae -q run >/dev/null
  FAKETIME_DONT_FAKE_MONOTONIC=1 run -1 faketime -f +3d "$HIKAE" status
  assert_says "overdue"
}

@test "without the password, by the times of the files" {
  begin_with
  hikae -q run >/dev/null
  rm password
  run -1 other 0 watch
  run -0 other 0 watch --without-password
  run -1 other 3 watch --without-password
  assert_says "* in nas: overdue"
  # Without a policy, too.
  unset HIKAE_POLICY
  run -1 hikae watch -r "$PWD/nas"
  assert_says "--max-age 26h"
  run -0 other 1 watch -r "$PWD/nas" --max-age 26h
  run -1 other 2 watch -r "$PWD/nas" --max-age 26h
  run -1 other 0 watch -r "$PWD/nowhere" --max-age 26h
}

@test "another host's generations do not keep the alarm quiet" {
  begin_with
  hikae -q run >/dev/null
  run -0 other 0 watch --host "$(hostname)"
  run -1 other 0 watch --host another
  assert_says "no generation at all"
}

@test "a destination that cannot be read is no good news" {
  begin_with
  hikae -q run >/dev/null
  mv nas away
  run -3 other 0 watch
  assert_says nas
  mv vault gone
  run -1 other 0 watch
}
