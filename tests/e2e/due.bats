#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slots: what runs when, once, and what becomes of what failed. The clock is moved, the program is real.

load helper
load due

setup() { make_machine; }

@test "nothing is due before its time, and each slot runs once" {
  run -0 at "2026-03-01 12:05:00" hikae run --due
  assert_says "Nothing is due before 2026-03-02 02:00:00"
  run -0 at "2026-03-02 01:01:00" hikae run --due
  assert_says "backup of 2026-03-02 02:00:00: ok"
  run -0 at "2026-03-02 01:06:00" hikae run --due
  assert_says "Nothing is due before 2026-03-03 02:00:00"
  [ "$(generations nas)" -eq 1 ]
  [ "$(generations usb)" -eq 1 ]
}

@test "a tick without work costs almost nothing" {
  # The best of several: the machine may be busy. Where it is slow, twice what it takes to start the program at all.
  at "2026-03-01 12:05:00" hikae -q run --due
  run -0 python3 - "$HIKAE" <<'END'
import os, resource, subprocess, sys
def processor_time(*words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.argv[1], *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
tick = start = 1.0
for _ in range(10):
    start = min(start, processor_time("--version"))
    tick = min(tick, processor_time("--quiet", "run", "--due"))
print(f"{tick * 1000:.1f} ms of processor time; to start alone {start * 1000:.1f} ms")
sys.exit(tick > max(0.020, 2 * start))
END
  echo "$output"
}

@test "a tick without work touches no destination" {
  mv nas usb "$BATS_FILE_TMPDIR"/
  run -0 at "2026-03-01 12:05:00" hikae run --due
  assert_says "Nothing is due"
}

@test "a local time that the clocks skip runs at the first valid moment, one that comes twice runs once" {
  at "2026-03-28 01:01:00" hikae -q run --due
  run -0 at "2026-03-29 00:59:00" hikae run --due
  assert_says "Nothing is due before 2026-03-29 03:00:00"
  run -0 at "2026-03-29 01:00:05" hikae run --due
  assert_says "backup of 2026-03-29 03:00:00: ok"
  at "2026-10-24 00:01:00" hikae -q run --due
  run -0 at "2026-10-25 00:01:00" hikae run --due
  assert_says "backup of 2026-10-25 02:00:00: ok"
  run -0 at "2026-10-25 01:01:00" hikae run --due
  assert_says "Nothing is due"
}

@test "days of absence become one catch-up" {
  at "2026-03-02 01:01:00" hikae -q run --due
  run -0 at "2026-03-12 14:30:00" hikae --json run --due
  [ "$(json "[(e['job'], e['reason']) for e in j['jobs'] if e['job'] == 'backup']" <<<"$output")" = "[('backup', 'catch_up')]" ]
  [ "$(json "len([s for s in j['coalesced'] if s['job'] == 'backup'])" <<<"$output")" -eq 9 ]
  [ "$(generations nas)" -eq 2 ]
}

@test "what is older than catch_up is missed, told once, and waits for somebody" {
  set_policy "  check: weekly" "  catch_up: 12h"
  at "2026-03-02 01:01:00" hikae -q run --due
  run -0 at "2026-03-05 20:00:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['stands_for']) for e in j['events']]" <<<"$output")" = "[('missed', 3)]" ]
  run -0 hikae ack
  assert_says "backup of 2026-03-04 02:00:00: missed"
  run -0 at "2026-03-05 22:00:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "[]" ]
  run -0 at "2026-03-06 00:30:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['stands_for']) for e in j['events']]" <<<"$output")" = "[('unacknowledged', 3)]" ]
  run -0 at "2026-03-06 01:01:00" hikae --json run --due
  # Since the first of the three.
  [ "$(json "[(e['kind'], e['since']) for e in j['events']]" <<<"$output")" = "[('recovered', '2026-03-03T01:00:00Z')]" ]
  run -0 hikae ack all
  run -0 hikae ack
  assert_says "No failed or missed slot waits"
  run -1 hikae ack "2026-03-04 02:00"
  assert_says "No failed or missed slot is called"
}

