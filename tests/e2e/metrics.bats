#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Figures for Prometheus and Icinga, and the alerts and the dashboard that are shipped for them.

load helper
load ops
load due

packaging=$BATS_TEST_DIRNAME/../../packaging

teardown() { unmount_all; }

# value NAME LABELS…: of the one line that has all these labels.
value() {
  local lines label
  lines=$(grep "^$1{" hikae.prom)
  shift
  for label in "$@"; do lines=$(grep -F "$label" <<<"$lines"); done
  [ "$(wc -l <<<"$lines")" = 1 ] || { echo "several: $lines" >&2; return 1; }
  echo "${lines##* }"
}

@test "the textfile is whole, lint-free, and its successes advance on success only" {
  begin_with "metrics: {textfile: $BATS_TEST_TMPDIR/hikae.prom}"
  hikae -q run >/dev/null
  run -0 promtool check metrics <hikae.prom
  [ "$output" = "" ]
  [ "$(stat -c %a hikae.prom)" = 644 ]
  [ "$(value hikae_last_status 'job="backup"' 'source=""')" = 0 ]
  [ "$(value hikae_source_files 'destination="nas"')" = 1 ]
  [ "$(value hikae_snapshots 'destination="vault"')" = 1 ]
  local nas vault whole
  nas=$(value hikae_last_success_timestamp_seconds 'destination="nas"')
  vault=$(value hikae_last_success_timestamp_seconds 'destination="vault"')
  mv nas away
  run -3 hikae -q run
  [ "$(value hikae_last_status 'job="backup"' 'source=""')" = 2 ]
  [ "$(value hikae_last_status 'destination="nas"')" = 3 ]
  [ "$(value hikae_last_success_timestamp_seconds 'destination="nas"')" = "$nas" ]
  [ "$(value hikae_last_success_timestamp_seconds 'destination="vault"')" != "$vault" ]
  python3 -c "import sys; sys.exit(not $(value hikae_last_attempt_timestamp_seconds 'destination="nas"') > $nas)"
  # Also when the run fails as a whole.
  whole=$(value hikae_last_success_timestamp_seconds 'job="backup"' 'source=""')
  mv work gone
  run -1 hikae -q run
  [ "$(value hikae_last_status 'job="backup"' 'source=""')" = 3 ]
  [ "$(value hikae_last_success_timestamp_seconds 'job="backup"' 'source=""')" = "$whole" ]
  [ "$(ls -A | grep -c tmp)" = 0 ]
  # The verb tells the same.
  hikae metrics | promtool check metrics
  [ "$(hikae metrics | grep '^hikae_last')" = "$(grep '^hikae_last' hikae.prom)" ]
}

# Names and labels of all that the textfile tells.
series() { sed -n 's/^\(hikae_[^#]*}\) .*/\1/p' hikae.prom | sort; }

@test "no series ends where a job asks less than a backup does" {
  make_machine
  cat >>policy.yaml <<END
metrics: {textfile: $BATS_TEST_TMPDIR/hikae.prom}
END
  run -0 at "2026-03-02 01:01:00" hikae -q run --due
  run -0 at "2026-03-03 01:01:00" hikae -q run --due
  series >before
  grep -q '^hikae_snapshots{.*destination="nas"' before
  grep -q '^hikae_destination_free_bytes{.*destination="usb"' before
  [ "$(value hikae_snapshots 'destination="nas"')" = 2 ]
  # The weekly check, as the trigger runs it, after that day's backup.
  run -0 at "2026-03-08 01:01:00" hikae -q run --due
  run -0 at "2026-03-08 03:01:00" hikae -q run --due
  [ "$(value hikae_last_status 'job="check"')" = 0 ]
  [ "$(value hikae_snapshots 'destination="nas"')" = 3 ]
  run -0 comm -23 before <(series)
  [ "$output" = "" ]
  # By hand.
  hikae -q check -d usb
  hikae -q prune -d usb
  [ "$(value hikae_snapshots 'destination="usb"')" = 3 ]
  hikae -q forget -d usb "$(restic -r usb snapshots --json | json 'j[0]["id"]')"
  [ "$(value hikae_snapshots 'destination="usb"')" = 2 ]
  [ "$(value hikae_snapshots 'destination="nas"')" = 3 ]
  # A destination that is away, then a backup that fails as a whole, then one that cannot begin.
  mv usb away
  run -3 at "2026-03-09 01:01:00" hikae -q run --due
  [ "$(value hikae_snapshots 'destination="usb"')" = 2 ]
  [ "$(value hikae_snapshots 'destination="nas"')" = 4 ]
  mv source gone
  run -1 at "2026-03-10 01:01:00" hikae -q run --due
  mv password elsewhere
  run -1 at "2026-03-11 01:01:00" hikae -q run --due
  [ "$(value hikae_last_status 'job="backup"' 'source=""')" = 3 ]
  run -0 comm -23 before <(series)
  [ "$output" = "" ]
  [ "$(value hikae_snapshots 'destination="nas"')" = 4 ]
  run -0 promtool check metrics <hikae.prom
  [ "$(hikae metrics | grep '^hikae_snapshots')" = "$(grep '^hikae_snapshots' hikae.prom)" ]
}

