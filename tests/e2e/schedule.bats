#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What calls the tick: units, cron, and finding what is there already.

load helper
load due

setup() {
  make_machine Asia/Tokyo
  mkdir root
}

@test "systemd accepts the units that install writes" {
  run -0 hikae schedule install --root "$PWD/root" --with systemd
  assert_says "root/etc/systemd/system/hikae.timer"
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
  run -0 systemd-analyze verify --man=no root/etc/systemd/system/hikae.service root/etc/systemd/system/hikae.timer
  [ -z "$output" ]
  [ -L root/etc/systemd/system/timers.target.wants/hikae.timer ]
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "*:0/5" "2026" "Asia/Tokyo"
  refute_says "warning"
  run -0 hikae schedule remove --root "$PWD/root"
  [ -z "$(find root ! -type d)" ]
}

@test "cron gets one line, and a dry run nothing" {
  run -0 hikae schedule install --root "$PWD/root" --with cron --dry-run
  assert_says "*/5 * * * * root" "run --due"
  [ -z "$(find root -type f)" ]
  run -0 hikae schedule install --root "$PWD/root"
  [ "$(stat -c %a root/etc/cron.d/hikae)" = 644 ]
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "/etc/cron.d/hikae:"
}

@test "what is in the way is told, with what helps" {
  run -0 hikae schedule install --root "$PWD/root" --with cron
  assert_says "No cron daemon is installed here"
  mkdir -p root/usr/sbin && touch root/usr/sbin/cron
  run -0 hikae schedule install --root "$PWD/root" --with cron
  refute_says "No cron daemon"
  need_root
  # In a chroot, say.
  unshare --mount true 2>/dev/null || skip "cannot unshare here"
  run -1 unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$HIKAE" schedule install --root "$PWD/root"
  assert_says "/proc/self/exe cannot be read" "mount -t proc"
  refute_says "Unexpected"
}

@test "an administrator's own file is left alone" {
  mkdir -p root/etc/cron.d
  echo "0 3 * * * root /usr/bin/hikae run" >root/etc/cron.d/hikae
  run -1 hikae schedule install --root "$PWD/root" --with cron
  assert_says "was not written by hikae"
  run -1 hikae schedule remove --root "$PWD/root"
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "without --due"
}

@test "remove takes ours from beside another's, and tells what still calls hikae" {
  local timer=root/etc/systemd/system/hikae.timer
  run -0 hikae schedule install --root "$PWD/root" --with systemd
  run -0 hikae schedule remove --root "$PWD/root" --dry-run
  [ -f "$timer" ]
  mkdir -p root/etc/cron.d
  echo "0 3 * * * root /usr/bin/hikae run --due" >root/etc/cron.d/hikae
  run -1 hikae schedule remove --root "$PWD/root"
  assert_says "hikae.timer" "still calls hikae: /etc/cron.d/hikae:1 (0 3 * * *): /usr/bin/hikae run --due" "was not written by hikae"
  [ "$(find root ! -type d)" = root/etc/cron.d/hikae ]
  rm root/etc/cron.d/hikae

  # Another's timer keeps the service that it starts.
  run -0 hikae schedule install --root "$PWD/root" --with systemd
  sed -i 1d "$timer"
  run -1 hikae schedule remove --root "$PWD/root"
  assert_says "still calls hikae: /etc/systemd/system/hikae.timer" "$timer was not written by hikae"
  [ -f root/etc/systemd/system/hikae.service ]
  [ -L root/etc/systemd/system/timers.target.wants/hikae.timer ]
  rm -r root/etc
  run -0 hikae schedule install --root "$PWD/root" --with cron
  run -0 hikae schedule remove --root "$PWD/root"
  assert_says "Nothing on this machine starts hikae by itself now"
}