@test "two triggers at once: one works, the other ends quietly" {
  at "2026-03-02 01:01:00" hikae run --due >first 2>&1 &
  local first=$!
  at "2026-03-02 01:01:00" hikae run --due >second 2>&1 &
  local second=$!
  expect_exit 0 $first
  expect_exit 0 $second
  [ "$(generations nas)" -eq 1 ]
  [ "$(generations usb)" -eq 1 ]
  [ "$(cat first second | grep -c 'backup of 2026-03-02 02:00:00: ok')" -eq 1 ]
  grep -qE 'Another tick is at work|Nothing is due' first second
}

@test "a wrong password is not tried again" {
  echo wrong >password
  run -1 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('failure', 1)]" ]
  run -0 at "2026-03-02 01:30:00" hikae run --due
  assert_says "Nothing is due before 2026-03-03"
}

@test "a destination that is away is tried again, without a second generation elsewhere" {
  need_root
  need_tmp_on_root
  set_policy "url: $BATS_TEST_TMPDIR/usb" "url: $BATS_TEST_TMPDIR/usb\n    require_mount: true"
  run -3 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('try_failed', 1)]" ]
  [ "$(json "j['jobs'][0]['next_try'][:16]" <<<"$output")" = "2026-03-02T01:11" ]
  run -0 at "2026-03-02 01:06:00" hikae run --due
  assert_says "Nothing is due before 2026-03-02 02:11"
  # Its disk comes back before the second try: it is completed from the other, and nothing is read again.
  echo changed >source/one
  mkdir disk
  cp -a usb/. disk/
  mount --bind disk usb 2>/dev/null || skip "cannot mount here"
  echo "$BATS_TEST_TMPDIR/usb" >>"$BATS_TEST_TMPDIR/mounts"
  run -0 at "2026-03-02 01:15:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('success', 2)]" ]
  [ "$(generations nas)" -eq 1 ]
  [ "$(generations usb)" -eq 1 ]
  [ "$(restic -r usb --no-lock dump latest "$BATS_TEST_TMPDIR/source/one")" = one ]
}

@test "all tries fail: one failure that lists them, and the way back" {
  need_root
  need_tmp_on_root
  set_policy "url: $BATS_TEST_TMPDIR/usb" "url: $BATS_TEST_TMPDIR/usb\n    require_mount: true"
  set_policy "url: $BATS_TEST_TMPDIR/nas" "url: $BATS_TEST_TMPDIR/nas\n    require_mount: true"
  run -1 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['try_failed']" ]
  # After 10 minutes, then after 20.
  run -1 at "2026-03-02 01:11:30" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('try_failed', 2)]" ]
  run -0 at "2026-03-02 01:25:00" hikae -q run --due
  run -1 at "2026-03-02 01:32:30" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('failure', 3)]" ]
  set_policy "    require_mount: true" ""
  run -0 at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['recovered']" ]
}

@test "what a hook leaves out is neither a success nor the end of a failure" {
  mv source gone
  run -1 at "2026-03-02 01:01:00" hikae --json run --due
  mv gone source
  touch leave-out
  echo "hooks: {before: ['if test -e $PWD/leave-out; then exit 75; fi']}" >>policy.yaml
  run -0 --separate-stderr at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['verdict']) for e in j['events']]" <<<"$output")" = "[('left_out', 'warning'), ('unacknowledged', 'failed')]" ]
  [ "$(generations nas)" -eq 0 ]
  # The same of a source.
  sed -i '$d' policy.yaml
  set_policy "    files: \[$BATS_TEST_TMPDIR/source\]" "    files: [$BATS_TEST_TMPDIR/source]\n    hooks: {before: ['if test -e $PWD/leave-out; then exit 75; fi']}"
  run -0 --separate-stderr at "2026-03-04 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['verdict']) for e in j['events']]" <<<"$output")" = "[('left_out', 'warning')]" ]
  rm leave-out
  run -0 --separate-stderr at "2026-03-05 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['since']) for e in j['events']]" <<<"$output")" = "[('recovered', '2026-03-02T01:00:00Z')]" ]
}

