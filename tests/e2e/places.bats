#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Places that fail: a full disk, one that refuses writes, a source that vanishes, a machine that dies.

load helper

setup_file() { make_base; }
setup() { use_base; }
teardown() { unmount_all; }

pack_count() { find "$repo/data" -type f ! -name '*tmp*' | wc -l; }

# Starts a backup of $1 and returns once it has stored packs of it; $hikae is its process.
start_backup() {
  local before
  before=$(pack_count)
  has_more() { [ "$(pack_count)" -gt "$before" ]; }
  "$HIKAE" backup --json --pack-size 4 "$1" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  hikae=$!
  wait_until has_more
}

@test "a share that fstab names and that is not mounted is no place to write to, and no source, whatever is mounted above" {
  mkdir above
  mount_tmpfs "$BATS_TEST_TMPDIR/above" size=32M,mode=700
  mkdir -p above/share/hikae above/share/data
  echo "nas:/export $BATS_TEST_TMPDIR/above/share nfs noauto 0 0" >fstab
  with_fstab() { unshare --mount sh -c 'mount --bind fstab /etc/fstab && exec "$@"' - "$@"; }
  touch /etc/fstab 2>/dev/null && with_fstab true 2>/dev/null || skip "no mount namespaces here"
  unset RESTIC_REPOSITORY
  export HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache HIKAE_POLICY=policy.yaml
  cat >policy.yaml <<END
version: 1
name: test
timezone: UTC
sources:
  share: {files: [$BATS_TEST_TMPDIR/above/share/data], require_mount: true, allow_empty: true}
destinations:
  nas: {url: $BATS_TEST_TMPDIR/above/share/hikae, require_mount: true, min_free: 0}
encryption: {password: {file: $BATS_TEST_TMPDIR/password}}
schedule: {backup: daily 02:00}
END
  echo "$RESTIC_PASSWORD" >password
  chmod 600 password
  run ! with_fstab "$HIKAE" init
  assert_says "belongs to $BATS_TEST_TMPDIR/above/share, which /etc/fstab names and which is not mounted"
  [ -z "$(ls above/share/hikae)" ]
  hikae -q init
  run -1 with_fstab "$HIKAE" run
  assert_says "which /etc/fstab names"
  sed -i "s|, require_mount: true, min_free|, min_free|" policy.yaml
  run -1 with_fstab "$HIKAE" run
  assert_says "Nothing is mounted at $BATS_TEST_TMPDIR/above/share"
  # Mounted, it is as good as any.
  with_share() { with_fstab sh -c 'mount --bind above/share above/share && exec "$@"' - "$@"; }
  run -0 with_share "$HIKAE" run
}

@test "a full disk" {
  mount_tmpfs "$BATS_TEST_TMPDIR/disk" size=3M,mode=700
  cp -a "$repo" disk/repo
  export RESTIC_REPOSITORY=$BATS_TEST_TMPDIR/disk/repo
  head -c 8000000 /dev/urandom >large
  run -1 hikae backup large
  assert_says "No space left on device"
  run -0 hikae snapshots
  assert_says "2 snapshots"
  assert_restores first
  assert_restores second
  # With room again the same command succeeds, and nothing of the failure is in the way.
  mount -o remount,size=32M disk
  run -0 hikae backup large
  assert_restic_is_content
}

@test "a disk that is full to the last byte can still be read" {
  mount_tmpfs "$BATS_TEST_TMPDIR/disk" size=3M,mode=700
  cp -a "$repo" disk/repo
  export RESTIC_REPOSITORY=$BATS_TEST_TMPDIR/disk/repo
  run ! dd if=/dev/zero of=disk/filler bs=4k status=none
  run -1 hikae backup "$first"
  assert_says "No space left on device"
  run -0 hikae snapshots
  assert_says "2 snapshots" "without a lock"
  assert_restores first
}

@test "a state directory that is full holds up no run and no status" {
  mkdir state source
  mount_tmpfs "$BATS_TEST_TMPDIR/state" size=512k,mode=700
  export HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml
  echo 1 >source/one
  cat >policy.yaml <<END
version: 1
name: test
timezone: Asia/Tokyo
sources: {work: {files: [$PWD/source]}}
destinations: {nas: {url: $PWD/nas}}
encryption: {password: {file: $PWD/password}}
schedule: {backup: daily 02:00}
END
  unset RESTIC_PASSWORD RESTIC_REPOSITORY
  hikae init >/dev/null 2>&1
  hikae -q run
  run ! dd if=/dev/zero of=state/filler bs=1k status=none
  run -0 hikae run
  assert_says "leaves no record" "Run of test: ok"
  run -0 hikae status
  assert_says "nas"
  [ "$(hikae snapshots -d nas --json | json 'len(j)')" = 2 ]
  # With room again, the runs are recorded.
  rm state/filler
  run -0 hikae run
  refute_says "leaves no record"
  run -0 hikae status
  refute_says "leaves no record"
}

