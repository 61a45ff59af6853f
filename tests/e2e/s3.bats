#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A policy's destination in S3: a real Ceph RADOS Gateway over TLS, with an authority of its own.

load helper
load rgw

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  start_rgw
  mkdir -p files/deep
  head -c 3000000 /dev/urandom >files/deep/data
  echo text >files/name
  echo correct-horse >password
  echo "$SECRET" >secret
  echo wrong >wrong-secret
  chmod 600 password secret wrong-secret
  use_aws
  aws_s3 s3 mb s3://backups >/dev/null
}

teardown_file() { stop_rgw; }

# The store behind a proxy that lists late, at $PROXY: late SECONDS WORD, see fault_proxy.py.
start_late_proxy() {
  python3 "$BATS_TEST_DIRNAME/../support/fault_proxy.py" "$AUTHORITY" "$BATS_FILE_TMPDIR/rgw.key" "$HTTP_PORT" \
    >proxy.told 2>&1 3>&- &
  proxy=$!
  wait_until test -s proxy.told
  PROXY=https://localhost:$(cat proxy.told)
}
late() { curl -sf --cacert "$AUTHORITY" -X PUT --data "$1 $2" "$PROXY/__late"; }
teardown() { [ -z "${proxy:-}" ] || kill "$proxy"; }

setup() { cd "$BATS_TEST_TMPDIR"; }

# A policy of this test's own, whose destination is the bucket folder $1; $2: more keys of it.
use_policy() {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY RESTIC_PASSWORD
  cat >policy.yaml <<END
version: 1
name: test
language: en
timezone: Asia/Tokyo
sources:
  files: {files: [$BATS_FILE_TMPDIR/files]}
destinations:
  s3:
    url: s3://$1
    endpoint: https://localhost:$TLS_PORT
    ca_file: $AUTHORITY
    credentials:
      access_key_id: AKIDTEST0000000001
      secret_access_key: {file: $BATS_FILE_TMPDIR/${SECRET_FILE:-secret}}
    ${2:-}
encryption:
  password: {file: $BATS_FILE_TMPDIR/password}
schedule: {backup: daily 02:00}
END
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
}

@test "init, run, check and restore by a policy; aws sees the objects, stock restic reads the repository" {
  use_policy backups/policy "server_side_encryption: aws:kms
    kms_key_id: testkey-1"
  run -0 hikae policy check
  refute_says "cannot reach"
  run -0 hikae init
  run -0 hikae run
  run -0 hikae check --read-data
  run -0 hikae restore latest --target back
  diff -r "$BATS_FILE_TMPDIR/files" "back$BATS_FILE_TMPDIR/files"
  run -0 hikae snapshots
  assert_says "1 snapshot"

  use_aws
  run -0 aws_s3 s3 ls --recursive s3://backups/policy/
  assert_says policy/config policy/data/ policy/snapshots/ policy/keys/
  RESTIC_PASSWORD=correct-horse run -0 restic --cacert "$AUTHORITY" \
    -r "s3:https://localhost:$TLS_PORT/backups/policy" check --read-data
  assert_says "no errors were found"
}

@test "-r with the variables that restic knows, in a repository that stock restic made" {
  use_aws
  export RESTIC_REPOSITORY=s3:https://localhost:$TLS_PORT/backups/restic RESTIC_CACERT=$AUTHORITY
  # Debian's restic knows the option only, not yet the variable.
  restic -q --cacert "$RESTIC_CACERT" init
  run -0 hikae backup "$BATS_FILE_TMPDIR/files"
  run -0 restic --cacert "$RESTIC_CACERT" check --read-data
  assert_says "no errors were found"
  run -0 hikae check --read-data
}

