#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hikae doctor: on this very machine and on made ones.

load helper
load postgres

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset RESTIC_PASSWORD
  mkdir -p files root/usr/sbin root/etc
  echo content >files/a
  touch root/usr/sbin/sendmail
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
  write_policy
}

teardown() { unmount_all; }
teardown_file() { stop_cluster live immediate; }

write_policy() {
  cat >policy.yaml <<END
version: 1
name: test
timezone: Asia/Tokyo
sources:
  files: {files: [$PWD/files]}
destinations:
  disk: {url: $PWD/disk}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00}
retention: {daily: 3, weekly: 4}
notify: {email: {to: [root]}}
END
  chmod 600 policy.yaml
}

# A machine that fits the policy: initialized, and something starts hikae.
healthy() {
  hikae init >/dev/null 2>&1
  mkdir -p root/etc/cron.d
  echo '*/5 * * * * root /usr/bin/hikae run --due' >root/etc/cron.d/hikae
}

# found CODE: "severity where" of the findings with that code.
found() { hikae doctor --root root --json | json "'\n'.join(f['severity']+' '+f['where'] for f in j['findings'] if f['code']=='$1')"; }

@test "before the first run: what is missing is named, with the next step" {
  run -1 hikae doctor --root root
  assert_says "[error] policy $PWD/password" "hikae init" "[error] schedule" "hikae schedule install" "$PWD/files: 1 file,"
  # Each finding that is not in order says what to do.
  run -1 hikae doctor --root root --json
  [ "$(json "all('fix' in f for f in j['findings'] if f['severity'] != 'ok')" <<<"$output")" = True ]
}

@test "a machine that fits: exit code 0, facts, and nothing is left behind in the repository" {
  healthy
  run -0 hikae doctor --root root
  assert_says "[ok] source files: drwx" "Writing, listing and removing work" "are free" "differ by 0:00" "[ok] schedule /etc/cron.d/hikae:1"
  refute_says "[error]"
  [ -z "$(ls disk/locks)" ]
  HIKAE_LANGUAGE=ja run -0 hikae doctor --root root
  assert_says "[正常]" "エラー 0 件"
}

@test "sources: missing, empty, unreadable" {
  healthy
  mv files gone
  run -1 hikae doctor --root root
  assert_says "[error] source files" "$PWD/files"
  mkdir files
  run -1 hikae doctor --root root
  assert_says "[error] source files" "empty"
}

@test "destinations: wrong password, read-only, no room" {
  healthy
  cp password right
  echo wrong >password
  run -1 hikae doctor --root root
  assert_says "[error] destination disk" "password"
  cp right password
  mount_tmpfs "$PWD/full" size=2m
  sed -i "s#$PWD/disk#$PWD/full/repo#" policy.yaml
  hikae init >/dev/null 2>&1
  head -c 3000000 /dev/urandom >files/large
  run -0 hikae doctor --root root
  assert_says "[warning] space disk"
  mount -o remount,ro "$PWD/full"
  run -1 hikae doctor --root root
  assert_says "[error] destination disk"
}

@test "permissions of the policy and of secrets" {
  healthy
  chmod 644 policy.yaml password
  run -1 hikae doctor --root root --json
  [ "$(json "sorted(f['severity'] for f in j['findings'] if f['code']=='doctor.file_readable')" <<<"$output")" = "['error', 'warning']" ]
  # Every secret that lies in a file, the key of signatures too.
  chmod 600 policy.yaml password
  install -m 644 /dev/null key
  install -m 600 /dev/null hook
  sed -i "s#^notify: .*#notify: {webhook: {webhook: {file: $PWD/hook}, signing_key: {file: $PWD/key}}}#" policy.yaml
  [ "$(found doctor.file_readable)" = "error $PWD/key" ]
}

@test "old jobs that delete where a destination lies: an error with file and line" {
  healthy
  mkdir -p root/etc/cron.daily root/opt root/etc/systemd/system
  printf '#!/bin/sh\n/opt/old.sh\n' >root/etc/cron.daily/backup
  printf '#!/bin/bash\nBASE=%s\n\nfind $BASE/disk -mtime +3 -exec rm -rf {} \\;\nfind /var/cache/old -mtime +3 -delete\n' "$PWD" >root/opt/old.sh
  printf '[Timer]\nOnCalendar=daily\n' >root/etc/systemd/system/mirror.timer
  printf '[Service]\nExecStart=/usr/bin/rsync -a --delete /srv/ %s/\n' "$PWD" >root/etc/systemd/system/mirror.service
  run -1 hikae doctor --root root
  assert_says "[error] legacy_job /opt/old.sh:4" "[error] legacy_job /etc/systemd/system/mirror.service:2"
  [ "$(found survey.legacy_delete | wc -l)" -eq 2 ]
  # cron passes over names with a dot, and so does the doctor.
  echo "0 4 * * * root find $PWD/disk -mtime +3 | xargs rm -rf" >root/etc/cron.d/tidy.bak
  [ "$(found survey.legacy_delete | wc -l)" -eq 2 ]
  mv root/etc/cron.d/tidy.bak root/etc/cron.d/tidy
  [ "$(found survey.legacy_delete | wc -l)" -eq 3 ]
  # A bucket, too.
  sed -i "s#{url: $PWD/disk}#{url: s3://company-bucket/hikae, endpoint: \"https://127.0.0.1:1\", region: x}#" policy.yaml
  echo '0 3 * * * root aws s3 sync /srv s3://company-bucket/ --delete' >root/etc/cron.d/cloud
  [ "$(found survey.legacy_delete)" = "error /etc/cron.d/cloud:1" ]
}

