#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A repository on a server that is reached over SSH.

load helper
load sshd

setup_file() {
  start_sshd
  mkdir -p "$BATS_FILE_TMPDIR/source/deep"
  head -c 9000000 /dev/urandom >"$BATS_FILE_TMPDIR/source/deep/data"
  echo 馬 >"$BATS_FILE_TMPDIR/source/name"
}
setup() {
  source=$BATS_FILE_TMPDIR/source
  place=$BATS_TEST_TMPDIR/repo
  export RESTIC_REPOSITORY=sftp:nas:$place
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { unmount_all; }
teardown_file() { stop_sshd; }

@test "a repository over sftp from init to restore, and stock restic reads it" {
  run -0 hikae init
  run -0 hikae backup "$source"
  run -0 hikae check --read-data
  run -0 hikae snapshots
  assert_says "1 snapshot."
  run -0 hikae restore latest --target "$BATS_TEST_TMPDIR/out"
  diff -r "$source" "$BATS_TEST_TMPDIR/out$source"
  run -0 restic_over_sftp "$place" check --read-data
  assert_says "no errors were found"
  run -0 restic_over_sftp "$place" restore latest --target "$BATS_TEST_TMPDIR/out2"
  diff -r "$source" "$BATS_TEST_TMPDIR/out2$source"
  # Nothing is left behind, and nobody else may read.
  [ -z "$(find "$place" -name '*tmp*')" ]
  [ -z "$(find "$place" -type f ! -perm 0400)" ]
  [ -z "$(find "$place" -type d ! -perm 0700)" ]
}

@test "what stock restic wrote over sftp, hikae reads" {
  restic_over_sftp "$place" init
  restic_over_sftp "$place" backup "$source"
  run -0 hikae check --read-data
  run -0 hikae restore latest --target "$BATS_TEST_TMPDIR/out"
  diff -r "$source" "$BATS_TEST_TMPDIR/out$source"
  run -0 hikae backup "$source"
  run -0 restic_over_sftp "$place" check --read-data
}

@test "a policy with a destination over sftp" {
  echo correct-horse >password
  chmod 600 password
  cat >policy.yaml <<YAML
version: 1
name: office
timezone: Asia/Tokyo
sources:
  files: {files: [$source]}
destinations:
  nas: {url: "sftp://nas$place"}
encryption: {password: {file: $BATS_TEST_TMPDIR/password}}
schedule: {backup: daily 02:00}
retention: {daily: 3}
YAML
  export HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  unset RESTIC_REPOSITORY
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml
  run -0 hikae policy check
  refute_says "cannot reach"
  run -0 hikae init
  run -0 hikae run
  # What was negotiated, and that it is as the policy demands.
  run -0 hikae status
  grep -Eq "^nas .* aes256-gcm@openssh.com \(SSH-2.0\) +yes *$" <<<"$output"
  run -0 hikae status --json
  assert_says "aes256-gcm@openssh.com"
  run -0 restic_over_sftp "$place" check --read-data
}

@test "status tells of a cipher that is not AES-256, where the policy lets it pass, and of a folder" {
  echo correct-horse >password
  chmod 600 password
  { sed '/IdentitiesOnly/i\  Ciphers aes128-gcm@openssh.com' "$HIKAE_SSH_CONFIG"; } >config
  export HIKAE_SSH_CONFIG=$PWD/config
  cat >policy.yaml <<YAML
version: 1
name: office
timezone: Asia/Tokyo
sources:
  files: {files: [$source]}
destinations:
  nas: {url: "sftp://nas$place"}
  here: {url: $PWD/here}
encryption: {in_transit: any, password: {file: $BATS_TEST_TMPDIR/password}}
schedule: {backup: daily 02:00}
YAML
  export HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache HIKAE_POLICY=$PWD/policy.yaml
  unset RESTIC_REPOSITORY
  hikae -q init >/dev/null 2>&1
  run -0 hikae -q run
  run -0 hikae status
  grep -Eq "^nas .* aes128-gcm@openssh.com \(SSH-2.0\) +NO *$" <<<"$output"
  grep -Eq "^here .* - +folder here *$" <<<"$output"
  # The policy's AES-256 goes before what ssh_config says.
  sed -i 's/in_transit: any, //' policy.yaml
  run -0 hikae status
  grep -Eq "^nas .* aes256-[a-z@.]* \(SSH-2.0\) +yes *$" <<<"$output"
}

@test "no repository there, and no way to write there" {
  run -10 hikae snapshots
  assert_says "sftp:nas:$place" "There is no repository" "hikae init"
  export RESTIC_REPOSITORY=sftp:nas:/proc/hikae
  run ! hikae init
  assert_says "/proc/hikae"
}

@test "a server whose key is not known, then accepted by the command that the error names" {
  : >"$sshd_dir/empty"
  sed "s|UserKnownHostsFile.*|UserKnownHostsFile $sshd_dir/empty|" "$HIKAE_SSH_CONFIG" >config
  export HIKAE_SSH_CONFIG=$BATS_TEST_TMPDIR/config
  fingerprint=$(ssh-keygen -lf "$sshd_dir/host_key.pub" | cut -d ' ' -f 2)
  run ! hikae snapshots
  assert_says "not known" "$fingerprint" "ssh -o StrictHostKeyChecking=ask -F $BATS_TEST_TMPDIR/config nas"
  # The person's answer, given at a terminal of ssh's own.
  command=$(grep -o 'ssh -o StrictHostKeyChecking=ask .*nas' <<<"$output")
  run python3 - "$command" <<'PYTHON'
import os, pty, sys
command = sys.argv[1] + " true"
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", command])
text = b""
while b"fingerprint" not in text or not text.rstrip().endswith(b"?"):
    text += os.read(terminal, 4096)
os.write(terminal, b"yes\n")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
os.waitpid(pid, 0)
PYTHON
  run -10 hikae snapshots
  assert_says "There is no repository"
}

@test "the server's disk is full: said as such, and the next backup completes" {
  mount_tmpfs "$place" size=6M,mode=700
  hikae -q init
  run -0 hikae backup "$source/name"
  run -1 hikae backup "$source"
  assert_says "No space left on device" "sftp:nas:$place"
  run -0 hikae snapshots
  assert_says "1 snapshot."
  mount -o remount,size=64M "$place"
  run -0 hikae backup "$source"
  RESTIC_REPOSITORY=$place assert_restic_is_content
  run -0 hikae restore latest --target out
  diff -r "$source" "out$source"
}

@test "the server is killed and started again in the middle of a backup" {
  hikae -q init
  make_large_source large 60
  has_pack() { has_file_in "$place/data"; }
  "$HIKAE" backup --pack-size 4 "$BATS_TEST_TMPDIR/large" >out 2>&1 3>&- &
  hikae=$!
  wait_until has_pack
  stop_sshd
  [ -z "$(find "$place/snapshots" -type f)" ]
  run_sshd
  expect_exit 0 "$hikae"
  run -0 restic_over_sftp "$place" check --read-data
  run -0 hikae restore latest --target "$BATS_TEST_TMPDIR/out2"
  diff -r large "$BATS_TEST_TMPDIR/out2$BATS_TEST_TMPDIR/large"
}

@test "the dead man's alarm over sftp, without the password" {
  echo correct-horse >password
  chmod 600 password
  cat >policy.yaml <<YAML
version: 1
name: office
timezone: Asia/Tokyo
sources:
  files: {files: [$source]}
destinations:
  nas: {url: "sftp://nas$place", min_free: 0}
encryption:
  password: {file: $BATS_TEST_TMPDIR/password}
schedule: {backup: daily 02:00}
YAML
  unset RESTIC_REPOSITORY
  export HIKAE_POLICY=$PWD/policy.yaml HIKAE_STATE_DIR=$PWD/state HIKAE_CACHE_DIR=$PWD/cache
  hikae -q init >/dev/null 2>&1
  run -1 hikae watch --without-password
  assert_says "* in nas: there is no generation at all"
  run -0 hikae -q run
  rm password
  run -0 hikae watch --without-password
  assert_says "* in nas: ok" "Watched: ok"
  FAKETIME_DONT_FAKE_MONOTONIC=1 run -1 faketime -f +3d "$HIKAE" watch --without-password
  assert_says "* in nas: overdue" "Watched: failed"
  # Without a policy, too.
  run -0 hikae watch -r "sftp:nas:$place" --max-age 26h
  FAKETIME_DONT_FAKE_MONOTONIC=1 run -1 faketime -f +3d "$HIKAE" watch -r "sftp:nas:$place" --max-age 26h
}
