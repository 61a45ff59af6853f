# hikae_options: warnings and sanitizers of our own targets; never applied to third-party code.
add_library(hikae_options INTERFACE)
target_include_directories(hikae_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(hikae_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wextra-semi -Wformat=2)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 at -O3 on std::string concatenation and vector growth.
  target_compile_options(hikae_options INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized)
endif()
if(HIKAE_WERROR)
  target_compile_options(hikae_options INTERFACE -Werror)
endif()
if(HIKAE_SANITIZE)
  set(flags -fsanitize=${HIKAE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(hikae_options INTERFACE ${flags})
  target_link_options(hikae_options INTERFACE ${flags})
endif()
if(HIKAE_FUZZ)
  # Coverage of our modules guides libFuzzer; the harness alone links its main().
  target_compile_options(hikae_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)
target_link_libraries(hikae_options INTERFACE Threads::Threads)
