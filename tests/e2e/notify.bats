#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people are told, as they get it: a real mail server, and a receiver of webhooks over HTTPS.

load helper
load receivers

setup_file() { start_receivers; }
teardown_file() { stop_receivers; }

# Each test has a policy, repositories and a journal of its own.
setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset RESTIC_PASSWORD
  rm -rf "$receivers"/mail/*.eml "$receivers"/mail/down "$receivers"/web/*
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
  mkdir -p data
  echo content >data/file
  (
    umask 077
    echo "https://localhost:$WEB_PORT/services/T0/B0/slack-geheim" >slack
    echo "https://localhost:$WEB_PORT/hook/webhook-geheim" >webhook
    echo "https://localhost:$WEB_PORT/ping/ping-geheim" >ping
    echo pw123 >smtp
    echo signing-geheim >key
  )
  write_policy en
  hikae init >/dev/null 2>&1
}

write_policy() {
  cat >policy.yaml <<END
version: 1
name: internal-systems
language: $1
timezone: Asia/Tokyo
sources: {fileshare: {files: [$PWD/data]}}
destinations: {nas: {url: $PWD/nas, min_free: 0}, vault: {url: $PWD/vault, min_free: 0}}
encryption: {password: {file: $PWD/password}}
schedule: {backup: daily 02:00}
retry: {attempts: 1, wait: 1m}
retention: {daily: 3}
notify:
  email:
    to: [it-team@company.test]
    from: backup@company.test
    on: [success, failure]
    smtp: {host: localhost, port: $SMTP_PORT, user: backup, password: {file: $PWD/smtp}, ca_file: $receivers/ca.pem}
  slack: {webhook: {file: $PWD/slack}, on: [failure_after_retries, recovered]}
  webhook: {webhook: {file: $PWD/webhook}, on: [success, failure], signing_key: {file: $PWD/key}}
  ping: {file: $PWD/ping}
  ca_file: $receivers/ca.pem
END
}

# The journal of an installation that is some days old.
age_journal() {
  python3 - "$HIKAE_STATE_DIR/journal.sqlite" <<'PYTHON'
import sqlite3, sys
journal = sqlite3.connect(sys.argv[1])
journal.execute("UPDATE schedule_group SET since = since - 3 * 86400 * 1000000000")
journal.commit()
PYTHON
}

@test "notify test: every channel, each answer, and no secret" {
  run -0 hikae notify test
  assert_says "email: delivered; the answer was: 250 2.0.0 taken as" "slack: delivered; the answer was: 200 ok" \
    "webhook: delivered" "ping: delivered"
  refute_says geheim
  run -0 hikae notify test --json
  [ "$(json '[(c["channel"], c["delivered"]) for c in j]' <<<"$output")" = "[('email', True), ('slack', True), ('webhook', True), ('ping', True)]" ]
  run -0 hikae notify test --channel slack
  refute_says email
  run -1 hikae notify test --channel fax
  assert_says fax "email, slack, webhook, ping"
}

@test "notify test: what does not arrive is told with the next step" {
  echo "404 no_service" >"$receivers/web/answer"
  echo wrong-geheim >smtp
  run -1 hikae notify test
  assert_says "refuses the login of backup: 535 5.7.8" "app password" "404 no_service" "Make a new webhook"
  refute_says geheim
  run -1 --separate-stderr hikae notify test --json
  [ "$(json '[c["delivered"] for c in j]' <<<"$output")" = "[False, False, False, False]" ]
}

@test "a run by hand: a mail, a webhook, pings for beginning and end; Slack keeps quiet" {
  run -0 hikae run
  [ "$(mails)" -eq 1 ]
  mail=$(last_mail)
  [[ "$(read_mail "$mail" Subject)" == "Backup Completed: ok - internal-systems ("* ]]
  [ "$(read_mail "$mail" To)" = it-team@company.test ]
  [ "$(read_mail "$mail" Auto-Submitted)" = auto-generated ]
  [ "$(read_mail "$mail" X-Hikae-Verdict)" = ok ]
  output=$(read_mail "$mail" text)
  assert_says "fileshare → nas: ok" "fileshare → vault: ok" "1 file," "1 generation kept, 0 dropped" "run by hand"
  output=$(read_mail "$mail" html)
  assert_says "fileshare → nas" "<html lang=\"en\">"
  [ -z "$(requests_to slack-geheim)" ]
  # The webhook's JSON, and its signature as any receiver would check it.
  requests_to webhook-geheim >hook
  [ "$(wc -l <hook)" -eq 1 ]
  python3 - hook <<'PYTHON'
import hashlib, hmac, json, sys
request = json.load(open(sys.argv[1]))
body, headers = request["body"], request["headers"]
signed = hmac.new(b"signing-geheim", (headers["x-hikae-timestamp"] + "." + body).encode(), hashlib.sha256)
assert headers["x-hikae-signature"] == "sha256=" + signed.hexdigest()
facts = json.loads(body)
assert facts["verdict"] == "ok" and facts["occasion"] == "finished" and len(facts["outcomes"]) == 2, facts
assert all(o["kept"] == 1 and o["files"] == 1 for o in facts["outcomes"]), facts
PYTHON
  [ "$(requests_to ping-geheim | sed -E 's/.*ping-geheim([^?]*)\?rid=.*/[\1]/' | tr '\n' ' ')" = "[/start] [] " ]
  [ "$(requests_to ping-geheim | grep -oE 'rid=[0-9a-f-]{36}' | sort -u | wc -l)" -eq 1 ]
}

