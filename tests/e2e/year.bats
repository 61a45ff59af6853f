#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A simulated year; HIKAE_YEAR_DAYS makes it shorter.

load helper
load due

setup() {
  make_machine
  head -c 1000000 /dev/urandom >source/base
  # Complete or not there at all: it may be killed together with whoever calls it.
  mkdir mails
  cat >sendmail <<END
#!/bin/sh
cat >"$BATS_TEST_TMPDIR/mails/.\$\$" && mv "$BATS_TEST_TMPDIR/mails/.\$\$" "$BATS_TEST_TMPDIR/mails/\$(date +%s%N).\$\$"
END
  chmod 755 sendmail
  cat >>policy.yaml <<END
notify:
  email: {to: [it@example.com], sendmail: $BATS_TEST_TMPDIR/sendmail, on: [success, failure]}
END
  # As root, destinations can be taken away: each is a mount of its own.
  [ "$(id -u)" -eq 0 ] && is_tmp_on_root || return 0
  mkdir disk
  mv nas usb disk/
  mkdir nas usb
  local place
  for place in nas usb; do
    if ! mount --bind "disk/$place" "$place" 2>/dev/null; then
      rmdir nas usb && mv disk/nas disk/usb . && rmdir disk
      return 0
    fi
    echo "$BATS_TEST_TMPDIR/$place" >>mounts
    set_policy "url: $BATS_TEST_TMPDIR/$place" "url: $BATS_TEST_TMPDIR/$place\n    require_mount: true"
  done
}

teardown() { unmount_all; }

@test "a year of daily backups ends with exactly the generations and messages expected" {
  local library
  library=$(dirname "$(faketime_library)")/libfaketimeMT.so.1
  run --separate-stderr python3 "$BATS_TEST_DIRNAME/year.py" "$HIKAE" "$library" "${HIKAE_YEAR_DAYS:-365}"
  echo "$output$stderr" | sed 's/^/# /' >&3
  [ "$status" -eq 0 ]
}