@test "the window ends the tries" {
  need_root
  need_tmp_on_root
  set_policy "url: $BATS_TEST_TMPDIR/usb" "url: $BATS_TEST_TMPDIR/usb\n    require_mount: true"
  set_policy "attempts: 3, wait: 10m" "attempts: 9, wait: 40m"
  set_policy "  check: weekly" "  window: 1h"
  run -3 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['try_failed']" ]
  run -3 at "2026-03-02 01:42:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['tries']) for e in j['events']]" <<<"$output")" = "[('partial', 2)]" ]
}

@test "a run that was killed is made again once, and what it sealed is kept" {
  make_large_source source/large 24
  set_policy "url: $BATS_TEST_TMPDIR/nas" "url: $BATS_TEST_TMPDIR/nas\n    limit_upload: 4M"
  start_at "2026-03-02 01:01:00" run --due
  local tick=$!
  has_packs() { has_file_in nas/data; }
  wait_until has_packs
  kill -9 $tick
  rm -f /dev/shm/*faketime_*_$tick # which only its end removes
  expect_exit 137 $tick
  set_policy "    limit_upload: 4M" ""
  run -0 --separate-stderr at "2026-03-02 01:06:00" hikae --json run --due
  [ "$(json "[(e['job'], e['reason'], e['try']) for e in j['jobs']]" <<<"$output")" = "[('backup', 'killed', 2)]" ]
  [ "$(generations nas)" -eq 1 ]
  [ "$(generations usb)" -eq 1 ]
}

@test "a lost journal is learned again from the repositories" {
  at "2026-03-02 01:01:00" hikae -q run --due
  rm -rf state
  run -0 at "2026-03-02 01:06:00" hikae run --due
  assert_says "Nothing is due before 2026-03-03 02:00:00"
  rm -rf state
  run -0 at "2026-03-03 01:06:00" hikae run --due
  assert_says "backup of 2026-03-03 02:00:00: ok"
  [ "$(generations nas)" -eq 2 ]
}

@test "a state directory that cannot be written makes no second generation" {
  need_root
  at "2026-03-01 13:00:00" hikae -q run
  mv state kept
  mount_tmpfs "$BATS_TEST_TMPDIR/state" size=1M,mode=700
  cp -a kept/. state/
  run ! dd if=/dev/zero of=state/filler bs=4k status=none
  run at "2026-03-02 01:01:00" hikae run --due
  echo "$output"
  run at "2026-03-02 01:06:00" hikae run --due
  echo "$output"
  [ "$(generations nas)" -eq 2 ]
  [ "$(generations usb)" -eq 2 ]
}

@test "a clock that went back deletes nothing until somebody says that it is right" {
  for day in 2 3 4; do at "2026-03-0$day 01:01:00" hikae -q run --due; done
  at "2030-01-01 01:01:00" hikae -q run --due
  run -0 at "2026-03-05 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['warning', 'deletion_frozen']" ]
  run -0 at "2026-03-05 12:00:00" hikae ack all
  run -0 at "2026-03-06 01:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events']]" <<<"$output")" = "['success']" ]
}

@test "sources due at one instant form one slot; others have their own" {
  mkdir often
  echo 1 >often/file
  set_policy "  work:" "  often:\n    files: [$BATS_TEST_TMPDIR/often]\n    schedule: {backup: hourly}\n  work:"
  at "2026-03-02 00:30:00" hikae -q run --due
  run -0 at "2026-03-02 01:01:00" hikae --json run --due
  [ "$(json "[e['sources'] for e in j['jobs']]" <<<"$output")" = "[['often', 'work']]" ]
  run -0 at "2026-03-02 02:01:00" hikae --json run --due
  [ "$(json "[e['sources'] for e in j['jobs']]" <<<"$output")" = "[['often']]" ]
}

@test "a slot whose schedule was changed is told as failed, and nobody waits for it" {
  need_tmp_on_root
  mkdir often
  echo 1 >often/file
  set_policy "  work:" "  often:\n    files: [$BATS_TEST_TMPDIR/often]\n    require_mount: true\n    schedule: {backup: hourly}\n  work:"
  run -0 at "2026-03-02 02:30:00" hikae -q run --due
  run -1 at "2026-03-02 03:01:00" hikae -q run --due
  set_policy "hourly" "daily 05:00"
  run -1 --separate-stderr at "2026-03-02 03:12:00" hikae --json run --due --wait
  [ "$(json "[(e['kind'], e['group'], e['tries']) for e in j['events']]" <<<"$output")" = "[('failure', 'hourly', 1)]" ]
  run -0 at "2026-03-02 03:17:00" hikae run --due
  assert_says "Nothing is due before 2026-03-02 05:00:00"
}

@test "the weekly check heals a destination from another" {
  at "2026-03-07 01:01:00" hikae -q run --due
  local pack
  pack=$(find usb/data -type f | head -n 1)
  rm "$pack"
  # The backup notices it or not, depending on which pack it is.
  run at "2026-03-08 01:01:00" hikae -q run --due
  run -0 at "2026-03-08 03:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events'] if e['job'] == 'check']" <<<"$output")" = "['check_healed']" ]
  restic -r usb check -q --read-data
  run -0 at "2026-03-15 03:01:00" hikae --json run --due
  [ "$(json "[e['kind'] for e in j['events'] if e['job'] == 'check']" <<<"$output")" = "['success']" ]
}

@test "serve does what is due and ends when asked" {
  start_at "2026-03-02 01:01:00" serve --every 0.1
  local server=$!
  wait_until grep -q "backup of 2026-03-02 02:00:00: ok" out
  kill -TERM $server
  expect_exit 0 $server
  [ "$(generations nas)" -eq 1 ]
}

teardown() { unmount_all; }

@test "a backup's prune leaves a destination alone where the run deleted nothing" {
  set_policy "retention: {daily: 3, weekly: 4}" "retention: {last: 1}"
  head -c 3000000 /dev/urandom >source/large
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  # One is away, the other lets its old generation go.
  head -c 3000000 /dev/urandom >source/large
  mv usb away
  run -3 --separate-stderr at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[(e['job'], e['kind']) for e in j['events']]" <<<"$output")" = "[('backup', 'partial')]" ]
  mv away usb
  # One has lost a pack, which the run tells.
  rm "$(find usb/data -type f -size +100k | head -n 1)"
  head -c 3000000 /dev/urandom >source/large
  run -0 --separate-stderr at "2026-03-04 01:01:00" hikae --json run --due
  [ "$(json "[(e['job'], e['verdict']) for e in j['events']]" <<<"$output")" = "[('backup', 'warning')]" ]
}

@test "how much may lie unused is the policy's to say" {
  set_policy "retention: {daily: 3, weekly: 4}" "retention: {last: 1}\nprune: {max_unused: 100%}"
  head -c 3000000 /dev/urandom >source/large
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  head -c 3000000 /dev/urandom >source/large
  run -0 at "2026-03-03 01:01:00" hikae -q run --due
  # The first generation is forgotten, and its data lies there.
  [ "$(generations nas)" -eq 1 ]
  [ "$(du -s -B1000 nas/data | cut -f 1)" -gt 5500 ]
  set_policy "max_unused: 100%" "max_unused: 10%"
  head -c 3000000 /dev/urandom >source/large
  run -0 at "2026-03-04 01:01:00" hikae -q run --due
  [ "$(du -s -B1000 nas/data | cut -f 1)" -lt 5500 ]
  restic -r nas check -q
  # It stands in the log, and a night without anything to prune does not.
  run -0 at "2026-03-05 01:01:00" hikae -q run --due
  [ "$(json '[(x["event"], x["verdict"]) for x in j if x["job"] == "prune" and x["event"] != "run_started"]' \
    <<<"[$(paste -sd, state/log/hikae.log)]")" = "[('result', 'ok'), ('result', 'ok'), ('run_finished', 'ok')]" ]
  run -0 at "2026-03-05 02:00:00" hikae logs validate
}
