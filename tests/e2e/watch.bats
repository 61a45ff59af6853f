#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The dead man's alarm: another machine, with a state of its own, looks at the same repositories.

load helper
load ops
load due
load receivers

# The other machine: the policy and perhaps the password, nothing else. Its clock is moved by days.
other() { # DAYS COMMAND…
  local days=$1
  shift
  env HIKAE_STATE_DIR="$PWD/other-state" HIKAE_CACHE_DIR="$PWD/other-cache" HIKAE_LOG_DIR="$PWD/other-log" \
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "+${days}d" "$HIKAE" "$@"
}

# Checks have their own tests below: whether one was due within some days hangs on the day of the week.
begin_watched() {
  begin_with
  sed -i 's/, check: weekly//' policy.yaml
}

@test "silence raises the alarm, by the policy's schedule" {
  begin_watched
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
  begin_watched
  hikae -q run >/dev/null
  # The newer generation reaches one destination only.
  FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f +3d "$HIKAE" -q run --only-destination nas >/dev/null
  run -3 other 3 watch
  assert_says "work in nas: ok" "work in vault: overdue"
}

@test "a machine's own status tells the same" {
  begin_watched
  hikae -q run >/dev/null
  FAKETIME_DONT_FAKE_MONOTONIC=1 run -1 faketime -f +3d "$HIKAE" status
  assert_says "overdue"
}

@test "without the password, by the times of the files" {
  begin_watched
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
  begin_watched
  hikae -q run >/dev/null
  run -0 other 0 watch --host "$(hostname)"
  run -1 other 0 watch --host another
  assert_says "no generation at all"
}

@test "a destination that cannot be read is no good news" {
  begin_watched
  hikae -q run >/dev/null
  mv nas away
  run -3 other 0 watch
  assert_says nas
  mv vault gone
  run -1 other 0 watch
}

# Two machines under a moved clock: this one (at … hikae) and the one that watches.
watch_at() { # MOMENT ARGUMENTS…
  HIKAE_POLICY=$PWD/watcher.yaml HIKAE_STATE_DIR=$PWD/watcher-state HIKAE_CACHE_DIR=$PWD/watcher-cache \
    at "$1" hikae watch "${@:2}"
}

