# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The Debian package, and clean systems to put it in. Such a system is made once per set of packages and kept as an archive
# beside the build.

# make_package: DEB, below the folder of the file's tests. Suites may run beside each other in one build folder.
make_package() {
  BUILD=$(cd "$(dirname "$HIKAE")" && pwd)
  (
    flock 9
    [ -f "$BUILD/package/stamp" ] || cmake --build "$BUILD" --target package_files
    cd "$BATS_FILE_TMPDIR" && cpack -G DEB --config "$BUILD/CPackConfig.cmake" -B "$BATS_FILE_TMPDIR"
  ) 9>"$BUILD/package.lock" >&2 || return
  DEB=$(echo "$BATS_FILE_TMPDIR"/hikae_*_*.deb)
  [ -f "$DEB" ] || return
  export BUILD DEB
}

# clean_system FOLDER [PACKAGE…]: a minimal Debian 12 with these and what our package depends on, and no hikae.
clean_system() {
  need_root
  local folder=$1 packages archive
  shift
  packages=$(dpkg-deb -f "$DEB" Depends | sed -E 's/\([^)]*\)//g; s/ //g')$(printf ',%s' "$@" | sed 's/^,$//')
  archive=$BUILD/package-system-$(sha256sum <<<"$packages" | cut -c 1-12).tar
  if [ ! -f "$archive" ]; then
    local sources=/etc/apt/sources.list.d/debian.sources
    [ -f "$sources" ] || sources="deb http://deb.debian.org/debian bookworm main"
    # A host whose clock or mirror is off must still be able to test.
    mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' \
      --aptopt='Acquire::Check-Date "false"' --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
      bookworm "$BATS_FILE_TMPDIR/new.tar" "$sources" >&2
    mv "$BATS_FILE_TMPDIR/new.tar" "$archive"
  fi
  mkdir -p "$folder"
  tar -xf "$archive" -C "$folder" --exclude='./dev/*'
  mkdir -p "$folder/dev"
}

# another_version VERSION: the same package under another version.
another_version() {
  local tree=$BATS_TEST_TMPDIR/tree-$1
  dpkg-deb -R "$DEB" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$BATS_TEST_TMPDIR/hikae_$1.deb" >/dev/null
  echo "$BATS_TEST_TMPDIR/hikae_$1.deb"
}
