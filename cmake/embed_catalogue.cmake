# Turns src/catalogue/*.txt into one C++ file. Grammar of a catalogue file (UTF-8, "#" begins a comment line):
#   entry ::= "[" key "]" NEWLINE "en: " sentence NEWLINE "ja: " sentence NEWLINE
# In a sentence, \n is a line break and {name} is replaced by an argument.
cmake_policy(VERSION 3.25)
string(ASCII 1 open)
string(ASCII 2 close)
string(ASCII 3 semicolon)
set(body "")
foreach(file IN LISTS IN)
  file(READ ${file} content)
  # Brackets and semicolons mean something to CMake lists; hide them while splitting.
  string(REPLACE "[" "${open}" content "${content}")
  string(REPLACE "]" "${close}" content "${content}")
  string(REPLACE ";" "${semicolon}" content "${content}")
  string(REPLACE "\n" ";" lines "${content}")
  set(key "")
  set(en "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^${open}([a-z0-9_.]+)${close}$")
      set(key ${CMAKE_MATCH_1})
      set(en "")
    elseif(line MATCHES "^en: (.*)$")
      set(en "${CMAKE_MATCH_1}")
    elseif(line MATCHES "^ja: (.*)$")
      set(ja "${CMAKE_MATCH_1}")
      if(key STREQUAL "" OR en STREQUAL "")
        message(FATAL_ERROR "${file}: 'ja:' without a key and an 'en:' line before it: ${line}")
      endif()
      string(APPEND body "      {\"${key}\", R\"~~(${en})~~\", R\"~~(${ja})~~\"},\n")
      set(key "")
    elseif(NOT line STREQUAL "" AND NOT line MATCHES "^#")
      message(FATAL_ERROR "${file}: not a catalogue line: ${line}")
    endif()
  endforeach()
endforeach()
string(REPLACE "\\n" ")~~\" \"\\n\" R\"~~(" body "${body}")
string(REPLACE "${open}" "[" body "${body}")
string(REPLACE "${close}" "]" body "${body}")
string(REPLACE "${semicolon}" ";" body "${body}")
file(WRITE ${OUT} "// Generated from src/catalogue.
#include \"base/text.h\"

namespace hikae {

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> kEntries = {
${body}  };
  return kEntries;
}

}  // namespace hikae
")
