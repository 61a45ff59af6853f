#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats and the helper set the rest
# hikae serve-repository with the clients that people have: stock restic and hikae. And hikae with a server of others.

setup_file() {
  load helper
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=test \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/cert.pem" 2>/dev/null
  {
    echo "alice:$(openssl passwd -6 wonderland)"
    echo "bob:$(openssl passwd -6 builder)"
  } >"$BATS_FILE_TMPDIR/htpasswd"
}

setup() {
  load helper
  unset RESTIC_REPOSITORY
  cd "$BATS_TEST_TMPDIR" || return
  mkdir served source
  head -c 3000000 /dev/urandom >source/data
  echo "kept" >source/name
  export RESTIC_CACERT=$BATS_FILE_TMPDIR/cert.pem
}

# restic 0.14 takes the authority as an option only.
restic() { command restic --cacert "$RESTIC_CACERT" "$@"; }

teardown() {
  local pid
  [ -f "$BATS_TEST_TMPDIR/pids" ] || return 0
  while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$BATS_TEST_TMPDIR/pids"
}

# serve OPTION…: the server for the folder "served"; $port, $server (its process).
serve() {
  # Not the function, whose shell would get the signals.
  "$HIKAE" serve-repository --path served --listen 127.0.0.1:0 --log - "$@" >server.log 2>server.err 3>&- &
  server=$!
  echo "$server" >>"$BATS_TEST_TMPDIR/pids"
  wait_until grep -q " at http" server.log || {
    cat server.log server.err
    return 1
  }
  port=$(sed -n '1s|.*:\([0-9]*\)/$|\1|p' server.log)
}
serve_with_tls() {
  serve --tls --tls-cert "$BATS_FILE_TMPDIR/cert.pem" --tls-key "$BATS_FILE_TMPDIR/key.pem" \
    --htpasswd-file "$BATS_FILE_TMPDIR/htpasswd" "$@"
}

assert_same_files() { diff -r source "$1/source"; }

@test "stock restic lives with the server, over TLS and with a password" {
  serve_with_tls
  export RESTIC_REPOSITORY=rest:https://alice:wonderland@127.0.0.1:$port/alice/laptop
  restic init -q
  restic backup -q source
  echo "more" >source/more
  restic backup -q source
  restic check -q --read-data
  restic restore -q latest --target out
  assert_same_files out
  restic forget -q --keep-last 1 --prune
  restic check -q --read-data
  [ "$(restic list snapshots | wc -l)" -eq 1 ]
  # What lies there is an ordinary repository.
  [ "$(RESTIC_REPOSITORY=served/alice/laptop restic list snapshots --no-lock | wc -l)" -eq 1 ]
  grep -q '127.0.0.1 - alice .*"POST /alice/laptop/data/[0-9a-f]* HTTP/1.1" 200' server.log
  run ! grep -q wonderland server.log server.err
}

@test "hikae lives with the server, over TLS and with a password" {
  serve_with_tls
  export RESTIC_REPOSITORY=rest:https://127.0.0.1:$port/repo
  export RESTIC_REST_USERNAME=bob RESTIC_REST_PASSWORD=builder
  hikae -q init
  hikae -q backup source
  echo "more" >source/more
  hikae -q backup source
  hikae -q check --read-data
  hikae -q restore latest --target out
  assert_same_files out
  hikae -q forget --keep-last 1
  hikae -q prune
  # Our own kinds of files come back too, and restic is content with all of it.
  [ "$(find served/repo/hikae/forgotten -type f | wc -l)" -eq 1 ]
  RESTIC_REPOSITORY=served/repo restic check -q --read-data
}

