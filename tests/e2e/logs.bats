#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Log files, the one-file log of old, journald, and what "hikae logs validate" proves.

load helper
load ops

@test "each line tells run, slot, policy, time with zone, severity, event and class" {
  begin_with
  TZ=Asia/Tokyo run -0 hikae run
  [ "$(stat -c %a log/hikae.log)" = 640 ]
  [ "$(log_lines 'all(x[k] for x in l for k in ["run","slot","policy","time","severity","event","class","job"])')" = True ]
  [ "$(log_lines 'all(x["time"].endswith("+09:00") for x in l)')" = True ]
  [ "$(log_lines 'len({x["run"] for x in l})')" = 1 ]
  [ "$(log_lines '[x["event"] for x in l if x["class"]!="message"]')" = \
    "['run_started', 'source', 'generation', 'generation', 'run_finished']" ]
  [ "$(log_lines 'l[-1]["verdict"]')" = ok ]
  run -0 hikae logs validate
  assert_says "1 run," "2 snapshots" ok
}

@test "the classic log has the word error if and only if the run failed" {
  begin_with "logs: {classic: $BATS_TEST_TMPDIR/backup.log}"
  echo x >work/error.log
  run -0 hikae run
  run -1 grep -i error backup.log
  grep -q "Backup completed" backup.log
  [ "$(stat -c %a backup.log)" = 640 ]
  mv nas away
  run -3 hikae run
  grep -q "ERROR" backup.log
  # Started anew each run.
  mv away nas
  run -0 hikae run
  run -1 grep -i error backup.log
  [ "$(grep -c started backup.log)" = 1 ]
}

@test "a run that was killed is no good run, in either log" {
  begin_with "logs: {classic: $BATS_TEST_TMPDIR/backup.log}" "hooks: {before: ['echo \$\$ >$BATS_TEST_TMPDIR/waits; exec sleep 1000']}"
  "$HIKAE" -q run &
  local run=$!
  wait_until test -s waits
  kill -KILL $run
  expect_exit 137 $run
  kill "$(cat waits)"
  grep -q ERROR backup.log
  run -1 --separate-stderr hikae logs validate --json
  [ "$(json '[f["rule"] for f in j["findings"]]' <<<"$output")" = "['no_end']" ]
}

