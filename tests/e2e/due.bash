# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A policy with two destinations, and the program at any moment: at "2026-03-29 01:00:00" hikae … (UTC).

faketime_library() { ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1; }

# The wall clock only: what the program waits for goes on as it does.
at() {
  local when=$1 library
  shift
  library=$(faketime_library)
  TZ=UTC LD_PRELOAD=$library FAKETIME="@$when" FAKETIME_DONT_FAKE_MONOTONIC=1 "$HIKAE" "${@:2}"
}

# start_at MOMENT ARGUMENTS…: the same beside the test, its output in out; $! is the program itself.
start_at() {
  local when=$1 library
  shift
  library=$(faketime_library)
  TZ=UTC LD_PRELOAD=$library FAKETIME="@$when" FAKETIME_DONT_FAKE_MONOTONIC=1 "$HIKAE" "$@" >out 2>&1 3>&- &
}

# make_machine [ZONE]: source, policy, repositories; the ledger begins at noon of 2026-03-01.
make_machine() {
  [ -n "$(faketime_library)" ] || skip "faketime is not installed (scripts/setup test)"
  cd "$BATS_TEST_TMPDIR" || return
  mkdir source
  echo one >source/one
  echo "$RESTIC_PASSWORD" >password
  chmod 600 password
  export HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml
  cat >policy.yaml <<END
version: 1
name: company
timezone: ${1:-Europe/Berlin}
sources:
  work:
    files: [$BATS_TEST_TMPDIR/source]
destinations:
  nas:
    url: $BATS_TEST_TMPDIR/nas
    min_free: 0
  usb:
    url: $BATS_TEST_TMPDIR/usb
    min_free: 0
encryption:
  password: {file: $BATS_TEST_TMPDIR/password}
schedule:
  backup: daily 02:00
  check: weekly
retention: {daily: 3, weekly: 4}
retry: {attempts: 3, wait: 10m}
END
  hikae -q init >/dev/null
  at "2026-03-01 12:00:00" hikae -q run --due
}

# require_mount takes any mount on the way, and where temporary files have a file system of their own there is one.
is_tmp_on_root() { [ "$(stat -c %d "$BATS_TEST_TMPDIR")" = "$(stat -c %d /)" ]; }
need_tmp_on_root() {
  is_tmp_on_root || skip "temporary files have a file system of their own"
}

generations() { # DESTINATION
  restic -r "$BATS_TEST_TMPDIR/$1" --no-lock snapshots --json | json "len(j)"
}

# Replaces one line of the policy.
set_policy() { # FROM TO
  sed -i "s|$1|$2|" "$HIKAE_POLICY"
}
