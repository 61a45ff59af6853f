// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/load.h"

// YAML without opinions: every scalar stays the text that stands in the file, and every node knows
// its place. What a text means is decided by the key that it belongs to (policy/decode.h).
namespace hikae::policy {

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  struct Entry {
    std::string key;
    Place place;
    std::shared_ptr<const YamlNode> value;
  };

  Kind kind = Kind::null;
  Place place;
  std::string scalar;
  std::vector<std::shared_ptr<const YamlNode>> items;
  std::vector<Entry> entries;  // keys are unique
};

// The largest file that is read, in bytes.
inline constexpr std::size_t kMaxPolicySize = std::size_t{1} << 20;

// The root of a YAML file of one document. Mistakes are appended to `problems`; nullptr when the
// file cannot be understood at all. An alias shares the node of its anchor and never refers to
// itself, so that the tree is finite and as large as the file at most.
std::shared_ptr<const YamlNode> read_yaml(std::string_view yaml,
                                          std::vector<PolicyProblem>& problems);

}  // namespace hikae::policy