@test "a run by hand whose source shrank: that deletion is frozen is told" {
  echo "anomaly: {max_shrink: 30%}" >>policy.yaml
  head -c 100000 /dev/urandom >data/big
  hikae -q run
  rm data/big
  run -0 hikae -q run
  [ "$(mails)" -eq 3 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Completed: deletion frozen - internal-systems "* ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "fileshare" "hikae ack anomaly"
}

@test "a failed run: one verdict in exit code, JSON, mail, Slack, webhook and ping" {
  rm -r data
  write_policy ja
  run -1 --separate-stderr hikae run --json
  verdict=$(json 'j["verdict"]' <<<"$output")
  [ "$verdict" = failed ]
  mail=$(last_mail)
  [[ "$(read_mail "$mail" Subject)" == "Backup Failed: $verdict (失敗) - internal-systems ("* ]]
  [ "$(read_mail "$mail" X-Hikae-Verdict)" = "$verdict" ]
  [ "$(read_mail "$mail" Importance)" = high ]
  output=$(read_mail "$mail" text)
  assert_says "発生した問題" "対処:" "fileshare → nas: failed (失敗)"
  requests_to slack-geheim >slack.json
  python3 - slack.json <<'PYTHON'
import json, sys
message = json.loads(json.load(open(sys.argv[1]))["body"])
assert "Backup Failed: failed" in message["text"], message
assert [b["type"] for b in message["blocks"]][0] == "header", message
assert all(len(b["text"]["text"]) <= 3000 for b in message["blocks"] if "text" in b)
PYTHON
  [ "$(requests_to webhook-geheim | json 'eval("__import__(\"json\")").loads(j["body"])["verdict"]')" = "$verdict" ]
  requests_to ping-geheim | tail -n 1 | grep -q 'ping-geheim/1?rid='
}

@test "a channel that fails never fails a backup; what it did not take is kept, told and sent later" {
  touch "$receivers/mail/down"
  run -0 hikae run
  assert_says "could not be delivered by email" "451 4.3.0"
  [ "$(mails)" -eq 0 ]
  run -0 hikae notify outbox
  assert_says "Backup Completed: ok" "waiting" "451 4.3.0"
  run -0 hikae notify outbox --json
  [ "$(json '[(n["channel"], n["state"], n["tries"]) for n in j]' <<<"$output")" = "[('email', 'waiting', 1)]" ]
  run -1 hikae notify retry
  rm "$receivers/mail/down"
  run -0 hikae notify retry
  [ "$(mails)" -eq 1 ]
  run -0 hikae notify outbox
  assert_says "No message waits"
  # A Slack that is gone is told by mail, at once.
  echo "410 channel_is_archived" >"$receivers/web/answer"
  rm -r data
  run -1 hikae run
  output=$(for file in "$receivers"/mail/*.eml; do read_mail "$file" Subject; done)
  assert_says "Backup Failed: failed" "Backup Failed: notification by slack failed" "Backup Failed: notification by webhook failed"
}

@test "a slot that failed is told once, however often it is triggered" {
  mv data away
  run -0 hikae run --due
  age_journal
  run -1 hikae run --due
  [ "$(mails)" -eq 1 ]
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: failed"* ]]
  [ "$(requests_to slack-geheim | wc -l)" -eq 1 ]
  hikae run --due || true
  hikae run --due || true
  [ "$(mails)" -eq 1 ]
  [ "$(requests_to slack-geheim | wc -l)" -eq 1 ]
}

@test "a password that cannot be read is told although no run could begin" {
  rm password
  run -1 hikae run
  [[ "$(read_mail "$(last_mail)" Subject)" == "Backup Failed: failed"* ]]
}

@test "secrets stand in no request's body, no mail, no journal and no output" {
  touch "$receivers/mail/down"
  echo "500 no" >"$receivers/web/answer"
  run hikae run
  refute_says geheim
  refute_says pw123
  run hikae notify test
  refute_says geheim
  run hikae notify outbox
  refute_says geheim
  rm "$receivers/mail/down" "$receivers/web/answer"
  run -0 hikae notify retry
  [ "$(requests)" -gt 4 ]
  python3 - "$receivers/web" <<'PYTHON'
import json, pathlib, sys
for file in pathlib.Path(sys.argv[1]).glob("*.json"):
    request = json.loads(file.read_text())
    del request["path"]
    assert "geheim" not in json.dumps(request) and "pw123" not in json.dumps(request), request
PYTHON
  run -1 grep -rqE "geheim|pw123" "$HIKAE_STATE_DIR" "$receivers/mail"
}