@test "an error says what to do: secret, key, bucket, authority" {
  use_policy backups/policy
  SECRET_FILE=wrong-secret use_policy backups/errors
  run -1 hikae init
  assert_says "refuses the secret of access key AKIDTEST0000000001" "check it for missing characters"
  refute_says "$SECRET"

  use_policy backups/errors
  sed -i s/AKIDTEST0000000001/AKIDOTHER/ policy.yaml
  run -1 hikae init
  assert_says "does not know the access key AKIDOTHER"

  use_policy no-such-bucket/x
  run ! hikae init
  assert_says "There is no bucket no-such-bucket" "aws s3 mb s3://no-such-bucket"

  use_policy backups/errors
  sed -i /ca_file/d policy.yaml
  run -1 hikae init
  assert_says "is not trusted" "ca_file"
}

# large_run NAME: a run that has begun to upload 40 MiB to the folder NAME; $run_pid, its words in output.
large_run() {
  folder=$1
  objects() { radosgw-admin -c "$CONFIGURATION" bucket list --bucket=backups | grep -c "\"name\": \"$folder/data/"; }
  begun() { [ "$(objects)" -gt 0 ]; }
  make_large_source files 40
  sed -i "s|files: \[.*\]|files: [$PWD/files]|" policy.yaml
  hikae run >output 2>&1 3>&- &
  run_pid=$!
  wait_until begun
}

@test "rights that are taken away in the middle of a run: said as such, and the next run completes" {
  use_policy backups/midway "limit_upload: 1M"
  run -0 hikae init
  large_run midway
  radosgw-admin -c "$CONFIGURATION" user suspend --uid=t >/dev/null
  expect_exit 1 "$run_pid" || { radosgw-admin -c "$CONFIGURATION" user enable --uid=t >/dev/null; false; }
  radosgw-admin -c "$CONFIGURATION" user enable --uid=t >/dev/null
  output=$(cat output)
  assert_says "s3" "refuses"
  [ "$(hikae snapshots -d s3 --json | json 'len(j)')" = 0 ]
  sed -i '/limit_upload/d' policy.yaml
  run -0 hikae run
  run -0 hikae check -d s3 --read-data
}