@test "validate finds what the log claims and a destination no longer has" {
  begin_with
  hikae -q run >/dev/null
  echo two >work/b
  hikae -q run >/dev/null
  run -0 hikae logs validate
  # By the policy: known to the journal, no finding.
  echo "retention: {last: 1}" >>policy.yaml
  hikae -q run >/dev/null
  run -0 hikae logs validate
  rm -f vault/snapshots/*
  run -1 --separate-stderr hikae logs validate --json
  [ "$(json '{(f["rule"], f["destination"]) for f in j["findings"]}' <<<"$output")" = "{('snapshot_missing', 'vault')}" ]
  # Without a password, too.
  rm password
  run -1 hikae logs validate
  assert_says "is no longer there"
}

@test "a torn line and an unknown error are found" {
  begin_with
  hikae -q run >/dev/null
  local line
  line=$(head -n 1 log/hikae.log)
  sed 's/"severity":"info"/"severity":"error"/; s/"event":"[a-z_]*"/"event":"surprise"/; s/"class":"run"/"class":"message"/' <<<"$line" >>log/hikae.log
  printf '%s' "${line:0:40}" >>log/hikae.log
  run -0 --separate-stderr hikae logs validate --json
  [ "$(json 'j["verdict"], [f["rule"] for f in j["findings"]]' <<<"$output")" = \
    "warning ['unclassified_error', 'unreadable_line']" ]
  # The next run does not continue the torn line.
  hikae -q run >/dev/null
  run -0 --separate-stderr hikae logs validate --json
  [ "$(json 'j["runs"]' <<<"$output")" = 2 ]
}

@test "a source that shrinks too much freezes deletion until somebody acknowledges" {
  begin_with "retention: {last: 1}" "anomaly: {max_shrink: 30%}"
  run -0 hikae policy check
  refute_says "\"anomaly\""
  head -c 100000 /dev/urandom >work/big
  hikae -q run >/dev/null
  rm work/big
  run -0 --separate-stderr hikae run --json
  [ "$(json 'j["verdict"], len(j["forgotten"])' <<<"$output")" = "warning 0" ]
  [ "$(ls nas/snapshots | wc -l)" = 2 ]
  # It stays frozen although nothing changes any more.
  run -0 hikae run
  assert_says "hikae ack anomaly"
  [ "$(ls nas/snapshots | wc -l)" = 3 ]
  run -0 hikae status
  assert_says 'then call "hikae ack anomaly"'
  run -0 hikae ack
  assert_says "work changed in size unusually at" "not acknowledged"
  refute_says "backup of"
  run -0 hikae ack anomaly
  assert_says "acknowledged, its old generations may go again"
  run -0 hikae run
  [ "$(ls nas/snapshots | wc -l)" = 1 ]
  run -0 hikae ack
  assert_says "No failed or missed slot waits"
}

@test "a log that cannot be written makes the verdict a warning, and the backup is made" {
  begin_with
  echo "a file" >log
  run -0 --separate-stderr hikae run --json
  [ "$(json 'j["verdict"]' <<<"$output")" = warning ]
  [ "$(ls nas/snapshots | wc -l)" = 1 ]
}

@test "journald gets the lines with fields, where there is one" {
  begin_with
  export HIKAE_JOURNAL_SOCKET=$PWD/journal
  python3 - <<'END' &
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("journal")
with open("received", "wb") as f:
    while True:
        m = s.recv(65536)
        f.write(m + b"\0")
        f.flush()
        if b"HIKAE_EVENT=run_finished\n" in m: break
os.rename("received", "journal.done")
END
  local listener=$!
  wait_until test -S journal
  run -0 hikae run
  wait $listener
  python3 - <<'END'
m = [dict(x.split("=", 1) for x in e.decode().splitlines() if "=" in x) for e in open("journal.done", "rb").read().split(b"\0") if e]
assert m[0]["HIKAE_EVENT"] == "run_started" and m[-1]["HIKAE_VERDICT"] == "ok", m
assert all(e["SYSLOG_IDENTIFIER"] == "hikae" and e["HIKAE_RUN"] and e["HIKAE_SLOT"] for e in m)
END
}

@test "files are put aside at their size, and the oldest go" {
  begin_with "logs: {max_size: 2K, keep: 2}"
  for _ in 1 2 3 4; do hikae -q run >/dev/null; done
  [ "$(ls log/hikae.log.* | wc -l)" = 2 ]
  for file in log/hikae.log*; do [ "$(stat -c %s "$file")" -le 2048 ]; done
  run -0 --separate-stderr hikae run --json
  [ "$(json 'j["verdict"]' <<<"$output")" = ok ]
}

@test "each due slot is proved by its lines, of checks and prunes, too" {
  begin_with "metrics: {textfile: $BATS_TEST_TMPDIR/hikae.prom}"
  export FAKETIME_DONT_FAKE_MONOTONIC=1
  run -0 hikae run --due # the ledger begins: nothing before is due
  run -0 faketime -f +8d "$HIKAE" run --due
  [ "$(log_lines 'sorted({x["job"] for x in l})')" = "['backup', 'check', 'prune']" ]
  [ "$(log_lines 'sorted(x["verdict"] for x in l if x["event"]=="run_finished")')" = "['ok', 'ok', 'ok']" ]
  grep -q '^hikae_last_status{policy="office",job="check",source="",destination=""} 0' hikae.prom
  run -0 --separate-stderr faketime -f +8d "$HIKAE" logs validate --json
  [ "$(json 'j["runs"], j["slots"]' <<<"$output")" = "3 3" ]
  sed -i '/run_started.*"job":"check"/d' log/hikae.log
  run -1 --separate-stderr faketime -f +8d "$HIKAE" logs validate --json
  [ "$(json '[f["rule"] for f in j["findings"]]' <<<"$output")" = "['no_start']" ]
}

@test "check, prune and forget by hand stand in log and journal, and the log stays valid" {
  begin_with
  hikae -q run >/dev/null
  echo two >work/b
  hikae -q run >/dev/null
  run -0 hikae check -d nas
  run -0 hikae -q forget latest -d nas
  run -0 hikae prune -d nas
  [ "$(log_lines '[(x["job"], x["group"]) for x in l if x["event"] == "run_started"]')" = \
    "[('backup', 'manual'), ('backup', 'manual'), ('check', 'manual'), ('forget', 'manual'), ('prune', 'manual')]" ]
  [ "$(log_lines '[(x["job"], x["destination"], x["verdict"]) for x in l if x["event"] == "result"]')" = \
    "[('check', 'nas', 'ok'), ('forget', 'nas', 'ok'), ('prune', 'nas', 'ok')]" ]
  [ "$(log_lines 'len([x for x in l if x["event"] == "generation_removed" and x["job"] == "forget" and x["destination"] == "nas"])')" = 1 ]
  [ "$(log_lines 'len([x for x in l if x["event"] == "run_finished"])')" = 5 ]
  # What was deleted by hand is not missing.
  run -0 hikae logs validate
  # A forget everywhere, and a dry run, which leaves nothing.
  run -0 hikae -q forget latest
  run -0 hikae -q forget latest --dry-run -d nas
  run -0 hikae prune --dry-run -d nas
  [ "$(log_lines '[x["destination"] for x in l if x["event"] == "result" and x["job"] == "forget"]')" = "['nas', 'nas', 'vault']" ]
  run -0 hikae logs validate
  # A repository without a policy is nobody's job.
  RESTIC_PASSWORD=$(cat password) run -0 hikae check -r "$PWD/nas"
  [ "$(log_lines 'len([x for x in l if x["event"] == "run_started"])')" = 6 ]
}

@test "a check by hand that finds damage, or cannot begin, says so in the log" {
  begin_with
  hikae -q run >/dev/null
  flip_byte "$(find nas/data -type f | head -n 1)" 30
  run -1 hikae check -d nas --read-data
  [ "$(log_lines '[(x["severity"], x["verdict"]) for x in l if x["event"] == "result"]')" = "[('error', 'failed')]" ]
  cp password right
  echo wrong >password
  run -12 hikae check -d vault
  cp right password
  [ "$(log_lines '[(x["class"], x["verdict"]) for x in l if x["event"] == "run_finished" and x["job"] == "check"][-1]')" = "('wrong_password', 'failed')" ]
  run -0 hikae logs validate
}
