// SPDX-License-Identifier: Apache-2.0
// What a snapshot or a server's folder says of databases: any text is read or refused, and what was
// read leads to no file outside its folder.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "postgres/restore.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::postgres;
  const std::string_view given = hikae::as_text({data, size});
  parse_postmaster(given);
  plan_globals(given, {{"postgres", "a \"b\""}, {"pg_default"}});
  database_properties(given, "shop", "other");
  try {
    const ClusterFacts facts = parse_facts(given);
    for (const DatabaseFacts& database : facts.databases)
      if (database.file.find('/') != std::string::npos) std::abort();
    if (encode_facts(parse_facts(encode_facts(facts))) != encode_facts(facts)) std::abort();
  } catch (const hikae::Error&) {  // NOLINT(bugprone-empty-catch): refused
  }
  return 0;
}
