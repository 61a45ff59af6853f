// SPDX-License-Identifier: Apache-2.0
#include "storage/rest_list.h"

#include <simdjson.h>

#include "base/error.h"
#include "storage/layout.h"

namespace hikae {
namespace {

namespace dom = simdjson::dom;

void check(simdjson::error_code error) {
  if (error == simdjson::SUCCESS) return;
  throw Error(ErrorCode::io,
              text("storage.rest_bad_list", {{"reason", simdjson::error_message(error)}}),
              Retry::after_backoff);
}

RestListEntry read_entry(const dom::element& element) {
  RestListEntry entry;
  std::string_view name;
  if (element.is_string()) {
    check(element.get(name));
    entry.name = name;
    return entry;
  }
  dom::object object;
  check(element.get(object));
  check(object["name"].get(name));
  entry.name = name;
  std::uint64_t size = 0;
  check(object["size"].get(size));
  entry.size = size;
  return entry;
}

}  // namespace

void parse_rest_list(Bytes& json, const std::function<void(const RestListEntry&)>& visit) {
  const std::size_t size = json.size();
  json.resize(size + simdjson::SIMDJSON_PADDING);
  // All of it is parsed before anything is visited: a list that was cut off is none at all.
  dom::parser parser;
  dom::array array;
  check(parser.parse(json.data(), size, false).get(array));
  for (const dom::element element : array) {
    const RestListEntry entry = read_entry(element);
    if (is_file_name(entry.name)) visit(entry);
  }
}

}  // namespace hikae
