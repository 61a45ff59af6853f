# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2012,SC2034,SC2059,SC2154  # names without spaces; bats sets and reads the rest
# Shared by the end-to-end tests, which drive the program as an administrator does. HIKAE names the program.

bats_require_minimum_version 1.5.0

export RESTIC_PASSWORD=correct-horse
export RESTIC_CACHE_DIR=$BATS_RUN_TMPDIR/restic-cache
mkdir -p "$RESTIC_CACHE_DIR"
export HIKAE_LANGUAGE=en
# Nothing of the machine's own set-up may reach a test.
export HIKAE_POLICY=/nonexistent/policy.yaml
unset RESTIC_REPOSITORY RESTIC_PASSWORD_FILE

hikae() { "$HIKAE" "$@"; }

# json EXPRESSION: of what is read, as j.
json() { python3 -c "import json,sys; j=json.load(sys.stdin); print($1)"; }

# A repository with two snapshots that share no data: "first" of the folder first, "second" of the folder second.
# Each has its own packs and its own index file. Made once per file, copied for each test.
make_base() {
  local base=$BATS_FILE_TMPDIR/base
  mkdir -p "$base/first/deep" "$base/second/deep"
  head -c 300000 /dev/urandom >"$base/first/deep/data"
  head -c 300000 /dev/urandom >"$base/second/deep/data"
  echo "first" >"$base/first/name"
  echo "second" >"$base/second/name"
  hikae -q init -r "$base/repo"
  hikae -q backup -r "$base/repo" --tag first "$base/first"
  ls "$base"/repo/data/*/* "$base"/repo/index/* "$base"/repo/snapshots/* | sort >"$base/files-of-first"
  hikae -q backup -r "$base/repo" --tag second "$base/second"
}

# The base as the test's own: $repo and the folders $first and $second.
use_base() {
  repo=$BATS_TEST_TMPDIR/repo
  cp -a "$BATS_FILE_TMPDIR/base/repo" "$repo"
  first=$BATS_FILE_TMPDIR/base/first
  second=$BATS_FILE_TMPDIR/base/second
  export RESTIC_REPOSITORY=$repo
  cd "$BATS_TEST_TMPDIR" || return
}

# files_of second data: the files of that kind that came with the second snapshot.
files_of() {
  local snapshot=$1 kind=$2 file own
  own=$(sed "s|^$BATS_FILE_TMPDIR/base/repo|$repo|" "$BATS_FILE_TMPDIR/base/files-of-first")
  find "$repo/$kind" -type f | sort | while read -r file; do
    if grep -qxF "$file" <<<"$own"; then [ "$snapshot" = first ] && echo "$file"; else
      [ "$snapshot" = second ] && echo "$file"
    fi
  done
  true
}

# pack_with second data|tree: that snapshot's pack of data or of trees (the larger one holds the data).
pack_with() {
  local order=-rn
  [ "$2" = tree ] && order=-n
  files_of "$1" data | xargs stat -c '%s %n' | sort $order | head -n 1 | cut -d ' ' -f 2
}

flip_byte() { # FILE [OFFSET]
  local file=$1 offset=${2:-40} byte
  chmod u+w "$file"
  byte=$(od -An -tu1 -j "$offset" -N 1 "$file" | tr -d ' ')
  printf "\\x$(printf %x $((byte ^ 255)))" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

cut_off() { # FILE: the first half stays
  chmod u+w "$1"
  truncate -s $(($(stat -c %s "$1") / 2)) "$1"
}

# An error that an administrator can use: what, where, and no stack trace or bare errno.
assert_says() {
  local word
  for word in "$@"; do
    if ! grep -qF -- "$word" <<<"$output"; then
      echo "expected to read: $word"
      echo "$output"
      return 1
    fi
  done
}

refute_says() {
  if grep -qF -- "$1" <<<"$output"; then
    echo "expected not to read: $1"
    echo "$output"
    return 1
  fi
}

# The snapshot with that tag restores completely.
assert_restores() {
  local tag=$1 target
  target=$(mktemp -d "$BATS_TEST_TMPDIR/restored.XXXXXX")
  hikae restore latest --tag "$tag" --target "$target" || return 1
  diff -r "$BATS_FILE_TMPDIR/base/$tag" "$target$BATS_FILE_TMPDIR/base/$tag"
}

assert_restic_is_content() { restic check -q --read-data >&2; }

# Waits until a command succeeds; a test never sleeps a fixed time.
wait_until() {
  local tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 1000 ] || return 1
    sleep 0.02
  done
}

# expect_exit CODE PID: of a child of this shell, which "run wait" is not.
expect_exit() {
  local code=0
  wait "$2" || code=$?
  [ "$code" -eq "$1" ] || {
    echo "exit code $code instead of $1"
    return 1
  }
}

has_file_in() { [ -n "$(find "$1" -type f ! -name '*tmp*' -print -quit)" ]; }

# A source that takes a while to save: $1 MiB of random data in files of 1 MiB.
make_large_source() {
  local folder=$1 count=$2 i
  mkdir -p "$folder"
  for ((i = 0; i < count; i++)); do head -c 1048576 /dev/urandom >"$folder/file$i"; done
}

need_root() { [ "$(id -u)" -eq 0 ] || skip "needs root"; }

# mount_tmpfs FOLDER OPTIONS: unmounted by teardown.
mount_tmpfs() {
  need_root
  mkdir -p "$1"
  mount -t tmpfs -o "$2" tmpfs "$1" 2>/dev/null || skip "cannot mount here"
  echo "$1" >>"$BATS_TEST_TMPDIR/mounts"
}

unmount_all() {
  local place
  cd /
  [ -f "$BATS_TEST_TMPDIR/mounts" ] || return 0
  while read -r place; do umount -l "$place"; done < <(tac "$BATS_TEST_TMPDIR/mounts")
}
