#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rules of the policy, each by a whole run of the program: real repositories, a real mail server, a real database, a
# moved clock. Those that other suites show whole are shown there:
#
#   R2   A failing notification never fails the backup, is retried, kept and told elsewhere:
#        notify "a channel that fails never fails a backup; what it did not take is kept, told and sent later".
#   R3   A kill at any point leaves no lock that blocks the next run, and loses nothing:
#        places "kill -9 in the middle of a backup, then a normal run", "kill -9 in the middle of a prune loses nothing";
#        due "a run that was killed is made again once, and what it sealed is kept";
#        hooks "finally runs after SIGTERM, and nothing that a hook started stays". (Containers: with the Docker sources.)
#   R5   Clock moved, hours that are skipped or come twice: each slot once:
#        due "a local time that the clocks skip …", "a clock that went back deletes nothing until somebody says that it is
#        right"; year "a year of daily backups …"; unit policy_time (20 years, 10 zones).
#   R6   Between two tries, by the schedule, the source is not read again either:
#        due "a destination that is away is tried again, without a second generation elsewhere".
#   R9 to R12 (drills, evidence) and R16 (documents) come with their parts.

load helper
load due
load receivers
load postgres

setup_file() {
  start_receivers
  [ "$(id -u)" -ne 0 ] || start_cluster live "full_page_writes = off"
}
teardown_file() {
  stop_receivers
  [ "$(id -u)" -ne 0 ] || stop_cluster live immediate
}

