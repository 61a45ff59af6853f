// SPDX-License-Identifier: Apache-2.0
#include "restore/context.h"

#include <algorithm>
#include <tuple>

namespace hikae::restore {

void ItemErrors::add(std::string path, Text message) {
  errors_.lock()->push_back({std::move(path), std::move(message)});
}

std::vector<RestoreItemError> ItemErrors::take() {
  std::vector<RestoreItemError> errors = std::move(*errors_.lock());
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.path, a.message.key) < std::tie(b.path, b.message.key);
  });
  return errors;
}

bool is_fatal(const Error& error) {
  return error.code() == ErrorCode::no_space;
}

void report_or_throw(Context& context, const std::string& path, Error error) {
  if (!is_fatal(error)) {
    context.errors.add(path, error.message());
    return;
  }
  error.add_context(text("restore.writing", {{"path", path}, {"target", context.options.target}}));
  error.set_hint(text("restore.no_space_hint", {{"target", context.options.target}}));
  throw error;
}

}  // namespace hikae::restore
