// SPDX-License-Identifier: Apache-2.0
#include "cli/event_sink.h"

#include "service/announce.h"

namespace hikae::cli {

std::unique_ptr<EventSink> make_event_sink(const Session& session,
                                           const policy::Policy& policy,
                                           Journal& journal) {
  return std::make_unique<Announcer>(policy, session.environment, journal, session.stop);
}

}  // namespace hikae::cli
