# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets the rest
# A real S3 store for one .bats file: a Ceph RADOS Gateway over TLS on a free port, with an authority of its own. It
# runs behind the words in the array rgw_in, and listens on $rgw_address instead of 127.0.0.1, if they are set.

start_rgw() {
  rgw_dir=$BATS_FILE_TMPDIR/rgw
  local support=$BATS_TEST_DIRNAME/../support
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=test \
    -addext "subjectAltName=DNS:localhost,DNS:*.localhost,IP:${rgw_address:-127.0.0.1}" -keyout "$rgw_dir.key" -out "$rgw_dir.pem" 2>/dev/null
  "${rgw_in[@]}" python3 "$support/rgw.py" "$rgw_dir" "$rgw_dir.pem" "$rgw_dir.key" \
    "address=${rgw_address:-127.0.0.1}" >"$rgw_dir.told" 2>"$rgw_dir.err" 3>&- &
  echo $! >"$rgw_dir.pid"
  printf '%s\n' "${rgw_in[@]}" >"$rgw_dir.in"
  wait_until test -s "$rgw_dir.told"
  read -r TLS_PORT HTTP_PORT CONFIGURATION <"$rgw_dir.told"
  export rgw_dir TLS_PORT HTTP_PORT CONFIGURATION AUTHORITY=$rgw_dir.pem
  export SECRET=secretTEST0000000000000000000000000000001
}

stop_rgw() { kill "$(cat "$BATS_FILE_TMPDIR/rgw.pid")"; }

# The keys in the environment, for Debian's aws and for stock restic.
use_aws() {
  export AWS_ACCESS_KEY_ID=AKIDTEST0000000001 AWS_SECRET_ACCESS_KEY=$SECRET AWS_DEFAULT_REGION=us-east-1
  export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
}

aws_s3() { /usr/bin/aws --endpoint-url "https://localhost:$TLS_PORT" --ca-bundle "$AUTHORITY" "$@"; }

# The gateway alone, without the daemons behind it that keep what it has answered for.
gateway_answers() {
  # Tests do not see the arrays of their set-up.
  mapfile -t rgw_in < <(grep . "$rgw_dir.in")
  "${rgw_in[@]}" curl -s -o "$rgw_dir.answer" "http://127.0.0.1:$HTTP_PORT/"
}
gateway_is_gone() { ! gateway_answers; }
kill_gateway() {
  kill -USR1 "$(cat "$rgw_dir.pid")"
  wait_until gateway_is_gone
}
start_gateway() { # [-40m]: with a clock that is so wrong
  local clock
  clock=$(dirname "$CONFIGURATION")/clock
  rm -f "$clock"
  [ -z "${1:-}" ] || echo "$1" >"$clock"
  kill -USR2 "$(cat "$rgw_dir.pid")"
  wait_until gateway_answers
}
