#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A whole Debian with systemd as its init: the package is installed in it, "hikae schedule install" sets the timer up, and from
# then on nobody but the timer starts hikae. One system for all tests, which build on each other.

load helper
load system
load nspawn

NOTE="Nothing on this machine starts hikae by itself now."

setup_file() {
  if [ -n "$(why_no_container)" ]; then return; fi
  make_package
  export ROOT=$BATS_FILE_TMPDIR/system
  clean_system "$ROOT" systemd-sysv dbus
  boot_container
  cp "$DEB" "$ROOT/hikae.deb"
  inside dpkg -i /hikae.deb
  # What a run may do, as seen from inside of it; and it waits as long as /srv/hold is there.
  cat >"$ROOT/usr/local/sbin/probe" <<'END'
#!/bin/sh
for folder in /etc /usr /srv; do [ ! -w "$folder" ] || echo "writes $folder"; done >/srv/probe
grep CapBnd /proc/self/status >>/srv/probe
cat /proc/self/cgroup >>/srv/probe
touch /srv/probed
while [ -e /srv/hold ]; do sleep 0.1; done
END
  chmod 755 "$ROOT/usr/local/sbin/probe"
  cat >"$ROOT/etc/hikae/policy.yaml" <<END
version: 1
name: test
timezone: Etc/UTC
sources: {config: {files: [/etc]}}
destinations: {disk: {url: /srv/backup/hikae, min_free: 0}}
encryption: {password: {file: /etc/hikae/password}}
schedule:
  backup: yearly
retention: {last: 20}
hooks: {before: [/usr/local/sbin/probe]}
END
  inside hikae -q init >/dev/null
  inside hikae -q recovery-kit --confirm
}

teardown_file() { stop_container; }

setup() {
  local reason
  reason=$(why_no_container)
  [ -z "$reason" ] || skip "$reason"
  is_booted
}

teardown() {
  if [ -z "$BATS_TEST_COMPLETED" ] && [ -n "$ROOT" ]; then
    inside journalctl --no-pager -n 40
    inside systemctl status --no-pager hikae.timer hikae.service
    rm -f "$ROOT/srv/hold"
  fi
  true
}

# Times are the machine's own: a mark of the last tick's end, empty before the first.
last_tick() { inside systemctl show -P ExecMainExitTimestampMonotonic hikae.service; }
state_of() { inside systemctl show -P ActiveState "$1"; }
ticked_since() { [ "$(last_tick)" != "$1" ] && [ "$(state_of hikae.service)" = inactive ]; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }

# set_timer CALENDAR: by files of the administrator's.
set_timer() {
  local folder=$ROOT/etc/systemd/system
  mkdir -p "$folder/hikae.timer.d" "$folder/hikae.service.d"
  printf '[Timer]\nOnCalendar=\nOnCalendar=%s\nAccuracySec=100ms\n' "$1" >"$folder/hikae.timer.d/own.conf"
  # Five starts in ten seconds are too many for systemd otherwise.
  printf '[Unit]\nStartLimitIntervalSec=0\n' >"$folder/hikae.service.d/own.conf"
  inside systemctl daemon-reload
  inside systemctl restart hikae.timer
}

has_ended() { is_state hikae.service inactive || is_state hikae.service failed; }

# A tick begins and ends, all of it after this moment.
wait_for_tick() {
  local before
  inside systemctl stop hikae.timer
  patiently has_ended
  before=$(last_tick)
  "$@"
  inside systemctl start hikae.timer
  patiently ticked_since "$before"
}

# Of the generations that stock restic sees from outside.
restic_outside() { RESTIC_PASSWORD=$(cat "$ROOT/etc/hikae/password") restic -r "$ROOT/srv/backup/hikae" "$@"; }
generations() { restic_outside snapshots --json | json 'len(j)'; }

# A backup is due a moment from now, and then not for a day.
soon() {
  local moment
  moment=$(date -u -d '+3 seconds' +'*-*-* %H:%M:%S')
  sed -i "s/^  backup: .*/  backup: \"$moment\"/" "$ROOT/etc/hikae/policy.yaml"
}