setup() {
  make_machine
  unset RESTIC_PASSWORD
  rm -rf "$receivers"/mail/*.eml "$receivers"/web/*
  (umask 077 && echo pw123 >smtp)
  cat >>policy.yaml <<END
metrics: {textfile: $PWD/hikae.prom}
notify:
  email:
    to: [it-team@company.test]
    from: backup@company.test
    on: [success, failure]
    smtp: {host: localhost, port: $SMTP_PORT, user: backup, password: {file: $PWD/smtp}, ca_file: $receivers/ca.pem}
END
}
teardown() { unmount_all; }

generations() { # DESTINATION [SOURCE]
  restic -r "$BATS_TEST_TMPDIR/$1" --password-file password --no-lock snapshots --json ${2:+--tag "hikae:source=$2"} | json "len(j)"
}
# metric NAME LABELS…: the value of the one line that has all these labels; nothing where there is none.
metric() {
  local lines label
  lines=$(grep "^$1{" hikae.prom || true)
  shift
  for label in "$@"; do lines=$(grep -F "$label" <<<"$lines" || true); done
  [ "$(wc -l <<<"$lines")" = 1 ] || { echo "several: $lines" >&2; return 1; }
  echo "${lines##* }"
}
subject() { read_mail "$(last_mail)" Subject; }
# add_source NAME YAML…: beside "work".
add_source() {
  local name=$1
  shift
  python3 - "$name" "$@" <<'PYTHON'
import sys
text = open("policy.yaml").read()
lines = "".join("    %s\n" % line for line in sys.argv[2:])
open("policy.yaml", "w").write(text.replace("sources:\n", "sources:\n  %s:\n%s" % (sys.argv[1], lines), 1))
PYTHON
}

@test "R1 a failed database dump: no snapshot of that source, an exit code, a metric and a mail that say so" {
  need_root
  sql live postgres "CREATE DATABASE shop"
  sql live shop "CREATE TABLE ledger AS SELECT n, md5(n::text) FROM generate_series(1, 5000) n; CHECKPOINT"
  local file
  file=$BATS_FILE_TMPDIR/live/data/$(sql live shop "SELECT pg_relation_filepath('ledger')")
  add_source database "postgres: {data_directory: $BATS_FILE_TMPDIR/live/data}"
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  [ "$(generations nas database)" -eq 1 ]
  local success
  success=$(metric hikae_last_success_timestamp_seconds 'source="database"' 'destination="nas"')
  # A page of the table goes bad on the server's disk.
  stop_cluster live
  cp -a "$file" kept
  dd if=/dev/zero of="$file" bs=1 seek=9000 count=4000 conv=notrunc status=none
  run_cluster live
  run -1 --separate-stderr at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['verdict']) for e in j['events']]" <<<"$output")" = "[('failure', 'failed')]" ]
  local place
  for place in nas usb; do
    [ "$(generations $place database)" -eq 1 ]
    [ "$(generations $place work)" -eq 2 ]
    [ "$(metric hikae_last_status 'job="backup"' 'source="database"' "destination=\"$place\"")" = 3 ]
    [ "$(metric hikae_last_status 'job="backup"' 'source="work"' "destination=\"$place\"")" = 0 ]
  done
  [ "$(metric hikae_last_status 'job="backup"' 'source=""')" = 3 ]
  [ "$(metric hikae_last_success_timestamp_seconds 'source="database"' 'destination="nas"')" = "$success" ]
  [[ "$(subject)" == "Backup Failed: failed - company ("*") 2026-03-03 02:00" ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "dumping the database shop" "database → nas: failed" "work → nas: ok"
  # Mended, the next one is good.
  stop_cluster live
  cp -a kept "$file"
  run_cluster live
  run -0 at "2026-03-04 01:01:00" hikae -q run --due
  [ "$(generations nas database)" -eq 2 ]
}

@test "R4 any number of triggers in one slot make one generation in each destination and one message" {
  # cron, anacron, a timer and a service at the same instant: all wait at one pipe, and start when it opens.
  mkfifo start
  local i pids=() library
  library=$(faketime_library)
  for i in 1 2 3 4 5; do
    (
      read -r _ <start || true
      TZ=UTC LD_PRELOAD=$library FAKETIME="@2026-03-02 01:01:00" FAKETIME_DONT_FAKE_MONOTONIC=1 exec "$HIKAE" run --due
    ) >"trigger$i" 2>&1 3>&- &
    pids+=($!)
  done
  start_at "2026-03-02 01:01:00" serve --every 0.1
  local service=$!
  : >start
  for i in "${pids[@]}"; do expect_exit 0 "$i"; done
  done_by_somebody() { [ "$(cat trigger? out | grep -c 'backup of 2026-03-02 02:00:00: ok')" -ge 1 ]; }
  wait_until done_by_somebody
  kill -TERM $service
  expect_exit 0 $service
  [ "$(cat trigger? out | grep -c 'backup of 2026-03-02 02:00:00: ok')" -eq 1 ]
  # And those that come later, also by cron.daily's way.
  run -0 at "2026-03-02 01:06:00" hikae run --due
  run -0 at "2026-03-02 01:07:00" hikae run --due --wait
  [ "$(generations nas)" -eq 1 ]
  [ "$(generations usb)" -eq 1 ]
  [ "$(mails)" -eq 1 ]
  run -0 at "2026-03-02 02:00:00" hikae logs validate
}

@test "R6 one destination down: the other gets its generation, partial is told, and it heals without the source" {
  hikae recovery-kit --confirm >/dev/null
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  mv usb away
  echo second >source/one
  run -3 --separate-stderr at "2026-03-03 01:01:00" hikae --json run --due
  [ "$(json "[(e['kind'], e['verdict']) for e in j['events']]" <<<"$output")" = "[('partial', 'partial')]" ]
  [ "$(generations nas)" -eq 2 ]
  [[ "$(subject)" == "Backup Failed: partial - company ("*") 2026-03-03 02:00" ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "The backup is incomplete" "destination usb" "work → nas: ok" "work → usb: failed"
  [ "$(metric hikae_last_status 'job="backup"' 'source=""')" = 2 ]
  # It is there again, with what it had: that is not good yet.
  mv away usb
  [ "$(generations usb)" -eq 1 ]
  run -3 at "2026-03-03 02:00:00" hikae status
  run -1 --separate-stderr at "2026-03-03 02:00:00" hikae status --nagios
  assert_says "HIKAE WARNING - company: partial"
  # What it lacks comes from the other, and the source need not even be there.
  mv source gone
  run -0 at "2026-03-03 03:00:00" hikae sync
  [ "$(generations usb)" -eq 2 ]
  [ "$(restic -r usb --password-file password --no-lock dump latest "$PWD/source/one")" = second ]
  run -0 at "2026-03-03 03:01:00" hikae status
  refute_says "the last run failed"
}

@test "R7 neither missed days nor failed runs delete, and the minimum stays whatever the rules say" {
  set_policy "retention: {daily: 3, weekly: 4}" "retention: {within: 3d, minimum: 2}"
  local day
  for day in 2 3 4; do run -0 at "2026-03-0$day 01:01:00" hikae -q run --due; done
  # Weeks in which the machine was off, or the source was away: nothing goes.
  mv source gone
  for day in 10 11 25; do run -1 at "2026-03-$day 01:01:00" hikae -q run --due; done
  [ "$(generations nas)" -eq 3 ]
  [ "$(generations usb)" -eq 3 ]
  # Nor where the run is good elsewhere only.
  mv gone source
  mv usb away
  run -3 at "2026-03-26 01:01:00" hikae -q run --due
  mv away usb
  [ "$(generations usb)" -eq 3 ]
  # Only the newest lies within three days, and two stay.
  [ "$(generations nas)" -eq 2 ]
}

@test "R8 a source that is missing, empty or not mounted is a failure and never an empty backup" {
  need_tmp_on_root
  mkdir empty share
  echo x >share/file
  add_source missing "files: [$PWD/missing]"
  add_source empty "files: [$PWD/empty]"
  add_source share "files: [$PWD/share]" "require_mount: true"
  run -1 --separate-stderr at "2026-03-02 01:01:00" hikae --json run
  [ "$(json "sorted((o['source'], o['verdict']) for o in j['outcomes'] if o['destination'] == 'nas')" <<<"$output")" = \
    "[('empty', 'failed'), ('missing', 'failed'), ('share', 'failed'), ('work', 'ok')]" ]
  [ "$(json "j['verdict']" <<<"$output")" = failed ]
  local source
  for source in missing empty share; do
    [ "$(generations nas $source)" -eq 0 ]
    [ "$(metric hikae_last_status 'job="backup"' "source=\"$source\"" 'destination="usb"')" = 3 ]
  done
  [ "$(generations nas work)" -eq 1 ]
  [[ "$(subject)" == "Backup Failed: failed - "* ]]
  output=$(read_mail "$(last_mail)" text)
  assert_says "The source $PWD/missing cannot be read" "nothing to back up in $PWD/empty" "Nothing is mounted at $PWD/share"
  # One that empties itself later keeps its generations.
  mv source/one kept
  run -1 at "2026-03-02 02:00:00" hikae -q run
  [ "$(generations nas work)" -eq 1 ]
}

# one_verdict VERDICT EXIT-CODE METRIC NAGIOS-CODE "NAGIOS WORD": a run by hand in each language, and everywhere the same.
one_verdict() {
  local verdict=$1 code=$2 figure=$3 plugin_code=$4 plugin_word=$5 word
  local begins=Completed language
  case $verdict in
    ok) word="ok (正常)" ;;
    warning) word="warning (警告)" ;;
    partial) word="partial (一部失敗)" begins=Failed ;;
    failed) word="failed (失敗)" begins=Failed ;;
  esac
  for language in en ja; do
    sed -i "/^language: /d; s/^version: 1/&\nlanguage: $language/" policy.yaml
    minute=$((minute + 1))
    run "-$code" --separate-stderr at "2026-03-02 01:$minute:00" hikae --json run
    [ "$(json "j['verdict']" <<<"$output")" = "$verdict" ]
    [ "$(metric hikae_last_status 'job="backup"' 'source=""')" = "$figure" ]
    [ "$(read_mail "$(last_mail)" X-Hikae-Verdict)" = "$verdict" ]
    if [ $language = en ]; then
      [[ "$(subject)" == "Backup $begins: $verdict - company "* ]]
    else
      [[ "$(subject)" == "Backup $begins: $word - company "* ]]
      output=$(read_mail "$(last_mail)" text)
      assert_says "保存先" "ポリシー"
    fi
    [ "$(python3 -c "
import json
print([x['verdict'] for x in map(json.loads, open('state/log/hikae.log')) if x['event'] == 'run_finished'][-1])")" = "$verdict" ]
    run "-$plugin_code" --separate-stderr at "2026-03-02 01:$minute:30" hikae status --nagios
    assert_says "HIKAE $plugin_word - company: $verdict"
  done
}

@test "R13 exit code, JSON, metric, log, mail in both languages and Icinga tell one verdict" {
  hikae recovery-kit --confirm >/dev/null
  local minute=10
  one_verdict ok 0 0 0 OK
  echo "hooks: {after: ['exit 1']}" >>policy.yaml
  one_verdict warning 0 1 1 WARNING
  sed -i '$d' policy.yaml
  mv usb away
  one_verdict partial 3 2 1 WARNING
  mv away usb
  mv source gone
  one_verdict failed 1 3 2 CRITICAL
}

@test "R14 an unknown key is refused with its line, and nothing is done, by every verb that reads the policy" {
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  local line
  echo "retentoin: {daily: 1}" >>policy.yaml
  line=$(grep -n retentoin policy.yaml | cut -d : -f 1)
  find nas usb -type f | sort >before
  local verb
  while read -r verb; do
    # shellcheck disable=SC2086  # words
    HIKAE_LANGUAGE=en run at "2026-03-03 01:01:00" hikae $verb
    echo "$verb: $status: $output"
    [ "$status" -ne 0 ]
    assert_says "policy.yaml:$line:" 'unknown key "retentoin"'
  done <<END
run --due
run
run --due --wait
init
sync
status
status --nagios
ack
schedule show
schedule install --dry-run
notify test
notify retry
watch
metrics
logs validate
policy check
policy explain
policy show
policy simulate
doctor
import --dry-run /nonexistent
recovery-kit
snapshots
check -d nas
forget -d nas
prune -d nas
restore --source work --target out
stats -d nas
snapshots -d nas
ls -d nas latest
cat -d nas config
key list -d nas
unlock -d nas
backup -d nas source
restore latest -d nas --target out
postgres restore --source work --target out
END
  [ ! -e out ]
  find nas usb -type f | sort | diff before -
  [ "$(mails)" -eq 2 ]
  [[ "$(subject)" == "Backup Failed: the policy cannot be read - company "* ]]
  # Without the mistake the slot is made up for.
  sed -i '$d' policy.yaml
  run -0 at "2026-03-03 01:20:00" hikae -q run --due
  [ "$(generations nas)" -eq 2 ]
}

@test "R15 a lost state directory: the ledger comes back from the repositories, and nothing runs twice" {
  set_policy "retention: {daily: 3, weekly: 4}" "retention: {daily: 30}"
  local day
  for day in 6 7; do run -0 at "2026-03-0$day 01:01:00" hikae -q run --due; done
  # Also the weekly check, and a generation that one destination alone has.
  run -0 at "2026-03-08 01:01:00" hikae -q run --due
  run -0 at "2026-03-08 03:01:00" hikae -q run --due
  mv usb away
  run -3 at "2026-03-09 01:01:00" hikae -q run --due
  mv away usb
  rm -rf state cache
  run -0 --separate-stderr at "2026-03-09 01:15:00" hikae --json run --due
  [ "$(json "j['jobs']" <<<"$output")" = "[]" ]
  [ "$(generations nas)" -eq 4 ]
  for day in 10 11; do
    rm -rf state
    run -0 at "2026-03-$day 01:01:00" hikae run --due
    assert_says "backup of 2026-03-$day 02:00:00: ok"
    rm -rf state
    run -0 at "2026-03-$day 01:06:00" hikae run --due
    assert_says "Nothing is due before"
  done
  [ "$(generations nas)" -le 6 ]
  run -0 at "2026-03-11 03:00:00" hikae status
}
