#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A policy to begin with: from what is on a machine, and from the scripts that did its backups.

load helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

make_machine() {
  mkdir -p root/etc/samba root/etc/postgresql/15/main root/srv/public root/home/alice root/var/lib/docker/volumes/web/_data
  printf '[public]\n path = /srv/public\n' >root/etc/samba/smb.conf
  echo 'port = 5432' >root/etc/postgresql/15/main/postgresql.conf
  echo 'alice:x:1000:1000::/home/alice:/bin/bash' >root/etc/passwd
  echo Asia/Tokyo >root/etc/timezone
  echo x | tee root/srv/public/a root/home/alice/b root/var/lib/docker/volumes/web/_data/c >/dev/null
}

@test "policy new writes a valid policy with what it found, and never replaces one" {
  make_machine
  run -0 hikae policy new --root root policy.yaml
  [ "$(stat -c %a policy.yaml)" = 600 ]
  run -0 cat policy.yaml
  assert_says "files: [/srv/public]" "files: [/home]" "data_directory: /var/lib/postgresql/15/main" "docker_volume: {name: web}" \
    "timezone: Asia/Tokyo" "/etc/samba/smb.conf:2"
  run -0 hikae policy check policy.yaml
  cp policy.yaml before
  run -1 hikae policy new --root root policy.yaml
  assert_says "policy.yaml" "--print"
  cmp policy.yaml before
}

@test "policy new speaks the language asked for, and this machine can be read" {
  make_machine
  run -0 hikae policy new --root root --language ja --print
  assert_says "language: ja" "共有「public」"
  run -0 hikae policy new --print
  assert_says "files: [/etc]"
  echo "$output" >own.yaml
  run -0 hikae policy check own.yaml
}

@test "policy from-scripts proposes what the scripts did, runs nothing, and says what it did not understand" {
  cat >backup.sh <<'END'
#!/bin/bash
touch executed
DEST=/backup/daily/$(touch executed; date +%Y%m%d)
rsync -a --delete /srv/fileshare/ $DEST/fileshare
sudo -u postgres pg_dumpall > $DEST/all.sql
docker exec db pg_dumpall -U app > $DEST/app.sql
aws s3 sync $DEST s3://company-backup-bucket/daily --sse AES256 --delete
find /backup/daily -mtime +3 -exec rm -rf {} \;
frobnicate --now
echo ok | mail -s 'Backup Completed' it-team@company.local
END
  printf '0 2 * * * root /opt/backup.sh\n' >crontab
  run -0 hikae policy from-scripts crontab backup.sh -o policy.yaml
  [ ! -e executed ]
  run -0 cat policy.yaml
  assert_says "# backup.sh:4: rsync -a --delete" "files: [/srv/fileshare]" "docker_postgres:" "container: db" \
    "url: s3://company-backup-bucket/hikae" "url: /backup/hikae" "server_side_encryption: AES256" 'backup: "0 2 * * *"' "{daily: 3}" \
    "it-team@company.local" "# backup.sh:9: not understood" "# backup.sh:8:"
  run -0 hikae policy check policy.yaml
  run -1 hikae policy from-scripts crontab -o policy.yaml
  run -1 hikae policy from-scripts missing.sh
  assert_says "missing.sh"
}