@test "coverage: what no source covers, until one does" {
  healthy
  mkdir -p root/etc/samba root/srv/public root/etc/postgresql/15/main root/var/lib/docker/volumes/web/_data root/home/alice
  printf '[public]\npath = /srv/public\n' >root/etc/samba/smb.conf
  touch root/etc/postgresql/15/main/postgresql.conf root/home/alice/x
  echo 'alice:x:1000:1000::/home/alice:/bin/sh' >root/etc/passwd
  [ "$(found survey.share_uncovered)" = "warning /etc/samba/smb.conf:2" ]
  [ "$(found survey.cluster_uncovered)" = "warning /var/lib/postgresql/15/main" ]
  [ "$(found survey.volume_uncovered)" = "warning /var/lib/docker/volumes/web/_data" ]
  [ "$(found survey.homes_uncovered)" = "warning /home" ]
  mkdir -p "$PWD/srv"
  sed -i "s#files: \[$PWD/files\]#files: [$PWD/files, /srv, /home]#" policy.yaml
  [ -z "$(found survey.share_uncovered)" ]
  [ -z "$(found survey.homes_uncovered)" ]
}

@test "this very machine can be looked at" {
  healthy
  run hikae doctor --json
  [ "$status" -le 1 ]
  [ "$(json "len(j['findings']) > 5" <<<"$output")" = True ]
}

@test "a PostgreSQL server: asked for what a dump needs; its files are no source; when it is down, an error" {
  need_root
  healthy
  start_cluster live
  sed -i "s#^sources:#sources:\n  db: {postgres: {data_directory: $BATS_FILE_TMPDIR/live/data}}#" policy.yaml
  run -0 hikae doctor --root root
  assert_says "[ok] source db: Connected to PostgreSQL" "may read all of"
  sed -i "s#files: \[$PWD/files\]#files: [$PWD/files, $BATS_FILE_TMPDIR/live]#" policy.yaml
  run -1 hikae doctor --root root
  assert_says "[error] source files: $BATS_FILE_TMPDIR/live leads to the data of a running PostgreSQL server" "Exclude the folder"
  stop_cluster live
  run -1 hikae doctor --root root
  assert_says "[error] source db"
}

@test "the program that mails must be there" {
  healthy
  [ -z "$(found doctor.no_sendmail)" ]
  sed -i "s#to: \[root\]#to: [root], sendmail: /usr/bin/msmtp#" policy.yaml
  run -1 hikae doctor --root root
  assert_says "this machine has no /usr/bin/msmtp"
  mkdir -p root/usr/bin && touch root/usr/bin/msmtp
  [ -z "$(found doctor.no_sendmail)" ]
}

@test "triggers: what schedule show finds, scripts that others call included" {
  hikae init >/dev/null 2>&1
  mkdir -p root/etc/cron.d root/opt
  printf '#!/bin/sh\n/usr/bin/hikae run --due --wait\n' >root/opt/nightly.sh
  echo '0 2 * * * root /opt/nightly.sh' >root/etc/cron.d/night
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "/etc/cron.d/night:1 (0 2 * * *)" "hikae run --due --wait" "comes rarely"
  run -0 hikae doctor --root root
  assert_says "[ok] schedule /etc/cron.d/night:1" "[warning] schedule daily 02:00: The trigger comes rarely" "hikae schedule show"
  echo '0 3 * * * root /usr/bin/hikae run' >root/etc/cron.d/by-hand
  run -0 hikae doctor --root root
  assert_says "[warning] schedule daily 02:00: /etc/cron.d/by-hand starts a backup without --due"
  rm root/etc/cron.d/*
  run -1 hikae doctor --root root
  assert_says "[error] schedule daily 02:00: Nothing on this machine calls"
}

@test "--notify: each channel gets a test message, and says what it answered" {
  healthy
  printf '#!/bin/sh\ncat >>%s/mails\n' "$PWD" >sendmail
  chmod 755 sendmail
  mkdir -p "root$PWD" && touch "root$PWD/sendmail"
  sed -i "s#to: \[root\]#to: [root], sendmail: $PWD/sendmail#" policy.yaml
  run -0 hikae doctor --root root
  [ ! -e mails ]
  run -0 hikae doctor --root root --notify
  assert_says "[ok] notify email: The test message was taken"
  grep -q '^Subject: .*test message' mails
  printf '#!/bin/sh\necho no such user >&2\nexit 67\n' >sendmail
  run -1 hikae doctor --root root --notify
  assert_says "[error] notify email" "no such user"
}
