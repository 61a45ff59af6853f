// SPDX-License-Identifier: Apache-2.0
// Forms that restic 0.14 does not write: escapes of Go 1.22, Unicode 15, linktarget_raw,
// generic_attributes. The files in testdata were written by hand from Go's and restic's rules.
#include "crypto/hash.h"
#include "format/node.h"
#include "support.h"

namespace hikae::format {
namespace {

using testing::id_of;

Node node(const std::string& name, NodeType type) {
  Node node;
  node.name = name;
  node.type = type;
  node.mtime = {1704153845, 70'000'000, 9 * 3600};
  node.atime = node.mtime;
  node.ctime = {1704153845, 0, 0};
  return node;
}

std::vector<Node> newest_forms() {
  std::vector<Node> nodes;
  Node file = node("\b\f\x01", NodeType::file);
  file.mode = 0644;
  file.user = "<a&b>\x7f";
  file.group = "\b\f\v\u2028";
  file.size = 3;
  file.links = 1;
  file.content = {id_of<BlobId>(0x11), id_of<BlobId>(0x22)};
  nodes.push_back(file);

  Node windows = node("attributes", NodeType::file);
  windows.extended_attributes = {{"user.z", {0, 255, 16}}, {"user.<a>", {}}};
  windows.generic_attributes =
      R"({"windows.creation_time":"BAh/VAm1jAE=","windows.file_attributes":32})";
  windows.error = "can't read";
  nodes.push_back(windows);

  Node device = node("device", NodeType::chardev);
  device.mode = kModeDevice | kModeCharDevice | 0620;
  device.links = 1;
  device.device = 1281;
  nodes.push_back(device);

  Node raw = node("raw", NodeType::symlink);
  raw.mode = kModeSymlink | 0777;
  raw.links = 1;
  raw.link_target = "a\xff/\xe3\x81";
  nodes.push_back(raw);

  Node text = raw;
  text.name = "text";
  text.link_target = "\b\f<\ufffd\x7f";
  nodes.push_back(text);

  nodes.push_back(node("\u0cf3", NodeType::file));      // Unicode 15.0
  nodes.push_back(node("\u3000", NodeType::fifo));      // ideographic space
  nodes.push_back(node("\U0001e4d0", NodeType::file));  // Unicode 15.0
  nodes.push_back(node("\U0001fae0", NodeType::file));  // Unicode 14.0
  nodes.push_back(node("\U0001fae8", NodeType::file));  // Unicode 15.0
  nodes.push_back(node("\U0002ebf0", NodeType::file));  // Unicode 15.1
  Node folder = node("\U00031350", NodeType::dir);      // Unicode 15.0
  folder.mode = kModeDir | kModeSticky | 0777;
  folder.subtree = id_of<BlobId>(0x33);
  nodes.push_back(folder);
  return nodes;
}

TEST(TreeGolden, NewestForms) {
  const std::string golden = testing::testdata("newest_forms.tree");
  TreeEncoder encoder;
  for (const Node& node : newest_forms()) encoder.add(node);
  EXPECT_EQ(encoder.finish(), golden);
  EXPECT_EQ(decode_tree(as_bytes(golden)), newest_forms());
}

// Written by restic 0.14.0; restic_test.cc compares with a live one where it is installed.
TEST(TreeGolden, Restic014) {
  const std::string golden = testing::testdata("restic_0_14.tree");
  TreeEncoder encoder;
  decode_tree(as_bytes(golden), [&](Node&& node) {
    encoder.add(node);
    return true;
  });
  const std::string tree = encoder.finish();
  EXPECT_EQ(tree, golden);
  EXPECT_EQ(sha256(as_bytes(tree)).hex(),
            "a243117d1ddb45617e74d633072b9b3d2bb3b8375a1622970706365d00635dfc");
}

}  // namespace
}  // namespace hikae::format