# hold_a_backup: one begins, and goes on until /srv/hold is removed.
hold_a_backup() {
  touch "$ROOT/srv/hold"
  rm -f "$ROOT/srv/probed"
  soon
  patiently test -e "$ROOT/srv/probed"
}

@test "schedule install: systemd knows, enables and arms the units" {
  run -0 inside hikae schedule install
  assert_says "/etc/systemd/system/hikae.timer" "/etc/systemd/system/hikae.service"
  run -0 inside systemd-analyze verify --man=no /etc/systemd/system/hikae.service /etc/systemd/system/hikae.timer
  [ -z "$output" ]
  run -0 inside systemctl is-enabled hikae.timer
  run -0 inside systemctl is-active hikae.timer
  run -0 inside systemctl list-timers --no-pager
  assert_says "hikae.timer" "hikae.service"
  run -0 inside hikae schedule show
  assert_says "/etc/systemd/system/hikae.timer (*:0/5)"
  refute_says "warning"
}

@test "the timer makes a backup, in the hardened service" {
  local run snapshot
  set_timer "*:*:0/2"
  # The ledger begins with the first tick, which finds nothing to do.
  wait_for_tick
  [ ! -e "$ROOT/srv/probed" ]
  soon
  patiently test -e "$ROOT/srv/probed"
  patiently is_state hikae.service inactive

  run -0 inside hikae status
  assert_says "config" "disk" "Status of test: ok."
  run -0 inside hikae snapshots -d disk --json
  [ "$(json 'len(j)' <<<"$output")" = 1 ]
  run=$(json 'next(t for t in j[0]["tags"] if t.startswith("hikae:run="))[10:]' <<<"$output")
  snapshot=$(json 'j[0]["id"]' <<<"$output")

  [ "$(restic_outside snapshots --json | json 'j[0]["id"]')" = "$snapshot" ]
  restic_outside check -q --read-data
  restic_outside restore -q latest --target "$BATS_TEST_TMPDIR/restored"
  diff -r --no-dereference "$BATS_TEST_TMPDIR/restored/etc/systemd" "$ROOT/etc/systemd"
  cmp "$BATS_TEST_TMPDIR/restored/etc/shadow" "$ROOT/etc/shadow"

  # systemd's journal knows it as that unit's, by the same id.
  run -0 inside journalctl -o json _SYSTEMD_UNIT=hikae.service HIKAE_EVENT=run_finished
  [ "$(json 'j["HIKAE_RUN"], j["HIKAE_VERDICT"]' <<<"$output")" = "$run ok" ]

  # It ran in the unit, where it could not change the system.
  output=$(cat "$ROOT/srv/probe")
  assert_says "/system.slice/hikae.service"
  [ "$(grep writes <<<"$output")" = "writes /srv" ]
  # Neither CAP_SYS_ADMIN (21) nor CAP_SYS_MODULE (16), but CAP_DAC_READ_SEARCH (2).
  [ "$(python3 -c 'import sys; c=int(sys.argv[1],16); print(c>>21&1, c>>16&1, c>>2&1)' "$(sed -n 's/^CapBnd:\s*//p' <<<"$output")")" = "0 0 1" ]
}

@test "a tick without work ends well and silently, and touches neither source nor destination" {
  local invocation
  wait_for_tick mv "$ROOT/srv/backup" "$ROOT/srv/away"
  run -0 inside systemctl show -P Result hikae.service
  [ "$output" = success ]
  [ ! -e "$ROOT/srv/backup" ]
  mv "$ROOT/srv/away" "$ROOT/srv/backup"
  invocation=$(inside systemctl show -P InvocationID hikae.service)
  run -0 inside journalctl -q --no-pager "_SYSTEMD_INVOCATION_ID=$invocation"
  [ -z "$output" ]
  [ "$(generations)" = 1 ]
}

@test "an upgrade stops neither the schedule nor the backup that is under way" {
  hold_a_backup
  cp "$(another_version 0.9.9-1)" "$ROOT/newer.deb"
  run -0 inside dpkg -i /newer.deb
  refute_says "schedule"
  is_state hikae.service activating
  is_state hikae.timer active
  run -0 inside systemctl is-enabled hikae.timer
  rm "$ROOT/srv/hold"
  patiently has_ended
  [ "$(inside systemctl show -P Result hikae.service)" = success ]
  [ "$(generations)" = 2 ]
  # The new program's ticks.
  wait_for_tick
  [ "$(inside systemctl show -P Result hikae.service)" = success ]
  run -0 inside dpkg -i /hikae.deb
}