@test "a check and a prune by hand tell the room that they saw" {
  make_machine
  mount_tmpfs "$BATS_TEST_TMPDIR/small" size=60M,mode=700
  set_policy "url: $BATS_TEST_TMPDIR/usb" "url: $BATS_TEST_TMPDIR/small/usb"
  hikae -q init >/dev/null 2>&1
  echo "metrics: {textfile: $BATS_TEST_TMPDIR/hikae.prom}" >>policy.yaml
  hikae -q run
  local before after
  before=$(value hikae_destination_free_bytes 'destination="usb"')
  head -c 8M /dev/zero >small/other
  hikae -q check -d usb
  after=$(value hikae_destination_free_bytes 'destination="usb"')
  python3 -c "import sys; sys.exit(not $after <= $before - 8388608)"
  rm small/other
  hikae -q prune -d usb
  [ "$(value hikae_destination_free_bytes 'destination="usb"')" != "$after" ]
}

# What the service says that it listens on, the last time it did.
page() { echo "$(sed -n 's|^Metrics and health: \(http.*\)metrics and .*|\1|p' out | tail -n 1)$1"; }
answers() { # PAGE CODE
  [ "$(curl -s -o body -w '%{http_code}' "$(page "$1")")" = "$2" ]
}

@test "serve answers /metrics and /healthz, and says what ails it" {
  make_machine
  cp policy.yaml silent.yaml
  echo "metrics: {listen: 0}" >>policy.yaml
  cp policy.yaml listening.yaml
  start_at "2026-03-02 01:01:00" serve --every 0.1
  local server=$!
  wait_until grep -q "backup of 2026-03-02 02:00:00: ok" out
  [[ "$(page)" == http://127.0.0.1:* ]]
  answers metrics 200
  run -0 promtool check metrics <body
  [ "$output" = "" ]
  [ "$(grep '^hikae_snapshots' body)" = "$(hikae metrics | grep '^hikae_snapshots')" ]
  grep -q '^hikae_snapshots{.*destination="nas"} 1$' body
  answers healthz 200
  grep -q "^Alive: " body
  curl -sfI "$(page metrics)" | grep -qi "^content-type: text/plain; version=0.0.4"
  answers policy.yaml 404
  [ "$(curl -s -o body -w '%{http_code}' -X DELETE "$(page metrics)")" = 405 ]
  # A mistake in the policy: no backup will be made, so it is not well, though it lives.
  echo "mistake: 1" >>policy.yaml
  wait_until answers healthz 503
  grep -q "it cannot be looked what is due: .*mistake" body
  answers metrics 200
  cp listening.yaml policy.yaml
  wait_until answers healthz 200
  # Off when the policy says so no more, and elsewhere when that is what it says.
  cp silent.yaml policy.yaml
  wait_until answers healthz 000
  local taken
  python3 -c "
import os, socket, time
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
while os.getppid() != 1: time.sleep(0.1)" >port 3>&- &
  taken=$!
  wait_until test -s port
  echo "metrics: {listen: \"127.0.0.1:$(cat port)\"}" >>policy.yaml
  wait_until grep -q "Metrics and health cannot be asked for" out
  kill $taken
  wait_until answers healthz 200
  [[ "$(page)" == "http://127.0.0.1:$(cat port)/" ]]
  [ "$(grep -c "cannot be asked for" out)" = 1 ]
  kill -TERM $server
  expect_exit 0 $server
}

@test "a folder gets a file for each policy, and restic's names on demand" {
  mkdir "$BATS_TEST_TMPDIR/collector"
  begin_with "metrics: {textfile: $BATS_TEST_TMPDIR/collector, restic_names: true}"
  hikae -q run >/dev/null
  local file=collector/hikae-office.prom
  [ "$(ls collector)" = hikae-office.prom ]
  # What node_exporter reads must parse; names that others chose need not please the linter.
  run promtool check metrics <$file
  refute_says "error while linting"
  grep -q "^restic_backup_timestamp{client_hostname=\"$(hostname)\".*snapshot_hash=\"$(ls nas/snapshots)\".*snapshot_paths=\"$PWD/work\"" $file
  grep -q '^restic_backup_files_total{.*} 1$' $file
  grep -q '^restic_snapshots_total{.*destination="nas".*} 1$' $file
}

@test "metrics that cannot be written are said, and fail nothing" {
  begin_with "metrics: {textfile: $BATS_TEST_TMPDIR/nowhere/hikae.prom}"
  run -0 hikae run
  assert_says "nowhere/hikae.prom"
}

@test "status --nagios: one line with figures, and the plugin's exit codes" {
  begin_with
  run -2 --separate-stderr hikae status --nagios
  [ "${#lines[@]}" = 1 ]
  assert_says "HIKAE CRITICAL - office: failed; "
  hikae recovery-kit --confirm >/dev/null
  hikae -q run >/dev/null
  run -0 --separate-stderr hikae status --nagios
  [[ "$output" =~ ^"HIKAE OK - office: ok | 'age_work@nas'="[0-9]+"s;;"[0-9]+";0 'size_work@nas'=4B;;;0 'generations_work@nas'=1;;;0" ]]
  mv nas away
  run -1 --separate-stderr hikae status --nagios
  assert_says "HIKAE WARNING - office: partial; "
  mv vault gone
  run -2 --separate-stderr hikae status --nagios
  assert_says "HIKAE CRITICAL"
  rm password
  run -3 --separate-stderr hikae status --nagios
  [ "${#lines[@]}" = 1 ]
  assert_says "HIKAE UNKNOWN - "
  HIKAE_POLICY=nothing run -3 hikae status --nagios
}

@test "the alert rules are right, and speak when they must" {
  cd "$packaging/prometheus"
  run -0 promtool check rules hikae-alerts.yaml
  run -0 promtool test rules hikae-alerts-test.yaml
  # Each alert has a test in which it speaks.
  local alert
  for alert in $(sed -n 's/^ *- alert: //p' hikae-alerts.yaml); do
    grep -A 1 "alertname: $alert$" hikae-alerts-test.yaml | grep -q exp_alerts || { echo "$alert is untested"; return 1; }
  done
}

@test "rules and dashboard use only figures that hikae writes" {
  begin_with "metrics: {textfile: $BATS_TEST_TMPDIR/hikae.prom}"
  hikae -q run >/dev/null
  # The check's figures come with the first check; their names are the backup's.
  sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' hikae.prom | sort -u >written
  grep -ohE 'hikae_[a-z_]+' "$packaging/prometheus/hikae-alerts.yaml" "$packaging/grafana/hikae-dashboard.json" | sort -u >used
  run -0 comm -13 written used
  [ "$output" = "" ]
  python3 - "$packaging/grafana/hikae-dashboard.json" >rules.yaml <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
ids = [p["id"] for p in d["panels"]]
assert len(ids) == len(set(ids)) and all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in d["panels"])
print("groups:\n- name: dashboard\n  rules:")
for p in d["panels"]:
    for t in p["targets"]:
        print("  - record: x:p%d%s\n    expr: %s" % (p["id"], t["refId"], json.dumps(t["expr"].replace("$policy", "p"))))
END
  # promtool parses each expression of the dashboard.
  run -0 promtool check rules rules.yaml
}
