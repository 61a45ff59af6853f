#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From a failed slot to its recovery, as the channels hear of it: the real program under a moved clock, a real mail
# server (STARTTLS and AUTH) and a receiver of webhooks over HTTPS.

load helper
load due
load receivers

setup_file() { start_receivers; }
teardown_file() { stop_receivers; }

setup() {
  make_machine
  unset RESTIC_PASSWORD
  rm -rf "$receivers"/mail/*.eml "$receivers"/web/*
  (
    umask 077
    echo "https://localhost:$WEB_PORT/services/slack-address" >slack
    echo "https://localhost:$WEB_PORT/second-address" >webhook
    echo pw123 >smtp
  )
  # The webhook listens to nothing of itself: what comes there comes because it is the second channel.
  cat >>policy.yaml <<END
notify:
  email:
    to: [it-team@company.test]
    from: backup@company.test
    on: [failure]
    smtp: {host: localhost, port: $SMTP_PORT, user: backup, password: {file: $PWD/smtp}, ca_file: $receivers/ca.pem}
  slack: {webhook: {file: $PWD/slack}, on: [failure_after_retries, recovered]}
  webhook: {webhook: {file: $PWD/webhook}, on: [drill]}
  ca_file: $receivers/ca.pem
END
}

# The source is away until mend: no mount, which may pass.
break_source() {
  need_tmp_on_root
  set_policy "files: \[$BATS_TEST_TMPDIR/source\]" "files: [$BATS_TEST_TMPDIR/source]\n    require_mount: true"
}
mend_source() { set_policy "    require_mount: true" ""; }

# All three tries of 2026-03-02 02:00.
fail_all_tries() {
  break_source
  run -1 at "2026-03-02 01:01:00" hikae -q run --due
  run -1 at "2026-03-02 01:12:00" hikae -q run --due
  heard slack-address 0
  [ "$(mails)" -eq 0 ]
  run -1 at "2026-03-02 01:33:00" hikae -q run --due
}

heard() { # ADDRESS COUNT
  [ "$(requests_to "$1" | wc -l)" -eq "$2" ] || {
    echo "$1 heard:"
    requests_to "$1"
    return 1
  }
}

# slack_said NUMBER NAME: that request to Slack had the JSON of golden/slack-NAME.json, byte for byte, but for what differs
# from run to run: names, numbers and seconds.
slack_said() {
  requests_to slack-address | sed -n "$1p" | python3 -c '
import json, re, socket, sys
request = json.load(sys.stdin)
assert request["method"] == "POST" and request["headers"]["content-type"] == "application/json", request
body = request["body"]
for pattern, word in [(re.escape(sys.argv[1]), "FOLDER"), (re.escape("(%s)" % socket.gethostname()), "(HOST)"),
                      (re.escape("Host: " + socket.gethostname()), "Host: HOST"), (r"Run: [0-9a-f]{16}", "Run: RUN"),
                      (r"snapshot [0-9a-f]{8}", "snapshot ID"), (r"[0-9.]+ [KM]iB added", "SIZE added"),
                      (r"(\d\d:\d\d):\d\d", r"\1:SS"), (r"0:\d\d:SS", "TIME"), (r"\d:\d\d:\d\d", "TIME")]:
    body = re.sub(pattern, word, body)
print(body)' "$BATS_TEST_TMPDIR" >said
  diff "$BATS_TEST_DIRNAME/golden/slack-$2.json" said
}
last_request() { requests_to "$1" | tail -n 1; }

@test "a failed slot: Slack and mail after the last try, the second channel when nobody takes notice, then the way back" {
  fail_all_tries
  heard slack-address 1
  [ "$(mails)" -eq 1 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: failed - company ("*") 2026-03-02 02:00" ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "1. 2026-03-02 02:01:" "2. 2026-03-02 02:12:" "3. 2026-03-02 02:33:" "Tries"
  # Nobody acknowledges: not yet after three hours, once after four.
  run -0 at "2026-03-02 04:30:00" hikae -q run --due
  heard second-address 0
  run -0 at "2026-03-02 05:35:00" hikae -q run --due
  heard second-address 1
  run -0 at "2026-03-02 06:00:00" hikae -q run --due
  heard second-address 1
  heard slack-address 1
  [ "$(mails)" -eq 1 ]
  last_request second-address | python3 -c '
import json, sys
facts = json.loads(json.load(sys.stdin)["body"])
assert facts["occasion"] == "unacknowledged" and facts["verdict"] == "failed", facts
assert facts["slot"]["scheduled"] == "2026-03-02T01:00:00Z", facts
# What the failure itself said to do, hours ago.
assert facts["problems"][0]["next_step"].startswith("Mount the disk or share and run the backup again."), facts'
  slack_said 1 failed
  mend_source
  run -0 at "2026-03-03 01:01:00" hikae -q run --due
  heard slack-address 2
  slack_said 2 recovered
  output=$(read_mail "$(last_mail)" text)
  assert_says "The backup is good again. It had failed since 2026-03-02 02:00:00."
  [ "$(mails)" -eq 2 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Completed: backup recovered, ok - company ("*") 2026-03-03 02:00" ]]
  heard second-address 1
}

@test "what somebody acknowledged is not told again" {
  fail_all_tries
  heard slack-address 1
  run -0 at "2026-03-02 03:00:00" hikae ack "2026-03-02 02:00"
  run -0 at "2026-03-02 05:35:00" hikae -q run --due
  run -0 at "2026-03-02 09:00:00" hikae -q run --due
  heard second-address 0
}

@test "what somebody put right by hand is not told again" {
  fail_all_tries
  mend_source
  run -0 at "2026-03-02 03:00:00" hikae -q run --only-destination nas
  run -0 at "2026-03-02 03:10:00" hikae -q run
  run -0 at "2026-03-02 05:35:00" hikae -q run --due
  heard second-address 0
}

@test "status tells what waits: for a person, for the next try, and to be delivered" {
  break_source
  run -1 at "2026-03-02 01:01:00" hikae -q run --due
  run at "2026-03-02 01:02:00" hikae status
  refute_says "not acknowledged"
  refute_says "wait to be delivered"
  run --separate-stderr at "2026-03-02 01:02:00" hikae status --json
  [ "$(json "[(s['state'], s['tries'], s['next_try'][:15], 'acknowledged' in s) for s in j['slots'] if s['job'] == 'backup']" <<<"$output")" = \
    "[('due', 1, '2026-03-02T01:1', False)]" ]
  run -1 at "2026-03-02 01:12:00" hikae -q run --due
  # The mail server is away as the last try fails.
  touch "$receivers/mail/down"
  run -1 at "2026-03-02 01:33:00" hikae -q run --due
  run at "2026-03-02 01:40:00" hikae status
  assert_says "backup of 2026-03-02 02:00:00: failed, not acknowledged" '"hikae ack all"' \
    "1 message waits to be delivered, the oldest since 2026-03-02 02:33:"
  HIKAE_LANGUAGE=ja run at "2026-03-02 01:40:00" hikae status
  assert_says "失敗(未確認)" "送信待ちの通知が 1 件あります(最も古いものは 2026-03-02 02:33:"
  run --separate-stderr at "2026-03-02 01:40:00" hikae status --json
  [ "$(json "[(s['state'], s['tries'], s['verdict']) for s in j['slots'] if s['job'] == 'backup'][0]" <<<"$output")" = "('failed', 3, 'failed')" ]
  [ "$(json "[(o['channel'], o['tries'] > 0, o['subject'][:13]) for o in j['outbox']]" <<<"$output")" = "[('email', True, 'Backup Failed')]" ]
  at "2026-03-02 01:41:00" hikae ack all
  rm "$receivers/mail/down"
  at "2026-03-02 01:41:00" hikae notify retry
  run --separate-stderr at "2026-03-02 01:42:00" hikae status --json
  [ "$(json "[s['acknowledged'][:16] for s in j['slots'] if s['state'] == 'failed'], j['outbox']" <<<"$output")" = "['2026-03-02T01:41'] []" ]
  run at "2026-03-02 01:42:00" hikae status
  refute_says "not acknowledged"
  refute_says "wait to be delivered"
}

@test "the policy says who is reminded, and after how long" {
  set_policy "  ca_file: $receivers/ca.pem\$" "  ca_file: $receivers/ca.pem\n  second: email\n  remind_after: 30m"
  fail_all_tries
  [ "$(mails)" -eq 1 ]
  run -0 at "2026-03-02 02:00:00" hikae -q run --due
  [ "$(mails)" -eq 1 ]
  run -0 at "2026-03-02 02:04:30" hikae -q run --due
  [ "$(mails)" -eq 2 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: backup still failed, not acknowledged - company "* ]]
  heard second-address 0
}

@test "a policy that cannot be read any more is told, once a day for each mistake" {
  run -0 at "2026-03-01 18:00:00" hikae -q run --due
  echo "retentoin: {daily: 3}" >>policy.yaml
  run -1 at "2026-03-01 18:05:00" hikae -q run --due
  run -1 at "2026-03-01 18:10:00" hikae -q run --due
  [ "$(mails)" -eq 1 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: the policy cannot be read - company "* ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "retentoin" "Did you mean" "hikae policy check"
  heard slack-address 1
  run -1 at "2026-03-02 18:10:00" hikae -q run --due
  [ "$(mails)" -eq 2 ]
  # A policy that was never good names no channel.
  run -1 env HIKAE_STATE_DIR="$PWD/new-state" "$HIKAE" -q run --due
  [ "$(mails)" -eq 2 ]
  sed -i '$d' policy.yaml
  run -0 at "2026-03-02 19:10:00" hikae -q run --due
}

@test "a destination that fills up is told once, and again when it fills up anew" {
  set_policy "    min_free: 0" "    min_free: 100%"
  for day in 2 3; do run -0 at "2026-03-0$day 01:01:00" hikae --json run --due; done
  [ "$(mails)" -eq 1 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Completed: low space - company "* ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "nas: " "usb: " "are free, less than the policy's min_free (100%)" "Next step: Make room there"
  set_policy "    min_free: 100%" "    min_free: 0"
  run -0 at "2026-03-04 01:01:00" hikae -q run --due
  set_policy "    min_free: 0" "    min_free: 100%"
  run -0 --separate-stderr at "2026-03-05 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['success', 'low_space']" ]
  [ "$(mails)" -eq 2 ]
  heard slack-address 0
  # A run by hand tells it too, and nobody has to acknowledge it.
  run -0 hikae ack
  assert_says "No failed or missed slot waits"
}

@test "too little room for the generations to come is told before a backup fails" {
  mount_tmpfs "$BATS_TEST_TMPDIR/small" size=60M,mode=700
  set_policy "url: $BATS_TEST_TMPDIR/nas" "url: $BATS_TEST_TMPDIR/small/nas"
  hikae -q init >/dev/null 2>&1
  make_large_source source/large 12
  run -0 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['success']" ]
  # Five more generations of 12 MiB do not fit into what is left.
  make_large_source source/large 12
  run -0 --separate-stderr at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['success', 'low_space']" ]
  output=$(read_mail "$(last_mail)" text)
  assert_says "nas: " "of 60.000 MiB are free; the 5 generations to come are likely to need"
}

teardown() { unmount_all; }
