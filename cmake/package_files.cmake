# Makes what the package contains beside the program: manual pages in both languages, completions, changelogs.
# cmake -DHIKAE=PROGRAM -DOUT=FOLDER -DFROM=SOURCE_FOLDER -P package_files.cmake
cmake_policy(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status ERROR_VARIABLE errors OUTPUT_QUIET)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${errors}")
  endif()
endfunction()

# Without the time and the name in the header, so that equal contents give equal packages.
function(compress)
  run(gzip -9 -n -f ${ARGN})
endfunction()

file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT}/completion)
run(${CMAKE_COMMAND} -E env HIKAE_LANGUAGE=en ${HIKAE} man-pages ${OUT}/man)
run(${CMAKE_COMMAND} -E env HIKAE_LANGUAGE=ja ${HIKAE} man-pages ${OUT}/man/ja)
file(GLOB_RECURSE pages ${OUT}/man/*)
compress(${pages})
foreach(pair "bash|hikae.bash" "zsh|_hikae" "fish|hikae.fish")
  string(REPLACE "|" ";" pair ${pair})
  list(GET pair 0 shell)
  list(GET pair 1 name)
  execute_process(COMMAND ${HIKAE} completion ${shell} OUTPUT_FILE ${OUT}/completion/${name} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
configure_file(${FROM}/CHANGELOG.md ${OUT}/changelog COPYONLY)
configure_file(${FROM}/packaging/debian/changelog ${OUT}/changelog.Debian COPYONLY)
compress(${OUT}/changelog ${OUT}/changelog.Debian)
file(TOUCH ${OUT}/stamp)
