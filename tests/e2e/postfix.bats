#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mail by the local sendmail: a real Postfix takes it, and what lies in the mailbox is read as a mail program reads it.

load helper
load receivers
load postfix

setup_file() { start_postfix; }
teardown_file() { stop_postfix; }

setup() {
  need_postfix
  cd "$BATS_TEST_TMPDIR" || return
  unset RESTIC_PASSWORD
  rm -rf "$postfix_dir/mail/box"
  mkdir data
  echo content >data/file
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
}

write_policy() { # LANGUAGE
  cat >policy.yaml <<END
version: 1
name: internal-systems
language: $1
timezone: Asia/Tokyo
sources: {fileshare: {files: [$PWD/data]}}
destinations: {nas: {url: $PWD/nas, min_free: 0}}
encryption: {password: {file: $PWD/password}}
schedule: {backup: daily 02:00}
retention: {daily: 3}
notify:
  email: {to: [it-team@company.test], from: backup@company.test, sendmail: $postfix_dir/sendmail}
END
}

has_mails() { [ "$(delivered | wc -l)" -eq "$1" ]; }

# The mail as it lies in the mailbox: no line that a server may refuse, only ASCII on the wire, both parts.
assert_sound() { # FILE
  /usr/bin/python3 - "$1" <<'PYTHON'
import email, email.policy, sys
raw = open(sys.argv[1], "rb").read()
assert all(len(line) <= 998 for line in raw.split(b"\n")), "a line is too long"
assert max(raw) < 128, "bytes beyond ASCII"
mail = email.message_from_bytes(raw, policy=email.policy.default)
assert not mail.defects and mail["Date"].datetime.tzinfo, mail.defects
assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
assert all(part.get_content_charset() == "utf-8" for part in mail.iter_parts())
assert len(mail.get_all("Message-ID")) == 1 and len(mail.get_all("From")) == 1
PYTHON
}

@test "English: a completed and a failed backup" {
  write_policy en
  hikae -q init >/dev/null 2>&1
  run -0 hikae -q run
  wait_until has_mails 1
  mail=$(delivered)
  assert_sound "$mail"
  [[ "$(read_mail "$mail" Subject)" == "Backup Completed: ok - internal-systems ("* ]]
  [ "$(read_mail "$mail" Return-Path)" = "<backup@company.test>" ]
  [ "$(read_mail "$mail" To)" = it-team@company.test ]
  output=$(read_mail "$mail" text)
  assert_says "fileshare → nas: ok" "hikae status"
  rm -r "$postfix_dir/mail/box" data
  run -1 hikae -q run
  wait_until has_mails 1
  mail=$(delivered)
  assert_sound "$mail"
  [[ "$(read_mail "$mail" Subject)" == "Backup Failed: failed - internal-systems ("* ]]
  output=$(read_mail "$mail" text)
  assert_says "What failed" "Next step:"
}

@test "Japanese: subject, text and HTML arrive whole" {
  write_policy ja
  hikae -q init >/dev/null 2>&1
  mv data 見積書
  sed -i "s#$PWD/data#$PWD/見積書#" policy.yaml
  run -0 hikae -q run
  wait_until has_mails 1
  mail=$(delivered)
  assert_sound "$mail"
  [[ "$(read_mail "$mail" Subject)" == "Backup Completed: ok (正常) - internal-systems ("* ]]
  output=$(read_mail "$mail" text)
  assert_says "すべてのバックアップ元の新しい世代をすべての保存先に保存し、読み戻して確認しました。" "fileshare → nas: ok (正常)"
  output=$(read_mail "$mail" html)
  assert_says '<html lang="ja">' "fileshare → nas"
  rm -r "$postfix_dir/mail/box" 見積書
  run -1 hikae -q run
  wait_until has_mails 1
  mail=$(delivered)
  assert_sound "$mail"
  output=$(read_mail "$mail" text)
  assert_says "発生した問題" "対処:" "見積書"
}

@test "a sendmail that cannot take the mail is told as such, and the mail is kept" {
  write_policy en
  hikae -q init >/dev/null 2>&1
  printf '#!/bin/sh\nexec /usr/sbin/sendmail -C /nonexistent "$@"\n' >broken
  chmod 755 broken
  sed -i "s#$postfix_dir/sendmail#$PWD/broken#" policy.yaml
  run -0 hikae -q run
  run -0 hikae notify outbox
  assert_says "Backup Completed: ok" "waiting" "/nonexistent"
  sed -i "s#$PWD/broken#$postfix_dir/sendmail#" policy.yaml
  run -0 hikae notify retry
  wait_until has_mails 1
}
