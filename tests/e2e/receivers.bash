# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2034  # bats sets and reads the rest
# A real mail server (STARTTLS and AUTH) and a receiver of webhooks over HTTPS, with an authority of their own.

start_receivers() {
  receivers=$BATS_FILE_TMPDIR/receivers
  local support=$BATS_TEST_DIRNAME/../support
  mkdir -p "$receivers"
  # Valid before today, too: some tests move the program's clock.
  LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1) FAKETIME="@2020-01-01 00:00:00" \
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7300 -subj /CN=test \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$receivers/key" -out "$receivers/ca.pem" 2>/dev/null
  # The system's own Python: it has Debian's packages.
  /usr/bin/python3 "$support/smtp_server.py" "$receivers/mail" "$receivers/ca.pem" "$receivers/key" \
    >"$receivers/mail.ports" 2>"$receivers/mail.err" 3>&- &
  echo $! >"$receivers/pids"
  /usr/bin/python3 "$support/receiver.py" "$receivers/web" "$receivers/ca.pem" "$receivers/key" \
    >"$receivers/web.port" 2>"$receivers/web.err" 3>&- &
  echo $! >>"$receivers/pids"
  wait_until test -s "$receivers/mail.ports"
  wait_until test -s "$receivers/web.port"
  read -r SMTP_PORT _ CLEAR_PORT <"$receivers/mail.ports"
  WEB_PORT=$(cat "$receivers/web.port")
  export SMTP_PORT CLEAR_PORT WEB_PORT receivers
}

stop_receivers() { xargs kill <"$receivers/pids"; }

# What came since the last call of forget_messages stays in the folders; numbers go on.
last_mail() { find "$receivers/mail" -name '*.eml' | sort -V | tail -n 1; }
mails() { find "$receivers/mail" -name '*.eml' | wc -l; }
requests() { find "$receivers/web" -name '*.json' | wc -l; }
# The requests whose path contains $1, oldest first, one JSON object a line.
requests_to() {
  python3 - "$receivers/web" "$1" <<'PYTHON'
import json, os, sys
names = sorted((n for n in os.listdir(sys.argv[1]) if n.endswith(".json")), key=lambda n: int(n.split(".")[0]))
for name in names:
    request = json.load(open(os.path.join(sys.argv[1], name), encoding="utf-8"))
    if sys.argv[2] in request["path"]:
        print(json.dumps(request))
PYTHON
}
# read_mail FILE FIELD|text|html: decoded by Python's own parser.
read_mail() {
  PYTHONIOENCODING=utf-8 /usr/bin/python3 - "$1" "$2" <<'PYTHON'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
if sys.argv[2] in ("text", "html"):
    print(mail.get_body((sys.argv[2].replace("text", "plain"),)).get_content())
else:
    print(mail[sys.argv[2]])
PYTHON
}
