// SPDX-License-Identifier: Apache-2.0
// Rules by which a bucket itself deletes or puts away what lies in it.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "concurrency/stop.h"
#include "storage/location.h"
#include "storage/open.h"

namespace hikae {

struct LifecycleRule {
  enum class Effect {
    deletes,    // objects go when they are old, whatever still needs them
    puts_away,  // to a class from which nothing can be read before hours have passed
  };
  std::string id;
  std::string prefix;  // of the keys that it is about; empty: the whole bucket
  Effect effect = Effect::deletes;
  std::string detail;  // "Days=30", "Date=2027-01-01", "GLACIER"
  bool operator==(const LifecycleRule&) const = default;
};

// The enabled rules of a <LifecycleConfiguration> that reach objects below `prefix`. Those for
// objects with tags are left out, since ours have none; those for our locks alone, for unfinished
// uploads and for older versions too. Throws Error{corrupt} for what is no such answer. Pure.
std::vector<LifecycleRule> parse_lifecycle(ByteView body, const std::string& prefix);

// The same, asked of the store: empty where it has no rules, or does not know what rules are.
// REQUIRES: location.scheme == "s3". Throws what the store answers else, so Error{permission} when
// these credentials may not ask.
std::vector<LifecycleRule> load_lifecycle(const Location& location,
                                          OpenOptions options,
                                          const StopToken& stop);

}  // namespace hikae