@test "a check that does not come any more raises the alarm, too" {
  make_machine
  cp policy.yaml watcher.yaml
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  # None was due yet since there is a generation.
  run -0 watch_at "2026-03-02 12:00:00"
  refute_says check
  run -0 at "2026-03-08 01:01:00" hikae -q run --due
  run -0 at "2026-03-08 03:01:00" hikae -q run --due
  run -0 watch_at "2026-03-08 12:00:00"
  assert_says "check of nas: ok" "check of usb: ok" "Watched: ok"
  [ "$(find nas/hikae/evidence -type f | wc -l)" -eq 1 ]
  restic -r nas check -q
  # Backups go on, checks do not.
  set_policy "  check: weekly" "  window: 6h"
  run -0 at "2026-03-15 01:01:00" hikae -q run --due
  run -3 watch_at "2026-03-15 12:00:00"
  assert_says "work in nas: ok" "check of nas: overdue. The last good one was at 2026-03-08 04:01:0" "Watched: partial"
  run -3 --separate-stderr watch_at "2026-03-15 12:00:00" --json
  [ "$(json "[(w['job'], w['verdict']) for w in j['watched']]" <<<"$output")" = \
    "[('backup', 'ok'), ('check', 'failed'), ('backup', 'ok'), ('check', 'failed')]" ]
  # Evidence that is damaged is none.
  for file in "$PWD"/nas/hikae/evidence/*; do flip_byte "$file" 30; done
  run -3 watch_at "2026-03-15 12:00:00"
  assert_says "check of nas: no good one is on record there; one was due at 2026-03-15 04:00:00"
}

@test "a check by hand is evidence as well, and old evidence goes" {
  make_machine
  cp policy.yaml watcher.yaml
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  # The weekly check does not come; somebody checks one destination.
  set_policy "  check: weekly" "  window: 6h"
  run -0 at "2026-03-09 01:01:00" hikae -q run --due
  run -3 watch_at "2026-03-09 12:00:00"
  assert_says "check of nas: no good one is on record there" "check of usb: no good one is on record there"
  run -0 at "2026-03-09 11:00:00" hikae -q check -d nas
  run watch_at "2026-03-09 12:00:00"
  assert_says "check of nas: ok" "check of usb: no good one is on record there"
  # Without the policy nobody would find it.
  [ "$(find nas/hikae/evidence usb/hikae/evidence -type f | wc -l)" -eq 1 ]
  hikae -q check -r "$PWD/usb"
  [ "$(find usb/hikae/evidence -type f | wc -l)" -eq 0 ]
  # Damage is evidence, too, and no good one.
  local pack
  pack=$(find nas/data -type f | head -n 1)
  mv "$pack" pack
  run -1 at "2026-03-09 13:00:00" hikae -q check -d nas
  [ "$(find nas/hikae/evidence -type f | wc -l)" -eq 2 ]
  run watch_at "2026-03-09 14:00:00"
  assert_says "check of nas: ok"
  mv pack "$pack"
  # Two years later twenty are left, here as elsewhere.
  for i in $(seq 10 30); do at "2026-03-10 01:$i:00" hikae -q check -d nas; done
  [ "$(find nas/hikae/evidence -type f | wc -l)" -eq 23 ]
  touch -d "2026-03-10" nas/hikae/evidence/*
  at "2028-03-10 01:00:00" hikae -q check -d nas
  [ "$(find nas/hikae/evidence -type f | wc -l)" -eq 20 ]
  grep -q "was removed (hikae/evidence/" "$HIKAE_STATE_DIR/log/hikae.log"
}

@test "messages that nobody gets are seen from elsewhere" {
  make_machine
  unset RESTIC_PASSWORD
  cp policy.yaml watcher.yaml
  (umask 077; echo "https://127.0.0.1:1/services/x" >slack)
  echo "notify: {slack: {webhook: {file: $PWD/slack}, on: [success, failure]}}" >>policy.yaml
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  run -0 watch_at "2026-03-02 12:00:00"
  run -0 at "2026-03-03 01:01:00" hikae -q run --due
  run -3 watch_at "2026-03-03 12:00:00"
  assert_says "1 message of" "had not been delivered for hours" "hikae notify outbox" "work in nas: ok"
  run -3 --separate-stderr watch_at "2026-03-03 12:00:00" --json
  [ "$(json "[(w['destination'], w['verdict']) for w in j['watched'] if w['job'] == 'notify']" <<<"$output")" = "[('nas', 'failed'), ('usb', 'failed')]" ]
  # Somebody has put it right.
  cp watcher.yaml policy.yaml
  run -0 at "2026-03-04 01:01:00" hikae -q run --due
  run -0 watch_at "2026-03-04 12:00:00"
}

@test "--tell: one message for each moment that was not kept, by the channels of the watching machine" {
  make_machine
  unset RESTIC_PASSWORD
  start_receivers
  rm -f "$receivers"/mail/*.eml
  (umask 077; echo pw123 >smtp)
  cat policy.yaml - >watcher.yaml <<END
notify:
  email:
    to: [it-team@company.test]
    on: [failure]
    smtp: {host: localhost, port: $SMTP_PORT, user: backup, password: {file: $PWD/smtp}, ca_file: $receivers/ca.pem}
END
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  run -0 watch_at "2026-03-02 12:00:00" --tell
  [ "$(mails)" -eq 0 ]
  # The next backup does not come; one looks often, and is told once.
  for hour in 08 09 10; do run -1 watch_at "2026-03-03 $hour:00:00" --tell; done
  [ "$(mails)" -eq 1 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: backup overdue - company "* ]]
  [ "$(read_mail "$(last_mail)" X-Hikae-Event)" = overdue ]
  output=$(read_mail "$(last_mail)" text)
  assert_says "No good backup has been made since 2026-03-02 02:01:0" "work in nas: overdue" "work in usb: overdue" "Next step:"
  # A day later the next moment was not kept either. The mail server is away: it is told afterwards.
  touch "$receivers/mail/down"
  run -1 watch_at "2026-03-04 08:00:00" --tell
  [ "$(mails)" -eq 1 ]
  rm "$receivers/mail/down"
  run -1 watch_at "2026-03-04 09:00:00" --tell
  [ "$(mails)" -eq 2 ]
  # Good in one place: nobody says that there was none since.
  run -0 at "2026-03-05 01:01:00" hikae -q run --source work --only-destination nas
  run -3 watch_at "2026-03-05 08:00:00" --tell
  [ "$(mails)" -eq 3 ]
  output=$(read_mail "$(last_mail)" text)
  assert_says "No good backup has been made in time" "work in usb: overdue"
  refute_says "work in nas"
}

teardown() {
  [ ! -f "$BATS_FILE_TMPDIR/receivers/pids" ] || stop_receivers
  rm -f "$BATS_FILE_TMPDIR/receivers/pids"
}
