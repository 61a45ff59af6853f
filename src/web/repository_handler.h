// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/log.h"
#include "concurrency/semaphore.h"
#include "concurrency/stop.h"
#include "web/exchange.h"
#include "web/folders.h"
#include "web/htpasswd.h"
#include "web/route.h"

namespace hikae::web {

// What clients may do, named as the options of restic's rest-server.
struct AccessRules {
  // append_only: nothing that was stored is replaced or removed, except locks.
  enum class Changes { all, append_only } changes = Changes::all;
  // per_user: everybody reaches only the folder that bears his name.
  enum class Folders { shared, per_user } folders = Folders::shared;
  // unverified: a file need not have the SHA-256 that its name says.
  enum class Uploads { verified, unverified } uploads = Uploads::verified;
};

// Answers the requests of restic's REST protocol, versions 1 and 2, from folders of this machine.
// Nothing is stored under a name before all of it has come and has that SHA-256; what is stored is
// durable and never replaced. Uploads are held in memory until then: `memory` bounds them together,
// and with it the size of one. Thread-safe.
class RepositoryHandler {
 public:
  // `users` is null where everybody may come. The references outlive the object.
  RepositoryHandler(RepositoryFolders& folders,
                    Quota& quota,
                    Htpasswd* users,
                    AccessRules rules,
                    std::uint64_t memory,
                    Log& log);

  // Answers, or throws what makes an answer impossible: see Exchange.
  void handle(Exchange& exchange, const StopToken& stop);

 private:
  struct Target;
  bool let_in(Exchange& exchange, const StopToken& stop);
  void serve(Exchange& exchange, const Target& target, const StopToken& stop);
  void serve_repository(Exchange& exchange, const Target& target, const StopToken& stop);
  void serve_file(Exchange& exchange, const Target& target, const StopToken& stop);
  void list(Exchange& exchange, const Target& target, const StopToken& stop);
  void look_at(Exchange& exchange, const Target& target, const StopToken& stop);
  void load(Exchange& exchange, const Target& target, const StopToken& stop);
  void save(Exchange& exchange, const Target& target, const StopToken& stop);
  int store(Exchange& exchange, const Target& target, const StopToken& stop);
  std::optional<Bytes> receive(Exchange& exchange, const Target& target) const;
  void remove(Exchange& exchange, const Target& target, const StopToken& stop);
  void fail(Exchange& exchange, const Error& error);
  bool is_append_only() const { return rules_.changes == AccessRules::Changes::append_only; }

  RepositoryFolders& folders_;
  Quota& quota_;
  Htpasswd* users_;
  const AccessRules rules_;
  const std::uint64_t memory_limit_;
  Semaphore memory_;
  Log& log_;
};

}  // namespace hikae::web
