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

std::optional<BlobPlace> find_blob(Context& context, const BlobId& id, const StopToken& stop) {
  if (const auto place = context.index.find(format::BlobType::data, id))
    return BlobPlace{place->blob, place->pack};
  if (context.options.others == nullptr) return std::nullopt;
  const auto blob = context.options.others->find(format::BlobType::data, id, stop);
  if (!blob) return std::nullopt;
  return BlobPlace{*blob, std::nullopt};
}

Bytes load_blob(Context& context, format::BlobType type, const BlobId& id, const StopToken& stop) {
  FallbackBlobs* const others = context.options.others;
  // One that is down is asked last, since nobody else may have the blob.
  if (is_down(context)) {
    if (auto content = others->load(type, id, stop)) return std::move(*content);
  }
  const bool was_down = is_down(context);
  try {
    BlobBuffers buffers;
    Bytes content = type == format::BlobType::tree
                        ? context.trees.load(id, buffers, stop)
                        : context.repository.load_blob(context.index, type, id, buffers, stop);
    note_outcome(context, nullptr);
    return content;
  } catch (const Error& error) {
    note_outcome(context, &error);
    if (others == nullptr || was_down) throw;
    if (auto content = others->load(type, id, stop)) return std::move(*content);
    throw;
  }
}

bool is_down(const Context& context) {
  constexpr int kMostFailures = 3;
  return context.options.others != nullptr && context.failures >= kMostFailures;
}

void note_outcome(Context& context, const Error* failure) {
  if (failure == nullptr) {
    context.failures = 0;
  } else if (failure->code() != ErrorCode::corrupt && failure->code() != ErrorCode::not_found) {
    ++context.failures;
  }
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
