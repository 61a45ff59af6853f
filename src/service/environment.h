// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "logs/sink.h"
#include "repository/repository.h"

namespace hikae {

// What the process gives to the parts: made once by cli, passed down by reference. The references
// outlive it.
struct Environment {
  const Clock& clock;
  Log& log;
  Identity identity;            // of this process on this host
  std::string state_directory;  // /var/lib/hikae or HIKAE_STATE_DIR
  std::string cache_directory;  // /var/cache/hikae or HIKAE_CACHE_DIR
  std::string working_directory;
  std::string program_version;  // "hikae 0.1.0"
  std::function<std::optional<std::string>(const std::string& name)>
      variable;  // environment variables
  std::function<std::int32_t(std::int64_t unix_seconds)>
      local_offset;  // of this host, seconds east of UTC
  // What jobs need beyond; other verbs leave it as it is.
  logs::Sink* log_sink = nullptr;   // where jobs write their lines
  std::string log_directory{};      // where these can be read again; empty: nowhere
  std::string policy_file{};        // told to hooks
  KnownKeys* known_keys = nullptr;  // those of this process; null: each opening derives its key
};

}  // namespace hikae
