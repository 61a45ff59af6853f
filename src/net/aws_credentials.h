// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "concurrency/guarded.h"
#include "concurrency/stop.h"
#include "net/aws_signature.h"

namespace hikae::net {

using Variables = std::function<std::optional<std::string>(const std::string& name)>;

struct AwsCredentialOptions {
  AwsKeys given;        // if it has an id: these and nothing else
  std::string profile;  // if not empty: this profile of ~/.aws and nothing else
  Variables variable;   // of the environment
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
};

// Finds the keys to sign with, in the order of AWS's own programs: what is given; else environment
// variables, the web identity that they name, ~/.aws (also without HOME), the container's service,
// the instance's. Renews temporary ones five minutes before they expire. Thread-safe.
class AwsCredentials {
 public:
  using Keys = std::shared_ptr<const AwsKeys>;

  explicit AwsCredentials(AwsCredentialOptions options);

  // Throws Error{permission} when there are none, and what the place that gives them reports.
  Keys get(const StopToken& stop);
  // To be called when the store says that these keys have expired. True if get() may find others.
  bool renew(const Keys& refused);

 private:
  AwsKeys find(const StopToken& stop) const;

  const AwsCredentialOptions options_;
  Guarded<Keys> current_;
};

// The region that environment or profile name; empty if neither does.
std::string aws_region(const AwsCredentialOptions& options);

}  // namespace hikae::net