@test "the gateway is killed in the middle of an upload and started again: the run completes, and nothing is lost" {
  use_policy backups/killed "limit_upload: 4M"
  run -0 hikae init
  large_run killed
  kill_gateway
  kill -0 "$run_pid"
  # What it answered for before is still there.
  begun
  [ -z "$(radosgw-admin -c "$CONFIGURATION" bucket list --bucket=backups | grep '"name": "killed/snapshots/')" ]
  start_gateway
  expect_exit 0 "$run_pid" || { cat output; false; }
  run -0 hikae check --read-data
  run -0 hikae restore latest --target back
  diff -r files "back$PWD/files"
  use_aws
  RESTIC_PASSWORD=correct-horse run -0 restic --cacert "$AUTHORITY" \
    -r "s3:https://localhost:$TLS_PORT/backups/killed" check --read-data
  assert_says "no errors were found"
}

@test "the gateway stays away: said as such in half a minute, and the next run completes" {
  use_policy backups/away
  run -0 hikae init
  run -0 hikae run
  kill_gateway
  echo more >"$BATS_FILE_TMPDIR/files/more"
  SECONDS=0
  run -1 hikae run
  [ "$SECONDS" -lt 60 ]
  assert_says "No connection to localhost:$TLS_PORT" "s3"
  start_gateway
  run -0 hikae run
  [ "$(hikae snapshots -d s3 --json | json 'len(j)')" = 2 ]
  run -0 hikae check --read-data
  rm "$BATS_FILE_TMPDIR/files/more"
}

@test "a listing that tells another size than what was uploaded: no generation counts as proved, and the next run completes" {
  start_late_proxy
  use_policy backups/sizes
  sed -i "s|endpoint: .*|endpoint: $PROXY|" policy.yaml
  run -0 hikae init
  curl -sf --cacert "$AUTHORITY" -X PUT --data 'sizes/data/' "$PROXY/__sizes"
  run -1 --separate-stderr hikae run --json
  [ "$(json '[(o["verdict"], o["read_back"], o["code"]) for o in j["outcomes"]]' <<<"$output")" = "[('failed', False, 'corrupt')]" ]
  run -1 hikae status
  assert_says "the last run failed" "Reading back found that blob"
  curl -sf --cacert "$AUTHORITY" -X PUT --data - "$PROXY/__sizes"
  run -0 hikae run
  run -0 hikae check --read-data
}

@test "a store that limits requests: the run takes longer, says why once, and completes" {
  start_late_proxy
  use_policy backups/throttled
  sed -i "s|endpoint: .*|endpoint: $PROXY|" policy.yaml
  run -0 hikae init
  curl -sf --cacert "$AUTHORITY" -X PUT --data-binary $'503 3\nnone 8\n503 3\nnone 4\n503 2\n' "$PROXY/__faults"
  run -0 hikae run
  [ "$(grep -c "asks for fewer requests" <<<"$output")" = 1 ]
  [ "$(curl -sf --cacert "$AUTHORITY" "$PROXY/__faults" | cut -d ' ' -f 1)" = 0 ]
  run -0 hikae check --read-data
}

@test "the keys of ~/.aws are found without HOME, as under systemd" {
  need_root
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  mkdir -p home/.aws
  printf '[default]\naws_access_key_id = AKIDTEST0000000001\naws_secret_access_key = %s\n' "$SECRET" >home/.aws/credentials
  home=$(getent passwd "$(id -u)" | cut -d : -f 6)
  homeless() {
    env -u HOME -u AWS_CONFIG_FILE -u AWS_SHARED_CREDENTIALS_FILE AWS_EC2_METADATA_DISABLED=true RESTIC_CACERT="$AUTHORITY" \
      unshare --mount --propagation unchanged sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$PWD/$1" "$home" \
      "$HIKAE" init -r "s3:https://localhost:$TLS_PORT/backups/homeless"
  }
  mkdir empty
  run -1 homeless empty
  assert_says "No credentials for S3 were found"
  run -0 homeless home
}

@test "no credentials anywhere" {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
  RESTIC_CACERT=$AUTHORITY run -1 hikae init -r "s3:https://localhost:$TLS_PORT/backups/none"
  assert_says "No credentials for S3 were found"
}

@test "a full bucket" {
  use_aws
  aws_s3 s3 mb s3://small >/dev/null
  radosgw-admin -c "$CONFIGURATION" quota set --quota-scope=bucket --bucket=small --max-size=1048576
  radosgw-admin -c "$CONFIGURATION" quota enable --quota-scope=bucket --bucket=small
  use_policy small/x
  run -0 hikae init
  run -1 hikae backup "$BATS_FILE_TMPDIR/files" -d s3
  assert_says "has reached its quota"
}

@test "a store that lists late: backups only store more, and a prune takes nothing that is not listed yet" {
  use_aws
  start_late_proxy
  export RESTIC_REPOSITORY=s3:$PROXY/backups/late RESTIC_CACERT=$AUTHORITY
  cp -a "$BATS_FILE_TMPDIR/files" own
  run -0 hikae init
  # Nothing that is stored from now on is listed. The second backup knows of no parent and no index.
  late 3600 /
  run -0 hikae backup own
  echo more >own/more
  run -0 hikae backup own
  run -0 hikae snapshots
  assert_says "No snapshots"
  # Packs first: nothing names them, as far as anybody can see. Then the index, but no snapshot.
  for kind in 'index/|snapshots/' snapshots/; do
    late 3600 "$kind"
    run -0 hikae prune --max-unused 0
    assert_says "not needed yet"
  done
  late 0 /
  run -0 hikae snapshots
  assert_says "2 snapshots"
  run -0 hikae check --read-data
  run -0 hikae restore latest --target back
  diff -r own back/own
  run -0 hikae backup own
  run -0 restic --cacert "$AUTHORITY" -r "s3:https://localhost:$TLS_PORT/backups/late" check --read-data
  assert_says "no errors were found"
}

# When the object lock of the bucket locked's object $1 ends, in seconds since 1970.
locked_until() {
  date +%s -d "$(aws_s3 s3api head-object --bucket locked --key "$1" --query ObjectLockRetainUntilDate --output text)"
}

@test "packs that a newer generation needs stay locked for the period from when that was made" {
  use_aws
  aws_s3 s3api create-bucket --bucket locked --object-lock-enabled-for-bucket >/dev/null
  mkdir own
  head -c 300000 /dev/urandom >own/data
  use_policy locked/x "object_lock: {mode: compliance, keep: 1d}"
  sed -i "s|$BATS_FILE_TMPDIR/files|$PWD/own|" policy.yaml
  run -0 hikae init
  run -0 hikae run
  use_aws
  aws_s3 s3 ls --recursive s3://locked/x/data/ | awk '{print $4}' >first
  # As if a day had passed: what is asked for now ends later than what the first generation got.
  sed -i 's/keep: 1d/keep: 10d/' policy.yaml
  head -c 300000 /dev/urandom >own/more
  run -0 hikae run
  assert_says "the object lock of"
  ten_days=$(($(date +%s) + 10 * 86400 - 600))
  while read -r key; do
    # The old root's tree is needed by the old generation alone.
    [ "$(locked_until "$key")" -gt "$ten_days" ] && echo "$key" >>extended
  done <first
  [ -s extended ]
  [ "$(locked_until x/config)" -gt "$ten_days" ]
  # The next run moves what the last one stored, and then nothing is left to do for a while; but each change of a folder
  # above the source, such as the system's folder of temporary files, is stored too.
  run -0 hikae run
  nothing_to_move() { hikae run >out 2>&1 && ! grep -q "the object lock of" out; }
  tries=0
  until nothing_to_move; do
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || { cat out; false; }
  done
  RESTIC_PASSWORD=correct-horse run -0 restic --cacert "$AUTHORITY" \
    -r "s3:https://localhost:$TLS_PORT/locked/x" check --read-data --no-lock
  assert_says "no errors were found"
}

@test "the dead man's alarm in a bucket, without the repository's password" {
  use_policy backups/watched
  cp "$BATS_FILE_TMPDIR/password" password
  sed -i "s#$BATS_FILE_TMPDIR/password#$PWD/password#" policy.yaml
  hikae -q init >/dev/null 2>&1
  run -0 hikae -q run
  rm password
  run -0 hikae watch --without-password
  assert_says "* in s3: ok" "Watched: ok"
  run -0 hikae watch --without-password --max-age 1h
  # The store refuses a clock that is days off: time passes for real.
  is_overdue() { ! hikae watch --without-password --max-age 1s >out 2>&1; }
  wait_until is_overdue
  run -0 cat out
  assert_says "* in s3: overdue" "Watched: failed"
}

@test "doctor: lifecycle rules of the bucket that reach the repository" {
  use_policy backups/ruled
  hikae -q init >/dev/null 2>&1
  rules() { hikae doctor --root "$PWD/none" --json | json "sorted(f['severity'] + ' ' + f['where'] for f in j['findings'] if 'lifecycle' in f['code'])"; }
  [ "$(rules)" = "['ok s3']" ]
  use_aws
  aws_s3 s3api put-bucket-lifecycle-configuration --bucket backups --lifecycle-configuration '{"Rules": [
    {"ID": "clean-up", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 30}},
    {"ID": "elsewhere", "Filter": {"Prefix": "logs/"}, "Status": "Enabled", "Expiration": {"Days": 7}},
    {"ID": "off", "Filter": {"Prefix": "ruled/"}, "Status": "Disabled", "Expiration": {"Days": 7}},
    {"ID": "unfinished", "Filter": {"Prefix": "ruled/"}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}'
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  [ "$(rules)" = "['error s3://backups/ruled clean-up']" ]
  run -1 hikae doctor --root "$PWD/none"
  assert_says "A lifecycle rule of the bucket deletes objects of the destination s3 (*, Days=30)" "Switch the rule off"
  use_aws
  aws_s3 s3api delete-bucket-lifecycle --bucket backups
}
