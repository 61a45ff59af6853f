// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "policy/calendar.h"

namespace hikae::policy {

// Five fields as in crontab(5), or @hourly, @daily, @midnight, @weekly, @monthly, @yearly,
// @annually. `part` lies inside `whole`, which errors quote.
std::shared_ptr<const Recurrence> parse_cron(std::string_view whole, std::string_view part);

// What cron and EventBridge share: the bounds of a field and how its values may be named.
struct CronField {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::optional<int> (*named)(std::string_view) = nullptr;
  // Added to a value that a name gives.
  int name_offset = 0;
};

class Scanner;
// value, value-value or *, each with /step: one element of a list. With `open_step` "5/15" means
// from 5 on by 15, as EventBridge has it; crontab(5) has no such form.
enum class OpenStep { refused, allowed };
Range parse_cron_range(Scanner& scanner, const CronField& field, OpenStep open_step);

}  // namespace hikae::policy
