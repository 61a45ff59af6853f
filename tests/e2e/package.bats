#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian package: what it contains, what lintian says of it, and that it is installed, upgraded, removed and purged in a
# clean system without init; systemd.bats has one that is booted.

load helper
load system

setup_file() {
  make_package
  dpkg-deb -x "$DEB" "$BATS_FILE_TMPDIR/content"
  export CONTENT=$BATS_FILE_TMPDIR/content
}

# system_without_init: at ROOT, to be entered by chroot.
system_without_init() {
  ROOT=$BATS_TEST_TMPDIR/system
  clean_system "$ROOT"
  : >"$ROOT/dev/null"
  chmod 666 "$ROOT/dev/null"
}

# "schedule install" looks up in /proc which program it is.
install_schedule() {
  # Not in a mount namespace of its own, which cannot be had where / is no mount.
  mount -t proc proc "$ROOT/proc"
  echo "$ROOT/proc" >>"$BATS_TEST_TMPDIR/mounts"
  chroot "$ROOT" /usr/bin/env -i PATH=/usr/bin HOME=/root "$1" -q schedule install
  umount "$ROOT/proc"
  rm "$BATS_TEST_TMPDIR/mounts"
}

teardown() { unmount_all; }

in_system() { chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }

@test "lintian finds nothing" {
  run -0 lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$DEB"
  [ -z "$output" ] || {
    echo "$output"
    return 1
  }
}

@test "it contains a manual page for each command, in both languages, that man renders without a warning" {
  local command page
  for command in $(hikae completion fish | sed -n "s/.*-f -n '__fish_use_subcommand' -a //p"); do
    [ -f "$CONTENT/usr/share/man/man1/hikae-$command.1.gz" ]
    [ -f "$CONTENT/usr/share/man/ja/man1/hikae-$command.1.gz" ]
  done
  for page in "$CONTENT"/usr/share/man/man*/*.gz "$CONTENT"/usr/share/man/ja/man*/*.gz; do
    # Long URLs and paths stay whole, which is no mistake.
    run -0 bash -c "LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z '$page' 2>&1 >/dev/null | grep -v \"can't break line\" || true"
    [ -z "$output" ]
  done
  run -0 env LC_ALL=C.UTF-8 MANWIDTH=80 man -l "$CONTENT/usr/share/man/ja/man5/hikae-policy.5.gz"
  assert_says "ポリシー" "require_mount:" "既定値"
  run -0 env LC_ALL=C.UTF-8 MANWIDTH=80 man -l "$CONTENT/usr/share/man/man1/hikae-restore.1.gz"
  assert_says "hikae-restore - " "--target" "EXIT STATUS"
}

@test "every key of the policy stands in its manual page" {
  local key
  zcat "$CONTENT/usr/share/man/man5/hikae-policy.5.gz" | sed 's/\\-/-/g; s/\\//g' >"$BATS_TEST_TMPDIR/page"
  for key in $(hikae policy schema | json '"\n".join(k for d in [j]+list(j["$defs"].values()) for k in d["properties"])'); do
    grep -qF "fB$key:fR" "$BATS_TEST_TMPDIR/page" || {
      echo "missing: $key"
      return 1
    }
  done
}

@test "the default policies are valid, and nothing is installed as the policy itself" {
  run -0 hikae policy check "$CONTENT/usr/share/doc/hikae/examples/policy.yaml"
  run -0 hikae policy check "$CONTENT/usr/share/doc/hikae/examples/policy.ja.yaml"
  [ ! -e "$CONTENT/etc" ]
  dpkg-deb --ctrl-tarfile "$DEB" | tar -t >"$BATS_TEST_TMPDIR/control"
  run -1 grep -q conffiles "$BATS_TEST_TMPDIR/control"
}

