#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a backup holds in memory at most, measured from outside, on two processors.

load helper

setup() {
  cd "$BATS_TEST_TMPDIR"
  export RESTIC_REPOSITORY=$PWD/repo
}

# largest_anon COMMAND…: runs it and prints the most memory of its own (RssAnon) that it was seen with, in MiB.
largest_anon() {
  taskset -c "$(taskset -pc $$ | sed 's/.*: //; s/-/,/' | cut -d , -f 1,2)" python3 - "$@" <<'END'
import subprocess, sys, time
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
most = 0
while process.poll() is None:
    try:
        with open(f"/proc/{process.pid}/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    most = max(most, int(line.split()[1]))
    except OSError:
        pass
    time.sleep(0.002)
if process.returncode != 0:
    sys.exit(f"exit code {process.returncode}")
print(most // 1024)
END
}

@test "a first backup of large files that no compression makes smaller needs at most 96 MiB, and much less to read them again" {
  hikae -q init
  mkdir files
  local i
  for i in 1 2 3; do head -c 67108864 /dev/urandom >"files/$i"; done
  run -0 largest_anon "$HIKAE" -q backup files
  [ "$output" -le 96 ]
  run -0 largest_anon "$HIKAE" -q backup --force files
  [ "$output" -le 64 ]
  assert_restic_is_content
}
