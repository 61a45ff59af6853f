#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The company's policy as examples/ has it, on a real SSH server and a real S3 store over TLS. Of its sources, the files.

load helper
load sshd
load rgw

setup_file() {
  start_sshd
  start_rgw
  use_aws
  aws_s3 s3 mb s3://company-backup-bucket >/dev/null
  export FOLDER=$BATS_FILE_TMPDIR
  mkdir -p "$FOLDER/fileshare/営業部"
  head -c 20000000 /dev/urandom >"$FOLDER/fileshare/営業部/image.bin"
  seq 100000 >"$FOLDER/fileshare/numbers.csv"
  echo 見積書 >"$FOLDER/fileshare/営業部/見積書.txt"
  echo "$SECRET" >"$FOLDER/s3-secret"
  chmod 600 "$FOLDER/s3-secret"
  company_policy >"$FOLDER/policy.yaml"
}
teardown_file() {
  stop_sshd
  stop_rgw
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset RESTIC_PASSWORD AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  export HIKAE_POLICY=$FOLDER/policy.yaml HIKAE_STATE_DIR=$FOLDER/state HIKAE_CACHE_DIR=$FOLDER/cache
}

# The example with this machine's places in it, without the sources that are no files, and writing to nobody.
company_policy() {
  python3 - "$BATS_TEST_DIRNAME/../../examples/company-policy.yaml" <<'PYTHON'
import os, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
folder, port = os.environ["FOLDER"], os.environ["TLS_PORT"]
text, left_out = re.subn(r"  database:\n.*?(?=\ndestinations:)", "", text, flags=re.S)
assert left_out == 1
text, silenced = re.subn(r"\nnotify:\n(?:  .*\n)+", "\n", text)
assert silenced == 1
for place, here in (("/srv/fileshare", folder + "/fileshare"), ("/etc/hikae/password", folder + "/password"),
                    ("sftp://backupuser@backup01/backup/hikae", "sftp://nas" + folder + "/backup/hikae")):
    assert place in text, place
    text = text.replace(place, here)
text = text.replace("    server_side_encryption: AES256\n", f"""    server_side_encryption: AES256
    endpoint: https://localhost:{port}
    ca_file: {os.environ["AUTHORITY"]}
    credentials: {{access_key_id: AKIDTEST0000000001, secret_access_key: {{file: {folder}/s3-secret}}}}
""")
print(text, end="")
PYTHON
}

@test "init and run: each source in both places, proved by reading back, over AES-256" {
  run -0 hikae policy check
  run -0 hikae init
  run -0 hikae run
  run -0 hikae run --json
  json '[(o["verdict"], o["read_back"]) for o in j["outcomes"]]' <<<"$output" | grep -qx "\[\(('ok', True)\(, \)\?\)\{4\}\]"
  # The way to both was as the policy demands, and what it cost is known.
  [ "$(json 'sorted(c["destination"] for c in j["connections"] if c["is_aes_256"])' <<<"$output")" = "['nas', 's3']" ]
  [ "$(json '[c["requests"]["PUT"]["requests"] > 0 for c in j["connections"] if c["destination"] == "s3"]' <<<"$output")" = "[True]" ]
  run hikae status
  grep -Eq "^nas .* aes256-gcm@openssh.com \(SSH-2.0\) +yes *$" <<<"$output"
  grep -Eq "^s3 .* TLS_AES_256_GCM_SHA384 \(TLSv1.3\) +yes *$" <<<"$output"
  run hikae status --json
  [ "$(json 'sorted(d["transport"]["is_aes_256"] for d in j["destinations"])' <<<"$output")" = "[True, True]" ]
}

@test "aws sees the objects, and both repositories hold the same packs" {
  use_aws
  run -0 aws_s3 s3 ls --recursive s3://company-backup-bucket/hikae/
  assert_says "hikae/config" "hikae/data/" "hikae/index/" "hikae/snapshots/"
  # Sealed once, stored twice.
  diff <(awk '{print $4}' <<<"$output" | sed -n 's|^hikae/data/../||p' | sort) <(ls "$FOLDER"/backup/hikae/data/* | grep -xE '[0-9a-f]{64}' | sort)
}

@test "stock restic reads and restores both" {
  export RESTIC_PASSWORD_FILE=$FOLDER/password
  run -0 restic_over_sftp "$FOLDER/backup/hikae" check --read-data
  assert_says "no errors were found"
  run -0 restic_over_sftp "$FOLDER/backup/hikae" restore latest --tag hikae:source=fileshare --target nas
  diff -r "$FOLDER/fileshare" "nas$FOLDER/fileshare"
  use_aws
  run -0 restic --no-cache --cacert "$AUTHORITY" -r "s3:https://localhost:$TLS_PORT/company-backup-bucket/hikae" check --read-data
  assert_says "no errors were found"
  run -0 restic --no-cache --cacert "$AUTHORITY" -r "s3:https://localhost:$TLS_PORT/company-backup-bucket/hikae" \
    restore latest --tag hikae:source=config --target s3
  diff -r --no-dereference /etc s3/etc
}

@test "a pack that the NAS lost comes back from S3, and a restore does not even need that" {
  victim=$(ls -S "$FOLDER"/backup/hikae/data/*/* | head -n 1)
  rm -f "$victim"
  run -0 hikae restore --source fileshare --target here
  diff -r "$FOLDER/fileshare" "here$FOLDER/fileshare"
  run -0 hikae check -d nas --repair-from s3
  [ "$(sha256sum <"$victim" | cut -d ' ' -f 1)" = "${victim##*/}" ]
  run -0 hikae check -d nas --read-data
}
