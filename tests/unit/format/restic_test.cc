// SPDX-License-Identifier: Apache-2.0
// Everything that the restic of this system writes is read and written again with the same bytes.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "format/compression.h"
#include "format/files.h"
#include "format/node.h"
#include "format/pack.h"
#include "support.h"
#include "support/stock_restic.h"

namespace hikae::format {
namespace {

using hikae::testing::StockRestic;
using hikae::testing::write_file;

// Names that restic 0.14 (Unicode 13) and later releases quote alike; the others are in
// tree_golden_test.cc.
const std::vector<std::string>& nasty_names() {
  static const std::vector<std::string> kNames = {"plain",
                                                  "a<b>&\"q\\c",
                                                  "bad\xff\xfename",
                                                  "cut\xe3\x81",
                                                  "tab\tnl\nbell\abs\bff\f",
                                                  "\x01\x7f",
                                                  "が",
                                                  "か\u3099",
                                                  "a\u00a0b",
                                                  "z\u200bw",
                                                  "l\u2028s",
                                                  "p\u2029s",
                                                  "全角\u3000空白",
                                                  "😀",
                                                  "soft\u00adhyphen",
                                                  "\u0378",
                                                  "\U000e0080",
                                                  "\U0010ffff",
                                                  "\ue000",
                                                  "\xed\xa0\x80",
                                                  "\ufeff"
                                                  "bom",
                                                  "\ufffd",
                                                  " leading",
                                                  "trailing ",
                                                  "\xc3\xa9\xcc\x81",
                                                  "'single'",
                                                  "\xc0\xaf",
                                                  "-rf",
                                                  "...",
                                                  "\xf4\x90\x80\x80"};
  return kNames;
}

void make_special_files(const std::filesystem::path& folder) {
  const std::string base = folder.string() + "/";
  ASSERT_EQ(symlink("a<b>&\"\\\t", (base + "link").c_str()), 0);
  ASSERT_EQ(symlink("日本語\u2028", (base + "link2").c_str()), 0);
  ASSERT_EQ(mkfifo((base + "fifo").c_str(), 0640), 0);
  write_file(base + "empty", "");
  ASSERT_EQ(chmod((base + "empty").c_str(), 0), 0);
  write_file(base + "special bits", "x");
  ASSERT_EQ(chmod((base + "special bits").c_str(), 07755), 0);
  ASSERT_EQ(::link((base + "special bits").c_str(), (base + "hard link").c_str()), 0);
  // Not every file system has these; what cannot be made is not compared.
  (void)setxattr((base + "special bits").c_str(), "user.empty", "", 0, 0);
  (void)setxattr((base + "special bits").c_str(), "user.bytes", "\x00\xff\x10", 3, 0);
  (void)mknod((base + "block").c_str(), S_IFBLK | 0660, makedev(7, 3));
  (void)mknod((base + "char").c_str(), S_IFCHR | 0666, makedev(5, 1));
}

void set_time(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Bytes file_bytes(const std::filesystem::path& path) {
  return to_bytes(testing::read_file(path.string()));
}

// One repository for all tests: making it takes some seconds.
class Restic : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!StockRestic::installed()) return;
    stock_ = std::make_unique<StockRestic>();
    const std::filesystem::path source = stock_->source();
    for (const std::string& name : nasty_names()) {
      write_file((source / "names" / name).string(), name);
      write_file((source / "folders" / name / "in").string(), std::string(5000, 'x'));
    }
    make_special_files(source / "names");
    std::filesystem::create_directory(source / "none");
    set_time((source / "names/plain").string(), -2'000'000'000, 70'000'000);
    set_time((source / "names/link").string(), 4'000'000'000, 1);
    stock_->run("-q backup --tag 'a<b' --exclude '*.tmp' '" + source.string() + "'");
    stock_->run("-q backup --tag second '" + source.string() + "/none'");
    const MasterKeyFields fields = decode_master_key(stock_->run("cat masterkey"));
    MasterKey key;
    key.encrypt = fields.encrypt;
    key.mac_k = fields.mac_k;
    key.mac_r = fields.mac_r;
    cipher_ = std::make_unique<Cipher>(key);
  }
  static void TearDownTestSuite() {
    cipher_.reset();
    stock_.reset();
  }
  void SetUp() override {
    if (!stock_) GTEST_SKIP() << "restic is not installed";
  }

  static std::vector<std::filesystem::path> files_in(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(stock_->repository() / folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    EXPECT_FALSE(files.empty()) << folder;
    return files;
  }
  static std::string unpacked(const std::filesystem::path& file) {
    return decode_unpacked(cipher_->open(file_bytes(file)));
  }
  static std::vector<IndexedPack> packs() {
    std::vector<IndexedPack> all;
    for (const auto& file : files_in("index")) {
      decode_index(unpacked(file), [&](IndexedPack&& pack) { all.push_back(std::move(pack)); });
    }
    return all;
  }
  static Bytes pack_file(const PackId& id) {
    return file_bytes(stock_->repository() / "data" / id.hex().substr(0, 2) / id.hex());
  }
  static Bytes blob_content(const Bytes& pack, const PackedBlob& blob) {
    const Bytes opened = cipher_->open(ByteView(pack).subspan(blob.offset, blob.length));
    if (!blob.is_compressed()) return opened;
    Bytes content;
    Decompressor().decompress(opened, blob.uncompressed_length, content);
    return content;
  }

  static std::unique_ptr<StockRestic> stock_;
  static std::unique_ptr<Cipher> cipher_;
};

std::unique_ptr<StockRestic> Restic::stock_;
std::unique_ptr<Cipher> Restic::cipher_;

TEST_F(Restic, EveryTreeKeepsItsBytesAndId) {
  std::size_t trees = 0;
  std::vector<std::string> names;
  for (const IndexedPack& pack : packs()) {
    const Bytes file = pack_file(pack.id);
    for (const PackedBlob& blob : pack.blobs) {
      const Bytes content = blob_content(file, blob);
      ASSERT_EQ(id_cast<BlobId>(sha256(content)), blob.id);
      if (blob.type != BlobType::tree) continue;
      ++trees;
      TreeEncoder encoder;
      decode_tree(content, [&](Node&& node) {
        encoder.add(node);
        names.push_back(node.name);
        return true;
      });
      EXPECT_EQ(encoder.finish(), as_text(content));
    }
  }
  EXPECT_GT(trees, 5U);
  EXPECT_THAT(names, ::testing::IsSupersetOf(nasty_names()));
}

TEST_F(Restic, CatBlobPrintsWhatWeDecode) {
  const std::vector<std::string> snapshots = lines_of(stock_->run("list snapshots"));
  ASSERT_EQ(snapshots.size(), 2U);
  const Snapshot snapshot = decode_snapshot(stock_->run("cat snapshot " + snapshots[0]));
  const std::string tree = stock_->run("cat blob " + snapshot.tree.hex());
  EXPECT_EQ(id_cast<BlobId>(sha256(as_bytes(tree))), snapshot.tree);
  const std::vector<Node> nodes = decode_tree(as_bytes(tree));
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].type, NodeType::dir);
}

TEST_F(Restic, WhatTheFileSystemSaysIsInTheNodes) {
  std::map<std::string, Node> nodes;
  for (const IndexedPack& pack : packs()) {
    const Bytes file = pack_file(pack.id);
    for (const PackedBlob& blob : pack.blobs) {
      if (blob.type != BlobType::tree) continue;
      for (Node& node : decode_tree(blob_content(file, blob))) {
        if (node.type != NodeType::dir || node.name == "names") nodes[node.name] = std::move(node);
      }
    }
  }
  for (const char* name : {"link", "fifo", "empty", "special bits", "names"}) {
    ASSERT_TRUE(nodes.contains(name)) << name;
    const std::string path =
        (stock_->source() / (name == std::string("names") ? "" : "names") / name).string();
    struct stat status {};
    ASSERT_EQ(lstat(path.c_str(), &status), 0);
    const Node& node = nodes[name];
    EXPECT_EQ(node.mode, mode_from_stat(status.st_mode)) << name;
    EXPECT_EQ(node.inode, status.st_ino) << name;
    EXPECT_EQ(node.device_id, status.st_dev) << name;
    EXPECT_EQ(node.uid, status.st_uid) << name;
    EXPECT_EQ(node.mtime.seconds, status.st_mtim.tv_sec) << name;
    EXPECT_EQ(node.mtime.nanoseconds, status.st_mtim.tv_nsec) << name;
    const bool has_links = node.type == NodeType::file || node.type == NodeType::symlink;
    EXPECT_EQ(node.links, has_links ? status.st_nlink : 0U) << name;
  }
  EXPECT_EQ(nodes["link"].link_target, "a<b>&\"\\\t");
  EXPECT_EQ(nodes["plain"].mtime.seconds, -2'000'000'000);
}

TEST_F(Restic, IndexesAndPackHeadersAgree) {
  for (const auto& file : files_in("index")) {
    const std::string json = unpacked(file);
    std::vector<IndexedPack> packs;
    decode_index(json, [&](IndexedPack&& pack) { packs.push_back(std::move(pack)); });
    EXPECT_EQ(encode_index(packs), json);
  }
  for (IndexedPack& pack : packs()) {
    const Bytes file = pack_file(pack.id);
    ASSERT_GT(file.size(), 4U);
    ASSERT_EQ(id_cast<PackId>(sha256(file)), pack.id);
    const ByteView end = ByteView(file).last(4);
    const std::size_t length = end[0] | (end[1] << 8U) | (end[2] << 16U);
    const ByteView sealed = ByteView(file).subspan(file.size() - 4 - length, length);
    const Bytes header = cipher_->open(sealed);
    const std::vector<PackedBlob> blobs = decode_pack_header(header);
    EXPECT_EQ(encode_pack_header(blobs), header);
    EXPECT_THAT(pack.blobs, ::testing::UnorderedElementsAreArray(blobs));
    EXPECT_EQ(blobs.back().offset + blobs.back().length + length + 4, file.size());
  }
}

TEST_F(Restic, SmallFilesKeepTheirBytes) {
  for (const auto& file : files_in("snapshots")) {
    const std::string json = unpacked(file);
    EXPECT_EQ(encode(decode_snapshot(json)), json);
  }
  for (const auto& file : files_in("keys")) {
    const std::string json = testing::read_file(file.string());
    EXPECT_EQ(encode(decode_key_file(json)), json);
  }
  const std::string config(as_text(cipher_->open(file_bytes(stock_->repository() / "config"))));
  EXPECT_EQ(encode(decode_config(config)), config);
}

}  // namespace
}  // namespace hikae::format