@test "cron.daily alone is told as rare, together with another as harmless" {
  mkdir -p root/etc/cron.daily
  printf '#!/bin/sh\nexec /usr/bin/hikae run --due\n' >root/etc/cron.daily/hikae
  # run-parts takes no name with a dot.
  cp root/etc/cron.daily/hikae root/etc/cron.daily/hikae.old
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "/etc/cron.daily/hikae:2 (daily)" "comes rarely" "--wait"
  refute_says "hikae.old"
  run -0 hikae schedule install --root "$PWD/root" --with cron
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "Several triggers"
  refute_says "comes rarely"
}

@test "anacron's own table, root's crontab and what was put aside" {
  mkdir -p root/etc/cron.d root/var/spool/cron/crontabs
  printf 'SHELL=/bin/sh\n1 10 backup /usr/bin/hikae run --due --wait\n' >root/etc/anacrontab
  echo '*/10 * * * * root /usr/bin/hikae run --due' >root/etc/cron.d/hikae.dpkg-old
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "/etc/anacrontab:2 (1): /usr/bin/hikae run --due --wait" "comes rarely"
  refute_says "dpkg-old"
  echo '0 2 * * * /usr/bin/hikae run --due' >root/var/spool/cron/crontabs/root
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "/var/spool/cron/crontabs/root:1 (0 2 * * *)" "Several triggers"
}

@test "a machine without a trigger is told so" {
  run -0 hikae schedule show --root "$PWD/root"
  assert_says "no backup will run by itself" "hikae schedule install"
}

@test "schedules are said in other words, or refused with the reason" {
  [ "$(hikae schedule convert "daily 02:00" --to eventbridge 2>/dev/null)" = "cron(0 2 * * ? *)" ]
  [ "$(hikae schedule convert "cron(0 2 ? * 1#1 *)" --to words 2>/dev/null)" = "monthly first Sun 02:00" ]
  [ "$(hikae schedule convert "*/15 * * * *" --to oncalendar 2>/dev/null)" = "*-*-* *:00/15:00" ]
  [ "$(hikae schedule convert "rate(1 day)" --to cron 2>/dev/null)" = "0 0 * * *" ]
  run -1 hikae schedule convert "monthly last" --to cron
  assert_says "last day of a month"
  run -1 hikae schedule convert "0 0 13 * 5" --to words
  assert_says "no pattern"
}

# example NAME LANGUAGE-SUFFIX: that block of chapter 11.
example() {
  awk -v mark="<!-- example: $1 -->" '$0 == mark { seen = 1; next } seen && /^```/ { if (inside) exit; inside = 1; next } inside' \
    "$BATS_TEST_DIRNAME/../../docs/manual/11-from-scripts$2.md"
}

@test "the manual's way from a crontab to the policy is one that works" {
  local language line wanted
  for language in "" .ja; do
    example crontab "$language" >crontab
    example convert "$language" >convert
    example policy "$language" >part.yaml
    [ "$(wc -l <crontab)" -eq 4 ]
    [ "$(wc -l <convert)" -eq 3 ]
    while IFS= read -r line; do
      wanted=${line##*# }
      [ "$(eval "${line%%#*}" 2>/dev/null)" = "$wanted" ]
      # The policy says the same moments as the crontab.
      grep -qF ": $wanted" part.yaml
      grep -qF "$(sed -E 's/.*convert "([^"]*)".*/\1/' <<<"$line")" crontab
    done <convert
    cat - part.yaml >whole.yaml <<END
version: 1
name: company
timezone: Asia/Tokyo
sources: {config: {files: [/etc]}}
destinations: {nas: {url: $PWD/nas}}
encryption: {password: {file: $PWD/password}}
END
    run -0 hikae policy check whole.yaml
    assert_says "02:00" "04:30" "05:00"
    rm -rf root
    mkdir -p root/etc/cron.daily
    example cron.daily "$language" >root/etc/cron.daily/backup
    chmod 755 root/etc/cron.daily/backup
    run -0 hikae schedule show --root "$PWD/root"
    assert_says "/etc/cron.daily/backup:2 (daily)" "hikae run --due --wait"
  done
}
