// SPDX-License-Identifier: Apache-2.0
// A dump as it passes: any bytes are judged without harm, and in whatever portions they come, the
// same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "postgres/dump_watcher.h"

namespace {

using hikae::ByteView;
using namespace hikae::postgres;

std::string judge(DumpFormat format, ByteView dump, std::size_t portion) {
  const auto watcher = watch_dump(format);
  for (std::size_t at = 0; at < dump.size(); at += portion)
    watcher->feed(dump.subspan(at, std::min(portion, dump.size() - at)));
  const auto problem = watcher->finish();
  std::string seen = problem ? hikae::render(*problem, hikae::Language::en) : "whole";
  for (const TableRows& table : watcher->rows())
    seen += "\n" + table.schema + "." + table.table + " " + std::to_string(table.rows);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView dump(data, size);
  for (const DumpFormat format : {DumpFormat::custom, DumpFormat::plain}) {
    const std::string whole = judge(format, dump, size + 1);
    if (whole != judge(format, dump, 1) || whole != judge(format, dump, 61)) std::abort();
  }
  return 0;
}
