// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace hikae::postgres {

// A place in the write-ahead log.
using Lsn = std::uint64_t;

// The size of a page of a server as everybody builds it; others are not verified.
inline constexpr std::size_t kPageSize = 8192;

// The checksum that PostgreSQL 9.3 to 17 writes into a page's header (the format's description:
// src/include/storage/checksum_impl.h). `block` is the page's number in its relation, over all its
// segment files. REQUIRES: page.size() == kPageSize.
std::uint16_t page_checksum(ByteView page, std::uint32_t block);

enum class PageState {
  good,
  new_page,  // never written yet: it carries no checksum
  newer,     // written after the backup began: it may be torn, and the WAL brings it anew
  damaged,
};
// As pg_basebackup's server judges: pages at or beyond `start` are not judged.
PageState judge_page(ByteView page, std::uint32_t block, Lsn start);

// The number of a relation's segment file by its name ("16384", "16384.2", "16384_fsm", …); nullopt
// for a name that is none.
std::optional<std::uint32_t> segment_number(std::string_view name);
// Whether the file's pages carry checksums: a relation's file in global/, base/N/ or a tablespace's
// pg_tblspc/N/VERSION/N/.
bool has_page_checksums(std::string_view path);

// Judges a relation file's pages as its bytes pass. Used by one thread.
class PageChecker {
 public:
  using Damaged = std::function<void(std::uint32_t block)>;
  // `first_block`: the file's first one in its relation. `damaged` is called for each damaged page,
  // and for one that ends in the middle.
  PageChecker(std::uint32_t first_block, Lsn start, Damaged damaged)
      : block_(first_block), start_(start), damaged_(std::move(damaged)) {}
  void update(ByteView bytes);
  // The file ended.
  void finish();

 private:
  void judge(ByteView page);
  std::uint32_t block_;
  Lsn start_;
  Damaged damaged_;
  Bytes partial_;
};

}  // namespace hikae::postgres
