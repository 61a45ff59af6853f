// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The one list of the policy's keys. Decoding, `policy show`, the JSON Schema and the reference in
// the manual all walk it, so that none of them can know a key that another does not.
namespace hikae::policy {

// What a single value must be.
enum class Kind {
  version,
  name,      // [a-z0-9][a-z0-9_-]*
  line,      // any text of one line
  command,   // any text, may have several lines
  path,      // absolute
  location,  // of a repository
  boolean,
  number,     // whole, from `minimum` to `maximum`
  count,      // of generations: a whole number or "all"
  duration,   // 10m, 6h
  period,     // 90d, 3y
  span,       // of the calendar, as restic writes it: 1y6m
  size,       // 500M
  rate,       // size per second
  rate_rule,  // the same, or "unlimited", also for some hours: 22:00-06:00 unlimited
  percent,
  share,  // of a whole: "10%", or a size
  word,   // one of `words`
  timezone,
  schedule,
  email,
  tags,    // "a,b"
  listen,  // a port of this machine, or ADDRESS:PORT
};

enum class Shape {
  one,             // one value
  list,            // a list of values, at least one
  one_or_list,     // either
  section,         // keys of its own
  named_sections,  // names that somebody chose, each with keys of its own; at least one
};

enum class Presence { optional, required };

struct Section;
using Values = std::vector<std::string>;

// One key. `object` is always the struct that the section of this key describes.
struct Field {
  std::string_view key;
  Shape shape = Shape::one;
  Kind kind = Kind::line;
  Presence presence = Presence::optional;
  std::vector<std::string_view> words;
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
  std::string_view example;       // a value as one would write it in YAML
  std::optional<Values> initial;  // the default; nothing: unset

  // Shapes one, list, one_or_list. `store` gets checked values; `load` gives the canonical ones,
  // nothing where it is unset.
  std::function<void(void* object, const Values& values)> store;
  std::function<std::optional<Values>(const void* object)> load;

  // Shapes section and named_sections. A function, because sections nest.
  const Section& (*section)() = nullptr;
  // The struct of the section, made if need be; nullptr from `look` where it is unset.
  std::function<void*(void* object)> enter;
  std::function<const void*(const void* object)> look;
  std::function<void*(void* object, std::string name)> add;
  std::function<std::vector<std::pair<std::string, const void*>>(const void* object)> all;
};

struct Section {
  std::string_view name;  // descriptions are the texts policy.key.NAME.KEY
  std::vector<Field> fields;
  // Exactly one of these keys is given.
  std::vector<std::string_view> one_of;
  // Nothing else may stand here than a reference: a plain value would be the secret itself.
  bool is_secret = false;
};

const Field* find_field(const Section& section, std::string_view key);

const Section& root_section();
const Section& source_section();
const Section& destination_section();
const Section& retention_section();
const Section& secret_section();
const Section& hooks_section();
const Section& notify_section();

// The key of the description of a field in the catalogue.
std::string description_key(const Section& section, const Field& field);

}  // namespace hikae::policy
