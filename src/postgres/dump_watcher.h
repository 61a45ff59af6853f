// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"

namespace hikae::postgres {

// custom: pg_dump -Fc -Z0, whose bytes stay the same where the data does; pg_restore reads it.
// plain: SQL, which psql reads.
enum class DumpFormat { custom, plain };

struct TableRows {
  std::string schema;
  std::string table;
  std::uint64_t rows = 0;

  bool operator==(const TableRows&) const = default;
};

// Looks at a dump as it passes, in pieces of any size: whether it is whole, and how many rows each
// table has. Pure; memory does not grow with the data.
class DumpWatcher {
 public:
  virtual ~DumpWatcher() = default;
  virtual void feed(ByteView piece) = 0;
  // What is missing at the end; nullopt for a dump that is whole. Call once, last.
  virtual std::optional<Text> finish() = 0;
  // In the order of the dump; complete after finish(). Empty when the format's version is not
  // known.
  virtual std::vector<TableRows> rows() const = 0;
};

std::unique_ptr<DumpWatcher> watch_dump(DumpFormat format);
// The output of pg_dumpall --globals-only.
std::unique_ptr<DumpWatcher> watch_globals();

}  // namespace hikae::postgres
