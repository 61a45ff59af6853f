// SPDX-License-Identifier: Apache-2.0
// The chunks that the system's restic makes of a file, and ours.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chunker/chunker.h"
#include "crypto/hash.h"
#include "support/chunker_data.h"
#include "support/stock_restic.h"

namespace hikae {
namespace {

using testing::StockRestic;

std::string value_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) throw std::runtime_error("no " + key + " in " + text);
  const std::size_t from = text.find('"', at + key.size()) + 1;
  return text.substr(from, text.find('"', from) - from);
}

// The ids in the first "content" list of restic's tree JSON.
std::vector<std::string> content_ids(const std::string& tree) {
  const std::size_t from = tree.find("\"content\"");
  const std::string list = tree.substr(from, tree.find(']', from) - from);
  std::vector<std::string> ids;
  for (std::size_t at = list.find('['); (at = list.find('"', at)) != std::string::npos; at += 66) {
    ids.push_back(list.substr(at + 1, 64));
  }
  return ids;
}

std::vector<std::string> our_ids(const ChunkerTables& tables, ByteView data) {
  std::vector<std::string> ids;
  while (!data.empty()) {
    const std::size_t size = tables.next_cut(data);
    ids.push_back(sha256(data.first(size)).hex());
    data = data.subspan(size);
  }
  return ids;
}

TEST(ResticInterop, CutsFilesAsResticDoes) {
  if (!StockRestic::installed()) GTEST_SKIP() << "restic is not installed";
  const StockRestic restic;
  // Random, then zeroes, then random again: the first and the shortest kind of chunk.
  Bytes data = testing::pseudo_random_bytes(40'000'000, 99);
  std::fill_n(data.begin() + 20'000'000, 3'000'000, std::uint8_t{0});
  testing::write_file((restic.source() / "file").string(), std::string(as_text(data)));
  restic.run("backup -q --host h '" + restic.source().string() + "'");

  const Polynomial polynomial =
      std::stoull(value_after(restic.run("cat config"), "\"chunker_polynomial\":"), nullptr, 16);
  EXPECT_EQ(degree(polynomial), 53);
  EXPECT_TRUE(is_irreducible(polynomial));

  // The one snapshot's tree, and down to the folder that holds the file.
  std::string snapshot;
  for (const auto& entry : std::filesystem::directory_iterator(restic.repository() / "snapshots")) {
    snapshot = entry.path().filename();
  }
  std::string tree =
      restic.run("cat blob " + value_after(restic.run("cat snapshot " + snapshot), "\"tree\":"));
  while (tree.find("\"subtree\"") != std::string::npos) {
    tree = restic.run("cat blob " + value_after(tree, "\"subtree\":"));
  }
  const std::vector<std::string> expected = content_ids(tree);
  EXPECT_GT(expected.size(), 15U);
  EXPECT_EQ(our_ids(ChunkerTables(polynomial), data), expected);
}

}  // namespace
}  // namespace hikae