@test "it brings what Prometheus and Grafana need, and all files that the manual names" {
  local examples=$CONTENT/usr/share/doc/hikae/examples path
  run -0 promtool check rules "$examples/prometheus/hikae-alerts.yaml"
  run -0 bash -c "cd '$examples/prometheus' && promtool test rules hikae-alerts-test.yaml"
  [ "$(json 'j["title"], len(j["panels"]) > 5' <"$examples/grafana/hikae-dashboard.json")" = "hikae backups True" ]
  grep -ohE '/usr/share/doc/hikae[a-zA-Z0-9./_-]*' "$CONTENT"/usr/share/doc/hikae/manual/*.md | sort -u >"$BATS_TEST_TMPDIR/named"
  grep -qF /usr/share/doc/hikae/examples/grafana/hikae-dashboard.json "$BATS_TEST_TMPDIR/named"
  while read -r path; do
    [ -e "$CONTENT${path%.}" ] || {
      echo "missing: $path"
      return 1
    }
  done <"$BATS_TEST_TMPDIR/named"
}

@test "the completions are read by their shells" {
  run -0 bash -c "source '$CONTENT/usr/share/bash-completion/completions/hikae'; COMP_WORDS=(hikae sta); COMP_CWORD=1; _hikae; echo \"\${COMPREPLY[@]}\""
  assert_says "status" "stats"
  run -0 zsh -n "$CONTENT/usr/share/zsh/vendor-completions/_hikae"
  run -0 fish -c "source '$CONTENT/usr/share/fish/vendor_completions.d/hikae.fish'; complete -C 'hikae polic'"
  assert_says "policy"
}

@test "installed, used, upgraded, removed, purged: the administrator's files stay" {
  local older
  system_without_init
  older=$(another_version 0.0.9-1)
  cp "$older" "$ROOT/older.deb"
  cp "$DEB" "$ROOT/newer.deb"

  # All dependencies are there: dpkg alone installs it.
  run -0 in_system dpkg -i /older.deb
  run -0 in_system hikae --version
  [ "$(stat -c '%a %U' "$ROOT/var/lib/hikae" "$ROOT/var/cache/hikae" "$ROOT/etc/hikae" | sort -u)" = "700 root" ]
  cat >"$ROOT/etc/hikae/policy.yaml" <<END
version: 1
name: test
timezone: Asia/Tokyo
sources: {config: {files: [/etc]}}
destinations: {disk: {url: /backup}}
encryption: {password: {file: /etc/hikae/password}}
schedule: {backup: daily 02:00}
retention: {daily: 3, weekly: 4}
END
  in_system hikae -q init >/dev/null
  in_system hikae -q run
  chmod 0750 "$ROOT/var/lib/hikae"
  (cd "$ROOT/etc/hikae" && sha256sum policy.yaml password) >"$BATS_TEST_TMPDIR/sums"

  run -0 in_system dpkg -i /newer.deb
  assert_says "over (0.0.9-1)"
  run -0 in_system dpkg-query -W -f '${Version} ${db:Status-Status}' hikae
  assert_says "$(dpkg-deb -f "$DEB" Version) installed"
  [ "$(stat -c %a "$ROOT/var/lib/hikae")" = 750 ]
  (cd "$ROOT/etc/hikae" && sha256sum -c "$BATS_TEST_TMPDIR/sums")
  in_system hikae -q run
  run -0 in_system hikae restore latest -d disk --target /restored
  cmp "$ROOT/restored/etc/passwd" "$ROOT/etc/passwd"
  rm -r "$ROOT/restored"

  run -0 in_system dpkg -r hikae
  [ ! -e "$ROOT/usr/bin/hikae" ]
  [ -n "$(ls "$ROOT/var/lib/hikae")" ]
  (cd "$ROOT/etc/hikae" && sha256sum -c "$BATS_TEST_TMPDIR/sums")

  run -0 in_system dpkg -P hikae
  assert_says "/etc/hikae is kept"
  [ ! -e "$ROOT/var/lib/hikae" ]
  [ ! -e "$ROOT/var/cache/hikae" ]
  [ ! -e "$ROOT/var/log/hikae" ]
  (cd "$ROOT/etc/hikae" && sha256sum -c "$BATS_TEST_TMPDIR/sums")
  # Nothing of it is left but what the administrator and the backups made.
  run -0 find "$ROOT" -xdev -name '*hikae*' -not -path "$ROOT/proc/*" -not -path "$ROOT/etc/hikae" -not -path "$ROOT/var/lib/dpkg/*"
  [ "$output" = "$ROOT/backup/hikae" ] || {
    echo "$output"
    return 1
  }
}

@test "removing takes away the schedule that calls this program, and no other" {
  system_without_init
  cp "$DEB" "$ROOT/hikae.deb"
  in_system dpkg -i /hikae.deb
  cat >"$ROOT/etc/hikae/policy.yaml" <<END
version: 1
name: test
timezone: Asia/Tokyo
sources: {config: {files: [/etc]}}
destinations: {disk: {url: /backup}}
encryption: {password: {file: /etc/hikae/password}}
schedule: {backup: daily 02:00}
retention: {daily: 3}
END
  # Without work it says nothing of schedules.
  run -0 in_system dpkg -r hikae
  refute_says "schedule"
  run -0 in_system dpkg -i /hikae.deb

  install_schedule hikae
  [ -f "$ROOT/etc/cron.d/hikae" ]
  run -0 in_system dpkg -i /hikae.deb
  [ -f "$ROOT/etc/cron.d/hikae" ]
  run -0 in_system dpkg -r hikae
  assert_says "Removes /etc/cron.d/hikae" "Nothing on this machine starts hikae by itself now"
  [ ! -e "$ROOT/etc/cron.d/hikae" ]
  run -0 in_system dpkg -i /hikae.deb

  # The administrator's own line stays, and he hears of it.
  echo "0 3 * * * root /usr/bin/hikae run --due" >"$ROOT/etc/cron.d/hikae"
  run -0 in_system dpkg -r hikae
  assert_says "This still calls hikae: /etc/cron.d/hikae:1" "was not written by hikae" "what is left of the schedule will fail"
  [ -f "$ROOT/etc/cron.d/hikae" ]
  rm "$ROOT/etc/cron.d/hikae"
  run -0 in_system dpkg -i /hikae.deb

  # Built from source and set up beside the package: its backups go on.
  cp "$ROOT/usr/bin/hikae" "$ROOT/usr/local/bin/hikae"
  install_schedule /usr/local/bin/hikae
  run -0 in_system dpkg -r hikae
  refute_says "/etc/cron.d/hikae"
  grep -q /usr/local/bin/hikae "$ROOT/etc/cron.d/hikae"
}
