# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2154
# A policy with one source and two destinations, for the suites about operation.

make_policy() { # [more lines of YAML]
  mkdir -p work
  echo one >work/a
  cat >policy.yaml <<END
version: 1
name: office
language: en
timezone: Asia/Tokyo
sources:
  work: {files: [$PWD/work]}
destinations:
  nas: {url: $PWD/nas}
  vault: {url: $PWD/vault}
encryption:
  password: {file: $PWD/password}
schedule: {backup: daily 02:00, check: weekly}
END
  printf '%s\n' "$@" >>policy.yaml
  unset RESTIC_PASSWORD
  export HIKAE_POLICY=$PWD/policy.yaml
  export HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache HIKAE_LOG_DIR=$PWD/log
  unset HIKAE_JOURNAL_SOCKET
}

# A repository for each test, made once: a key derivation takes its time.
begin_with() { # [more lines of YAML]
  cd "$BATS_TEST_TMPDIR" || return
  make_policy "$@"
  hikae -q init >/dev/null 2>&1
}

# lines EXPRESSION: of the log, as a list l of what is read.
log_lines() { python3 -c "
import json
l=[json.loads(x) for x in open('log/hikae.log')]
print($1)"; }