@test "a target that is full" {
  mount_tmpfs "$BATS_TEST_TMPDIR/target" size=200k,mode=700
  run -1 hikae restore latest --tag first --target "$BATS_TEST_TMPDIR/target"
  assert_says "No space left on device"
  assert_restores first
}

# mount_liar FOLDER: a disk of 200 MiB behind which there are 40, so that the file system accepts what it cannot keep.
mount_liar() {
  need_root
  command -v mkfs.ext4 >/dev/null || skip "mkfs.ext4 is missing"
  mount_tmpfs "$1.room" size=40M
  truncate -s 200M "$1.room/disk"
  # Its own tables have their room already, so that only what is restored can be refused.
  mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 -m 0 "$1.room/disk"
  mkdir "$1"
  mount -o loop "$1.room/disk" "$1" || skip "no loop devices here"
  echo "$1" >>"$BATS_TEST_TMPDIR/mounts"
}

# The kernel reports a write that the disk behind a loop device refused as either, by which of its threads met it first.
assert_disk_refused() {
  grep -qE "Input/output error|No space left on device" <<<"$output" || {
    echo "expected to read that the disk refused: $output"
    return 1
  }
}

@test "a target whose disk cannot keep what it took: a large file, written out on the way" {
  mount_liar "$BATS_TEST_TMPDIR/target"
  mkdir large && head -c 100M /dev/urandom >large/file
  hikae backup --quiet "$BATS_TEST_TMPDIR/large"
  run -1 hikae restore latest --target "$BATS_TEST_TMPDIR/target"
  assert_says "/large/file"
  assert_disk_refused
}

@test "a target whose disk cannot keep what it took: small files, written out at the end" {
  mount_liar "$BATS_TEST_TMPDIR/target"
  make_large_source small 80
  hikae backup --quiet "$BATS_TEST_TMPDIR/small"
  run -1 hikae restore latest --target "$BATS_TEST_TMPDIR/target"
  assert_says "onto its disk" "(fsync) failed" "Rely on nothing that lies in $BATS_TEST_TMPDIR/target"
  assert_disk_refused
}

@test "a destination that refuses writes" {
  mount_tmpfs "$BATS_TEST_TMPDIR/disk" size=32M,mode=700
  cp -a "$repo" disk/repo
  mount -o remount,ro disk
  export RESTIC_REPOSITORY=$BATS_TEST_TMPDIR/disk/repo
  run -1 hikae backup "$first"
  assert_says "Read-only file system" "$BATS_TEST_TMPDIR/disk/repo"
  run -1 hikae prune
  assert_says "Read-only file system"
  run -1 hikae forget latest
  run -0 hikae snapshots
  assert_says "2 snapshots" "without a lock"
  run -0 hikae check --read-data
  assert_says "The repository is sound"
  run -0 hikae forget --keep-last 1 --group-by "" --dry-run
  assert_restores first
  assert_restores second
}

@test "a source that vanishes midway" {
  make_large_source source 64
  start_backup "$BATS_TEST_TMPDIR/source"
  kill -STOP "$hikae"
  rm -rf source
  kill -CONT "$hikae"
  expect_exit 3 "$hikae"
  output=$(cat out)
  assert_says "$BATS_TEST_TMPDIR/source/file" "No such file or directory" '"snapshot_id"'
  assert_restores first
  assert_restores second
  run -0 hikae check
}

@test "kill -9 in the middle of a backup, then a normal run" {
  make_large_source source 64
  start_backup "$BATS_TEST_TMPDIR/source"
  kill -KILL "$hikae"
  expect_exit 137 "$hikae"
  [ -n "$(ls "$repo/locks")" ]
  run -0 hikae snapshots
  assert_says "2 snapshots"
  # The dead lock stops nobody.
  run -0 hikae backup "$BATS_TEST_TMPDIR/source"
  [ -z "$(ls "$repo/locks")" ]
  assert_restic_is_content
  assert_restores first
  run -0 hikae restore latest --target whole
  diff -r source "whole$BATS_TEST_TMPDIR/source"
}

@test "kill -9 in the middle of a prune loses nothing" {
  make_large_source source 32
  hikae -q backup --tag large --pack-size 4 "$BATS_TEST_TMPDIR/source"
  rm -f source/file?
  hikae -q backup --tag large --pack-size 4 "$BATS_TEST_TMPDIR/source"
  hikae -q forget --tag large --keep-last 1
  before=$(pack_count)
  "$HIKAE" prune --max-unused 0 --pack-size 4 >out 2>&1 3>&- &
  hikae=$!
  has_changed() { [ "$(pack_count)" -ne "$before" ] || ! kill -0 "$hikae"; }
  wait_until has_changed
  kill -KILL "$hikae" 2>/dev/null || true
  wait "$hikae" || true
  assert_restores first
  run -0 hikae prune --max-unused 0
  assert_restic_is_content
  run -0 hikae restore latest --tag large --target restored
  diff -r source "restored$BATS_TEST_TMPDIR/source"
}
