# The Debian package (cpack -G DEB from a build folder, or scripts/package). What it contains beside the program is made by
# the program itself: manual pages and completions, in a target that is part of "all".
include(GNUInstallDirs)

set(made ${PROJECT_BINARY_DIR}/package)
set(documents ${CMAKE_INSTALL_DATAROOTDIR}/doc/hikae)
add_custom_command(OUTPUT ${made}/stamp
  COMMAND ${CMAKE_COMMAND} -DHIKAE=$<TARGET_FILE:hikae> -DOUT=${made} -DFROM=${PROJECT_SOURCE_DIR}
          -P ${PROJECT_SOURCE_DIR}/cmake/package_files.cmake
  DEPENDS hikae ${PROJECT_SOURCE_DIR}/cmake/package_files.cmake ${PROJECT_SOURCE_DIR}/packaging/debian/changelog
          ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  VERBATIM)
add_custom_target(package_files ALL DEPENDS ${made}/stamp)
# Whoever packs has built before; packing must not build the tests.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

install(TARGETS hikae RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${made}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${made}/completion/hikae.bash DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME hikae)
install(FILES ${made}/completion/_hikae DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions)
install(FILES ${made}/completion/hikae.fish DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d)
install(FILES ${made}/changelog.gz ${made}/changelog.Debian.gz ${PROJECT_SOURCE_DIR}/packaging/debian/copyright
  DESTINATION ${documents})
install(FILES ${PROJECT_SOURCE_DIR}/packaging/policy.yaml ${PROJECT_SOURCE_DIR}/packaging/policy.ja.yaml
              ${PROJECT_SOURCE_DIR}/examples/company-policy.yaml
  DESTINATION ${documents}/examples)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/packaging/prometheus ${PROJECT_SOURCE_DIR}/packaging/grafana
  DESTINATION ${documents}/examples)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/manual DESTINATION ${documents})
install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/lintian-overrides
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME hikae)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hikae)
set(CPACK_PACKAGE_VENDOR hikae)
set(CPACK_PACKAGE_CONTACT "hikae maintainers <maintainers@hikae.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "company backup by policy, in restic's repository format")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"hikae turns a backup policy, one YAML file, into backups that are proven to
restore. It reads the sources once, writes encrypted, deduplicated generations
to every destination (a disk, a NAS over SSH, S3, a REST server), keeps exactly
the generations that the policy names, and reads back what it claims.
.
The repositories have the format of restic, version 2: stock restic restores
them without this program. Messages are in English and Japanese.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, openssh-client, restic")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-client, default-mta | mail-transport-agent")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/postinst
  ${PROJECT_SOURCE_DIR}/packaging/debian/prerm
  ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
