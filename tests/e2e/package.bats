#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian package: what it contains, what lintian says of it, and that it is installed, upgraded, removed and purged in a
# clean system. That system is made once per set of dependencies and kept as an archive beside the build.

load helper

setup_file() {
  BUILD=$(cd "$(dirname "$HIKAE")" && pwd)
  export BUILD
  export PACKAGE_DIR=$BATS_FILE_TMPDIR
  if [ ! -f "$BUILD/package/stamp" ]; then cmake --build "$BUILD" --target package_files >&2; fi
  (cd "$BATS_FILE_TMPDIR" && cpack -G DEB --config "$BUILD/CPackConfig.cmake" -B "$BATS_FILE_TMPDIR") >&2
  DEB=$(echo "$BATS_FILE_TMPDIR"/hikae_*_*.deb)
  [ -f "$DEB" ]
  export DEB
  dpkg-deb -x "$DEB" "$BATS_FILE_TMPDIR/content"
  export CONTENT=$BATS_FILE_TMPDIR/content
}

# clean_system FOLDER: a minimal Debian 12 with what the package depends on, and no hikae.
clean_system() {
  need_root
  local packages archive
  packages=$(dpkg-deb -f "$DEB" Depends | sed -E 's/\([^)]*\)//g; s/ //g')
  archive=$BUILD/package-system-$(sha256sum <<<"$packages" | cut -c 1-12).tar
  if [ ! -f "$archive" ]; then
    local sources=/etc/apt/sources.list.d/debian.sources
    [ -f "$sources" ] || sources="deb http://deb.debian.org/debian bookworm main"
    # A host whose clock or mirror is off must still be able to test.
    mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' \
      --aptopt='Acquire::Check-Date "false"' --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
      bookworm "$BATS_TEST_TMPDIR/new.tar" "$sources" >&2
    mv "$BATS_TEST_TMPDIR/new.tar" "$archive"
  fi
  mkdir -p "$1"
  tar -xf "$archive" -C "$1" --exclude='./dev/*'
  mkdir -p "$1/dev"
  : >"$1/dev/null"
  chmod 666 "$1/dev/null"
}

in_system() { chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }

# another_version VERSION: the same package under another version.
another_version() {
  local tree=$BATS_TEST_TMPDIR/tree-$1
  dpkg-deb -R "$DEB" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$tree" "$BATS_TEST_TMPDIR/hikae_$1.deb" >/dev/null
  echo "$BATS_TEST_TMPDIR/hikae_$1.deb"
}

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

@test "the completions are read by their shells" {
  run -0 bash -c "source '$CONTENT/usr/share/bash-completion/completions/hikae'; COMP_WORDS=(hikae sta); COMP_CWORD=1; _hikae; echo \"\${COMPREPLY[@]}\""
  assert_says "status" "stats"
  run -0 zsh -n "$CONTENT/usr/share/zsh/vendor-completions/_hikae"
  run -0 fish -c "source '$CONTENT/usr/share/fish/vendor_completions.d/hikae.fish'; complete -C 'hikae polic'"
  assert_says "policy"
}

@test "installed, used, upgraded, removed, purged: the administrator's files stay" {
  local older
  ROOT=$BATS_TEST_TMPDIR/system
  clean_system "$ROOT"
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
