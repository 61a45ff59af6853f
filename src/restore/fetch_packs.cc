// SPDX-License-Identifier: Apache-2.0
#include "restore/fetch_packs.h"

#include <algorithm>

namespace hikae::restore {

FetchedRange PackReader::read(const Fetch& fetch, const StopToken& stop) {
  const auto share =
      static_cast<std::size_t>(std::min<std::uint64_t>(fetch.length, kBytesInFlight));
  FetchedRange range{&fetch, memory_.acquire(share, stop), take_buffer()};
  const PackId& pack = plan_.packs[fetch.pack];
  range.bytes.clear();
  if (pack == kElsewhere || is_down(context_)) return range;
  try {
    if (range.bytes.capacity() < fetch.length) {
      range.bytes.reserve(std::max(fetch.length, kFetchLength));
    }
    range.bytes.resize(fetch.length);
    const FileHandle file{FileType::pack, pack.hex()};
    context_.repository.backend().load_range(file, fetch.offset, range.bytes, stop);
    note_outcome(context_, nullptr);
  } catch (const Error& error) {
    range.bytes.clear();
    note_outcome(context_, &error);
    context_.log.warning(text("restore.pack_unreadable", {{"pack", pack.hex()}}));
    context_.log.warning(error.message());
  }
  return range;
}

Bytes PackReader::take_buffer() {
  auto spare = spare_.lock();
  if (spare->empty()) return {};
  Bytes buffer = std::move(spare->back());
  spare->pop_back();
  return buffer;
}

void PackReader::recycle(FetchedRange range) {
  if (range.bytes.capacity() > kFetchLength) return;
  spare_.lock()->push_back(std::move(range.bytes));
}

}  // namespace hikae::restore