@test "append-only: backups go in, nothing goes out" {
  serve --no-auth --append-only
  export RESTIC_REPOSITORY=rest:http://127.0.0.1:$port/
  restic init -q
  restic backup -q source
  echo "more" >source/more
  restic backup -q source
  snapshots=$(ls served/snapshots)
  packs=$(ls served/data/*)
  # Stock restic repeats what was refused for a while; it need not come to its end here.
  run timeout 3 restic forget --keep-last 1 --prune
  [ "$status" -ne 0 ]
  restic unlock -q --remove-all
  run hikae forget --keep-last 1
  [ "$status" -eq 1 ]
  assert_says "does not allow this" "append-only"
  run hikae prune --max-unused 0
  [ "$snapshots" = "$(ls served/snapshots)" ]
  [ "$packs" = "$(ls served/data/* | grep -F "$packs")" ]
  curl -s -X DELETE "http://127.0.0.1:$port/config"
  curl -s -X DELETE "http://127.0.0.1:$port/keys/$(ls served/keys)"
  echo "yet more" >source/more
  restic backup -q source
  hikae -q backup source
  restic check -q --read-data
  [ "$(restic list snapshots | wc -l)" -eq 4 ]
}

@test "private repositories: nobody reaches those of others" {
  serve_with_tls --private-repos
  alice=rest:https://alice:wonderland@127.0.0.1:$port
  bob=rest:https://bob:builder@127.0.0.1:$port
  restic -r "$alice/alice" init -q
  restic -r "$alice/alice" backup -q source
  for place in "$bob/alice" "$bob/" "$alice/bob" "$alice/" "rest:https://alice:wrong@127.0.0.1:$port/alice"; do
    run restic -r "$place" init
    [ "$status" -ne 0 ]
    run hikae -r "$place" snapshots
    [ "$status" -eq 1 ]
  done
  [ "$(ls served)" = alice ]
  restic -r "$bob/bob" init -q
  restic -r "$alice/alice" check -q --read-data
}

@test "a server of others: no place for our own files, backups all the same" {
  rclone serve restic --append-only --addr 127.0.0.1:0 served >rclone.log 2>&1 3>&- &
  echo $! >>"$BATS_TEST_TMPDIR/pids"
  wait_until grep -q "Serving restic REST API on" rclone.log || {
    cat rclone.log
    return 1
  }
  url=$(sed -n 's|.*Serving restic REST API on \(http[^ "]*\).*|\1|p' rclone.log)
  export RESTIC_REPOSITORY=rest:$url
  hikae -q init
  hikae -q backup source
  hikae -q check --read-data
  hikae -q restore latest --target out
  assert_same_files out
  restic check -q --read-data
}

@test "the server ends in good order" {
  serve --no-auth
  kill -TERM "$server"
  expect_exit 0 "$server"
  grep -qx "Stopped." server.log
}

@test "the server refuses to start with what makes no sense" {
  run hikae serve-repository
  [ "$status" -eq 1 ]
  assert_says "--path"
  run hikae serve-repository --path served
  [ "$status" -eq 1 ]
  assert_says ".htpasswd" "htpasswd -B"
  run hikae serve-repository --path absent --no-auth
  assert_says "absent" "mkdir"
  echo "alice:secret" >served/.htpasswd
  run hikae serve-repository --path served
  [ "$status" -eq 1 ]
  assert_says ".htpasswd, line 1"
  refute_says "secret"
  run hikae serve-repository --path served --no-auth --private-repos
  assert_says "need users"
  run hikae serve-repository --path served --no-auth --tls
  assert_says "--tls-cert"
  run hikae serve-repository --path served --no-auth --listen nonsense
  assert_says "nonsense" ":8000"
  run hikae serve-repository --path served --no-auth --max-size lots
  assert_says "lots"
}

@test "a certificate that is replaced counts for new connections, without a restart" {
  certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj "/CN=$1" \
      -addext subjectAltName=IP:127.0.0.1 -keyout key.new -out cert.new 2>/dev/null
  }
  shown() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -q "subject=CN = $1"; }
  certificate first
  mv key.new key.pem
  mv cert.new cert.pem
  serve --no-auth --tls --tls-cert cert.pem --tls-key key.pem
  wait_until shown first
  # The key alone fits no certificate: the old ones stay, and it is said.
  certificate second
  mv key.new key.pem
  wait_until grep -q "cannot be used" server.err
  shown first
  mv cert.new cert.pem
  wait_until shown second
  kill -0 "$server"
}
