#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The administrator's commands around a run, as the manual's chapter on hooks describes them.

load helper
load ops

@test "the manual's order, and variables that tell" {
  begin_with "hooks:" \
    "  before: ['echo policy-before \$HIKAE_POLICY_NAME >>$BATS_TEST_TMPDIR/said']" \
    "  finally: ['echo policy-finally \$HIKAE_VERDICT >>$BATS_TEST_TMPDIR/said']"
  sed -i "s#work: {files: \[\(.*\)\]}#work: {files: [\1], hooks: {before: ['echo source-before \$HIKAE_SOURCE >>$BATS_TEST_TMPDIR/said']}}#" policy.yaml
  sed -i "s#nas: {url: \(.*\)}#nas: {url: \1, hooks: {before: ['echo nas-before \$HIKAE_DESTINATION >>$BATS_TEST_TMPDIR/said']}}#" policy.yaml
  run -0 hikae policy check
  refute_says "\"hooks\""
  run -0 hikae run
  diff - said <<END
policy-before office
nas-before nas
source-before work
policy-finally ok
END
}

@test "a hook may call hikae itself, with the same policy" {
  begin_with
  echo "hooks: {after: ['\"$HIKAE\" snapshots -d nas --json >$PWD/seen']}" >>policy.yaml
  run -0 hikae run
  [ "$(json 'len(j)' <seen)" = 1 ]
}

@test "what a hook prints stands in the log, and secrets do not reach it" {
  begin_with
  echo "hooks: {before: ['env; echo to-errors >&2']}" >>policy.yaml
  AWS_SECRET_ACCESS_KEY=hunter2 run -0 hikae run
  assert_says "hooks.before: to-errors" "HIKAE_JOB=backup"
  refute_says hunter2
  run ! grep -q hunter2 log/hikae.log
  grep -q to-errors log/hikae.log
}

@test "exit code 75 leaves the source out without a failure, and freshness still tells" {
  begin_with
  sed -i "s#work: {files: \[\(.*\)\]}#work: {files: [\1], hooks: {before: ['exit 75']}}#" policy.yaml
  run -0 --separate-stderr hikae run --json
  [ "$(json 'j["verdict"], j["outcomes"][0]["code"]' <<<"$output")" = "warning skipped" ]
  run -1 hikae status
  assert_says "no generation yet"
}

@test "a failed before names the command and fails only what it belongs to" {
  begin_with
  sed -i "s#nas: {url: \(.*\)}#nas: {url: \1, hooks: {before: ['echo asleep; exit 3'], on_error: ['touch $PWD/told']}}#" policy.yaml
  run -3 hikae run
  assert_says "destinations.nas.hooks.before" "exit code 3" "asleep"
  [ -e told ]
  [ -z "$(ls nas/snapshots)" ]
  [ "$(ls vault/snapshots | wc -l)" = 1 ]
}

@test "what went wrong in after or finally is said once on the console and once in the log" {
  begin_with
  echo "hooks: {after: ['exit 4'], finally: ['exit 5']}" >>policy.yaml
  sed -i "s#work: {files: \[\(.*\)\]}#work: {files: [\1], hooks: {after: ['exit 6']}}#" policy.yaml
  run -0 hikae run
  for code in 4 5 6; do
    [ "$(grep -c "exit code $code" <<<"$output")" = 1 ]
    [ "$(grep -c "exit code $code" log/hikae.log)" = 1 ]
  done
}

@test "a run that is stopped says what went wrong in finally, on the console and in the log" {
  begin_with
  echo "hooks: {before: ['touch $PWD/begun; sleep 1000'], finally: ['exit 5']}" >>policy.yaml
  "$HIKAE" run >said 2>&1 &
  local run=$!
  wait_until test -e begun
  kill -TERM $run
  expect_exit 130 $run
  [ "$(grep -c "exit code 5" said)" = 1 ]
  [ "$(grep -c "exit code 5" log/hikae.log)" = 1 ]
}

@test "the hooks of the policy hear what failed in a part of the run, and finally hears of a warning where it was left out" {
  begin_with "hooks: {on_error: ['echo \"\$HIKAE_VERDICT: \$HIKAE_ERROR\" >$BATS_TEST_TMPDIR/said']}"
  mv work gone
  run -1 hikae -q run
  [ "$(cat said)" = "failed: The source $PWD/work cannot be read: No such file or directory" ]
  mv gone work
  sed -i "s#work: {files: \[\(.*\)\]}#work: {files: [\1], hooks: {on_error: ['echo \"\$HIKAE_ERROR\" >$PWD/source-said'], finally: ['echo \$HIKAE_VERDICT >$PWD/finally']}}#" policy.yaml
  mv nas away
  run -3 hikae -q run
  grep -q "^partial: .*There is no repository at $PWD/nas" said
  grep -qF "There is no repository at $PWD/nas" source-said
  mv away nas
  sed -i "s#hooks: {on_error: \['echo \"\$HIKAE_ERROR#hooks: {before: [exit 75], on_error: ['echo \"\$HIKAE_ERROR#" policy.yaml
  run -0 hikae -q run
  [ "$(cat finally)" = warning ]
}

@test "finally runs after SIGTERM, and nothing that a hook started stays" {
  begin_with
  echo "hooks: {before: ['echo \$\$ >$PWD/pid; sleep 1000'], finally: ['echo \$HIKAE_VERDICT >$PWD/last']}" >>policy.yaml
  "$HIKAE" -q run &
  local run=$!
  wait_until test -s pid
  kill -TERM $run
  expect_exit 130 $run
  [ "$(cat last)" = failed ]
  # Killed, though perhaps not yet buried.
  local state
  state=$(sed -E 's/^.*\) (.).*/\1/' "/proc/$(cat pid)/stat" 2>/dev/null || echo Z)
  [ "$state" = Z ]
  [ "$(log_lines '[x["event"] for x in l if x.get("class")=="run"]')" = "['run_started', 'run_stopped']" ]
}
