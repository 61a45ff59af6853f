// SPDX-License-Identifier: Apache-2.0
#include "cli/event_sink.h"

namespace hikae::cli {

std::unique_ptr<EventSink> make_event_sink(const Session& /*session*/,
                                           const policy::Policy& /*policy*/,
                                           Journal& /*journal*/) {
  return std::make_unique<NullEventSink>();
}

}  // namespace hikae::cli
