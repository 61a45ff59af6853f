#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Shares that take upper and lower case for the same: a FAT disk or an SMB server for Windows, and ext4 folders with that mark.

load helper

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  share=$BATS_TEST_TMPDIR/share
  unset RESTIC_REPOSITORY
  export HIKAE_STATE_DIR=$BATS_TEST_TMPDIR/state HIKAE_CACHE_DIR=$BATS_TEST_TMPDIR/cache
  export HIKAE_POLICY=$BATS_TEST_TMPDIR/policy.yaml
}
teardown() { unmount_all; }

# make_disk: an empty disk of 200 MiB.
make_disk() {
  need_root
  truncate -s 200M disk
  mkdir share
}

mount_folding_ext4() {
  make_disk
  mkfs.ext4 -q -O casefold -E encoding=utf8 disk || skip "mkfs.ext4 knows no case folding"
  mount -o loop disk share 2>/dev/null || skip "this kernel's ext4 knows no case folding (CONFIG_UNICODE)"
  echo "$share" >>"$BATS_TEST_TMPDIR/mounts"
  rmdir share/lost+found
  chattr +F share
}

# FAT of a size without limits, through FUSE: no modes, no owners, no hard links, times of two seconds.
mount_exfat() {
  local device
  command -v mkfs.exfat mount.exfat-fuse >/dev/null || skip "exfatprogs and exfat-fuse are not installed"
  make_disk
  mkfs.exfat disk >/dev/null
  device=$(losetup --find --show disk) || skip "no loop devices here"
  mount.exfat-fuse "$device" share >mounted 2>&1 3>&- || {
    losetup --detach "$device"
    skip "no FUSE here: $(tail -n 1 mounted)"
  }
  echo "$share" >>"$BATS_TEST_TMPDIR/mounts"
  # It goes with the last who uses it.
  losetup --detach "$device"
}

assert_folds() {
  touch share/Probe
  [ -e share/pROBE ]
  rm share/probe
}

write_policy() {
  cat >policy.yaml <<END
version: 1
name: test
timezone: Asia/Tokyo
sources: {work: {files: [$BATS_TEST_TMPDIR/source]}}
destinations: {share: {url: $share/hikae, require_mount: true, min_free: 0}}
encryption: {password: {file: $BATS_TEST_TMPDIR/password}}
schedule: {backup: daily 02:00}
END
  echo "$RESTIC_PASSWORD" >password
  chmod 600 password
}

# Names that differ in case only are two files in the repository, whatever the share thinks of names.
make_source() {
  mkdir -p source/Deep source/deep
  echo upper >source/Name
  echo lower >source/name
  echo 見積書 >source/Deep/x
  head -c 2000000 /dev/urandom >source/deep/X
}

assert_repository_lives_on_share() {
  assert_folds
  write_policy
  make_source
  run -0 hikae init
  run -0 hikae run
  head -c 3000000 /dev/urandom >source/deep/X
  run -0 hikae run
  assert_says "Run of test: ok"
  [ "$(hikae snapshots --json | json 'len(j)')" = 2 ]
  run -0 hikae forget latest~1
  run -0 hikae prune --max-unused 0
  [ "$(hikae snapshots --json | json 'len(j)')" = 1 ]
  # Of the older generation nothing stays.
  [ "$(find share/hikae/data -type f -printf '%s\n' | awk '{sum += $1} END {print (sum < 4000000)}')" = 1 ]
  RESTIC_REPOSITORY=$share/hikae restic check -q --read-data
  run -0 hikae check --read-data
  run -0 hikae restore latest --target "$BATS_TEST_TMPDIR/restored"
  diff -r source "restored$BATS_TEST_TMPDIR/source"
  # No draft and no lock stays behind.
  [ -z "$(find share -name '*tmp*')" ]
  [ -z "$(find share/hikae/locks -type f)" ]
}

@test "a repository on ext4 that folds case, from init to restore" {
  mount_folding_ext4
  assert_repository_lives_on_share
}

@test "a repository on exFAT, from init to restore" {
  mount_exfat
  assert_repository_lives_on_share
}

# Whether the target is empty or holds what an earlier restore left, A never gets the content of a.
assert_restores_first_of_names() {
  make_base
  use_base
  mkdir -p names/Deep names/deep
  echo upper >names/Name
  echo lower >names/name
  ln -s nowhere names/NAME.link
  echo kept >names/NAME.LINK
  echo x >names/Deep/x
  echo X >names/deep/X
  echo 見積書 >names/見積書
  hikae -q backup --tag names "$BATS_TEST_TMPDIR/names"
  names=latest:$BATS_TEST_TMPDIR/names
  for _ in 1 2; do
    run -1 hikae restore "$names" --tag names --target "$share/names" --verify
    assert_says "/name: Not restored" "/NAME.link: Not restored" "/deep: Not restored" "3 items could not be restored"
    [ "$(cat share/names/Name)" = upper ]
    [ "$(cat share/names/NAME.LINK)" = kept ]
    [ "$(cat share/names/Deep/x)" = x ]
    diff names/見積書 share/names/見積書
  done
  [ "$(find share/names -type f | wc -l)" = 4 ]
  # By itself it can be had.
  run -0 hikae restore "$names" --tag names --target "$share/other" --include /name
  [ "$(cat share/other/name)" = lower ]
}

@test "a restore to ext4 that folds case takes no two names for one" {
  mount_folding_ext4
  assert_restores_first_of_names
}

@test "a restore to exFAT takes no two names for one" {
  mount_exfat
  assert_restores_first_of_names
}