@test "schedule remove: no units, no timer, nothing failed" {
  # A mistake in the policy makes the service fail; nothing of that may stay either.
  wait_for_tick
  echo "mistake: 1" >>"$ROOT/etc/hikae/policy.yaml"
  patiently is_state hikae.service failed
  # No tick is under way when the timer goes.
  set_timer yearly
  patiently is_state hikae.service failed
  run -0 inside hikae schedule remove
  assert_says "Removes /etc/systemd/system/hikae.timer" "Removes /etc/systemd/system/hikae.service" "$NOTE"
  assert_nothing_scheduled
  # The administrator's own file stays.
  [ -f "$ROOT/etc/systemd/system/hikae.timer.d/own.conf" ]
  sed -i '/^mistake/d' "$ROOT/etc/hikae/policy.yaml"
  run -0 inside hikae schedule show
  assert_says "no backup will run by itself"
  run -0 inside hikae schedule remove
  assert_says "There is nothing to remove"
}

assert_nothing_scheduled() {
  run -0 inside find /etc/systemd /run/systemd/system /etc/cron.d ! -type d -name 'hikae*'
  [ -z "$output" ]
  for unit in hikae.timer hikae.service; do
    [ "$(inside systemctl show -P ActiveState "$unit")" = inactive ]
    run -1 inside systemctl is-enabled "$unit"
  done
  run -0 inside systemctl list-timers --all --no-pager
  refute_says "hikae"
  run -0 inside systemctl list-units --failed --no-pager
  refute_says "hikae"
}

@test "removing the package removes the schedule, and says so" {
  run -0 inside hikae schedule install
  is_state hikae.timer active
  run -0 inside apt-get -y remove hikae
  assert_says "Removes /etc/systemd/system/hikae.timer" "Removes /etc/systemd/system/hikae.service" "$NOTE"
  [ ! -e "$ROOT/usr/bin/hikae" ]
  assert_nothing_scheduled
  [ -f "$ROOT/etc/hikae/password" ]
  [ -n "$(ls "$ROOT/var/lib/hikae")" ]
  [ -f "$ROOT/var/lib/systemd/timers/stamp-hikae.timer" ]
  run -0 inside apt-get -y purge hikae
  [ ! -e "$ROOT/var/lib/systemd/timers/stamp-hikae.timer" ]
  [ ! -e "$ROOT/var/lib/hikae" ]
  [ "$(generations)" = 2 ]
}

@test "a backup that is under way outlives its schedule and its package" {
  run -0 inside dpkg -i /hikae.deb
  # By default systemd would end what takes longer than this.
  printf '[Manager]\nDefaultTimeoutStartSec=3s\n' >"$ROOT/etc/systemd/system.conf"
  inside systemctl daemon-reexec
  inside hikae -q schedule install
  set_timer "*:*:0/2"
  wait_for_tick
  hold_a_backup
  run -0 inside apt-get -y remove hikae
  assert_says "A run is under way and goes on" "$NOTE"
  [ ! -e "$ROOT/usr/bin/hikae" ]
  [ ! -e "$ROOT/etc/systemd/system/hikae.service" ]
  run -1 inside systemctl is-enabled hikae.timer
  # Until another unit has met that limit, which began later.
  run ! inside systemd-run --quiet --service-type=notify sleep 100
  inside systemctl daemon-reload
  is_state hikae.service activating
  rm "$ROOT/srv/hold"
  patiently has_ended
  [ "$(inside systemctl show -P Result hikae.service)" = success ]
  [ "$(generations)" = 3 ]
  restic_outside check -q --read-data

  # What systemd kept for it goes with the schedule, once it is no longer needed.
  run -0 inside dpkg -i /hikae.deb
  run -0 inside hikae schedule remove
  assert_says "Removes /run/systemd/system/hikae.service"
  assert_nothing_scheduled
}
