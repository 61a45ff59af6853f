// SPDX-License-Identifier: Apache-2.0
#include "service/event.h"

namespace hikae {

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::success:
      return "success";
    case EventKind::warning:
      return "warning";
    case EventKind::left_out:
      return "left_out";
    case EventKind::partial:
      return "partial";
    case EventKind::failure:
      return "failure";
    case EventKind::try_failed:
      return "try_failed";
    case EventKind::recovered:
      return "recovered";
    case EventKind::missed:
      return "missed";
    case EventKind::check_failed:
      return "check_failed";
    case EventKind::check_healed:
      return "check_healed";
    case EventKind::prune_failed:
      return "prune_failed";
    case EventKind::deletion_frozen:
      return "deletion_frozen";
    case EventKind::low_space:
      return "low_space";
    case EventKind::unacknowledged:
      return "unacknowledged";
    case EventKind::notification_failed:
      return "notification_failed";
  }
  return "failure";
}

}  // namespace hikae
