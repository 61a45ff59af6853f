// SPDX-License-Identifier: Apache-2.0
#include "format/files.h"

#include "support.h"
#include "support/hex.h"

namespace hikae::format {
namespace {

using testing::bad_field;
using testing::digits_of;
using testing::error_of;
using testing::id_of;
using testing::replaced;

const std::string kConfig =
    R"({"version":2,"id":")" + digits_of("5a") + R"(","chunker_polynomial":"3fe155c7005131"})";

TEST(ConfigFile, WritesResticsBytes) {
  Config config;
  config.id = digits_of("5a");
  config.chunker_polynomial = 0x3fe155c7005131;
  EXPECT_EQ(encode(config), kConfig);
  EXPECT_EQ(decode_config(kConfig), config);
  config.append_only = true;
  EXPECT_EQ(encode(config), kConfig);
}

TEST(ConfigFile, ReadsVersion1AndFieldsOfOtherPrograms) {
  Config expected;
  expected.version = 1;
  expected.id = digits_of("5a");
  expected.chunker_polynomial = 0x3fe155c7005131;
  expected.append_only = true;
  EXPECT_EQ(decode_config(R"({"append_only":true,"is_hot":null,"treepack_size":4194304,)"
                          R"("chunker_polynomial":"3fe155c7005131","extra":[{}],"id":")" +
                          digits_of("5a") + R"(","version":1})"),
            expected);
}

TEST(ConfigFile, AnUnknownVersionIsNotDamage) {
  const Error error =
      error_of([] { decode_config(replaced(kConfig, R"("version":2)", R"("version":3)")); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_TRUE(error.hint());
}

TEST(ConfigFile, NamesTheFieldThatIsWrong) {
  const auto field = [](std::string_view from, std::string_view to) {
    return bad_field([&] { decode_config(replaced(kConfig, from, to)); });
  };
  EXPECT_EQ(field(R"("version":2)", R"("version":0)"), "config.version");
  EXPECT_EQ(field(R"("version":2)", R"("version":"2")"), "config.version");
  EXPECT_EQ(field(R"("version":2,)", ""), "config.version");
  EXPECT_EQ(field("5a5a", "5a5"), "config.id");
  EXPECT_EQ(field("3fe155c7005131", ""), "config.chunker_polynomial");
  EXPECT_EQ(field("3fe155c7005131", "0"), "config.chunker_polynomial");
  EXPECT_EQ(field("3fe155c7005131", "0x3f"), "config.chunker_polynomial");
  EXPECT_EQ(field("3fe155c7005131", "13fe155c700513100"), "config.chunker_polynomial");
  EXPECT_EQ(field(R"("chunker_polynomial")", R"("polynomial")"), "config.chunker_polynomial");
}

const std::string kSalt = std::string(85, 'A') + "Q==";
const std::string kKey =
    R"({"created":"2024-01-02T09:04:05.5+09:00","username":"バックアップ","hostname":"a\u0026b",)"
    R"("kdf":"scrypt","N":32768,"r":8,"p":7,"salt":")" +
    kSalt + R"(","data":"AQID/w=="})";

TEST(KeyFileJson, WritesResticsBytes) {
  KeyFile key;
  key.created = {1704153845, 500'000'000, 9 * 3600};
  key.username = "バックアップ";
  key.hostname = "a&b";
  key.n = 32768;
  key.r = 8;
  key.p = 7;
  key.salt = Bytes(64, 0);
  key.salt.back() = 0x01;
  key.data = {1, 2, 3, 255};
  EXPECT_EQ(encode(key), kKey);
  const KeyFile back = decode_key_file(kKey);
  EXPECT_EQ(back.created, key.created);
  EXPECT_EQ(back.username, key.username);
  EXPECT_EQ(back.n, key.n);
  EXPECT_EQ(back.r, key.r);
  EXPECT_EQ(back.p, key.p);
  EXPECT_EQ(back.salt, key.salt);
  EXPECT_EQ(back.data, key.data);
  EXPECT_EQ(encode(back), kKey);
}

TEST(KeyFileJson, NamesTheFieldThatIsWrong) {
  const auto field = [](std::string_view from, std::string_view to) {
    return bad_field([&] { decode_key_file(replaced(kKey, from, to)); });
  };
  EXPECT_EQ(field("scrypt", "argon2"), "key.kdf");
  EXPECT_EQ(field(R"("kdf":"scrypt",)", ""), "key.kdf");
  EXPECT_EQ(field("32768", "0"), "key.N");
  EXPECT_EQ(field("32768", "4294967296"), "key.N");
  EXPECT_EQ(field(R"("r":8)", R"("r":null)"), "key.r");
  EXPECT_EQ(field(R"("p":7)", R"("p":-1)"), "key.p");
  EXPECT_EQ(field(kSalt, "AAAA"), "key.salt");
  EXPECT_EQ(field(kSalt, "*AAA"), "key.salt");
  EXPECT_EQ(field("AQID/w==", "AQID/w="), "key.data");
  EXPECT_EQ(field("AQID/w==", "AQ=D/w=="), "key.data");
  EXPECT_EQ(field("AQID/w==", ""), "key.data");
  EXPECT_EQ(field("2024-01-02", "2024-13-02"), "key.created");
}

TEST(MasterKeyJson, WritesResticsBytes) {
  MasterKeyFields key;
  key.encrypt.fill(0xff);
  key.mac_k.fill(0x01);
  key.mac_r[15] = 0xf0;
  const std::string json =
      R"({"mac":{"k":"AQEBAQEBAQEBAQEBAQEBAQ==","r":"AAAAAAAAAAAAAAAAAAAA8A=="},"encrypt":")" +
      std::string(42, '/') + R"(8="})";
  EXPECT_EQ(encode(key), json);
  const MasterKeyFields back = decode_master_key(json);
  EXPECT_EQ(back.encrypt, key.encrypt);
  EXPECT_EQ(back.mac_k, key.mac_k);
  EXPECT_EQ(back.mac_r, key.mac_r);

  const MasterKeyFields spaced = decode_master_key(
      R"({ "encrypt" : ")" + std::string(42, '/') +
      R"(8=", "mac":{"r":"AAAAAAAAAAAAAAAAAAAA8A==" , "k":"AQEBAQEBAQEBAQEBAQEBAQ=="}})");
  EXPECT_EQ(spaced.mac_k, key.mac_k);

  const auto field = [&](std::string_view from, std::string_view to) {
    return bad_field([&] { decode_master_key(replaced(json, from, to)); });
  };
  EXPECT_EQ(field("AQEB", ""), "master_key.mac.k");
  EXPECT_EQ(field(R"("r":)", R"("s":)"), "master_key.mac");
  EXPECT_EQ(field("////", ""), "master_key.encrypt");
  EXPECT_EQ(field(R"("encrypt")", R"("encryption")"), "master_key.encrypt");
  EXPECT_EQ(error_of([] { decode_master_key("[]"); }).code(), ErrorCode::corrupt);
  EXPECT_EQ(error_of([] { decode_master_key("{"); }).code(), ErrorCode::corrupt);
}

const std::string kLock =
    R"({"time":"2024-01-02T00:04:05.000000009Z","exclusive":true,"hostname":"h","username":"u",)"
    R"("pid":4711,"uid":1000,"gid":100,"boot_id":"b","pid_ns":"pid:[4026531836]",)"
    R"("pid_start":"time:[4026531834] 12"})";

TEST(LockFile, WritesResticsFieldsThenOurs) {
  Lock lock;
  lock.time = {1704153845, 9, 0};
  lock.exclusive = true;
  lock.hostname = "h";
  lock.username = "u";
  lock.pid = 4711;
  lock.uid = 1000;
  lock.gid = 100;
  lock.boot_id = "b";
  lock.pid_ns = "pid:[4026531836]";
  lock.pid_start = "time:[4026531834] 12";
  EXPECT_EQ(encode(lock), kLock);
  EXPECT_EQ(encode(decode_lock(kLock)), kLock);
}

TEST(LockFile, RootAndForeignLocksHaveFewerFields) {
  const std::string foreign =
      R"({"time":"2024-01-02T00:04:05Z","exclusive":false,"hostname":"","username":"","pid":1})";
  const Lock lock = decode_lock(foreign);
  EXPECT_FALSE(lock.exclusive);
  EXPECT_EQ(lock.pid, 1);
  EXPECT_EQ(lock.uid, 0U);
  EXPECT_TRUE(lock.boot_id.empty());
  EXPECT_EQ(encode(lock), foreign);
}

TEST(LockFile, NamesTheFieldThatIsWrong) {
  const auto field = [](std::string_view from, std::string_view to) {
    return bad_field([&] { decode_lock(replaced(kLock, from, to)); });
  };
  EXPECT_EQ(field(R"("time":"2024-01-02T00:04:05.000000009Z",)", ""), "lock.time");
  EXPECT_EQ(field("true", "1"), "lock.exclusive");
  EXPECT_EQ(field("4711", "4711.5"), "lock.pid");
  EXPECT_EQ(field("1000", "-1"), "lock.uid");
}

Snapshot full_snapshot() {
  Snapshot snapshot;
  snapshot.time = {1704153845, 123'000'000, 9 * 3600};
  snapshot.parent = id_of<SnapshotId>(0x01);
  snapshot.tree = id_of<BlobId>(0x02);
  snapshot.paths = {"/srv/<共有>", "/etc"};
  snapshot.hostname = "host";
  snapshot.username = "root";
  snapshot.uid = 1;
  snapshot.gid = 2;
  snapshot.excludes = {"*.tmp"};
  snapshot.tags = {"hikae:policy=p", "b"};
  snapshot.original = id_of<SnapshotId>(0x03);
  snapshot.program_version = "hikae 0.1.0";
  SnapshotSummary summary;
  summary.backup_start = {1704153845, 0, 0};
  summary.backup_end = {1704153846, 0, 0};
  std::uint64_t next = 1;
  for (auto member : {&SnapshotSummary::files_new,
                      &SnapshotSummary::files_changed,
                      &SnapshotSummary::files_unmodified,
                      &SnapshotSummary::dirs_new,
                      &SnapshotSummary::dirs_changed,
                      &SnapshotSummary::dirs_unmodified,
                      &SnapshotSummary::data_blobs,
                      &SnapshotSummary::tree_blobs,
                      &SnapshotSummary::data_added,
                      &SnapshotSummary::data_added_packed,
                      &SnapshotSummary::total_files_processed}) {
    summary.*member = next++;
  }
  summary.total_bytes_processed = 18446744073709551615U;
  snapshot.summary = summary;
  return snapshot;
}

const std::string kSnapshot =
    R"({"time":"2024-01-02T09:04:05.123+09:00","parent":")" + digits_of("01") + R"(","tree":")" +
    digits_of("02") +
    R"(","paths":["/srv/\u003c共有\u003e","/etc"],"hostname":"host","username":"root","uid":1,)"
    R"("gid":2,"excludes":["*.tmp"],"tags":["hikae:policy=p","b"],"original":")" +
    digits_of("03") +
    R"(","program_version":"hikae 0.1.0","summary":{"backup_start":"2024-01-02T00:04:05Z",)"
    R"("backup_end":"2024-01-02T00:04:06Z","files_new":1,"files_changed":2,"files_unmodified":3,)"
    R"("dirs_new":4,"dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,)"
    R"("data_added":9,"data_added_packed":10,"total_files_processed":11,)"
    R"("total_bytes_processed":18446744073709551615}})";

TEST(SnapshotFile, WritesResticsBytes) {
  EXPECT_EQ(encode(full_snapshot()), kSnapshot);
  const Snapshot back = decode_snapshot(kSnapshot);
  EXPECT_EQ(back.summary, full_snapshot().summary);
  EXPECT_EQ(back.paths, full_snapshot().paths);
  EXPECT_EQ(back.parent, full_snapshot().parent);
  EXPECT_EQ(back.original, full_snapshot().original);
  EXPECT_EQ(encode(back), kSnapshot);
}

TEST(SnapshotFile, LeavesOutWhatIsEmpty) {
  Snapshot snapshot;
  snapshot.tree = id_of<BlobId>(0x02);
  snapshot.paths = {"/"};
  const std::string json =
      R"({"time":"1970-01-01T00:00:00Z","tree":")" + digits_of("02") + R"(","paths":["/"]})";
  EXPECT_EQ(encode(snapshot), json);
  EXPECT_EQ(encode(decode_snapshot(json)), json);
}

TEST(SnapshotFile, TakesNullAndUnknownFields) {
  const Snapshot snapshot = decode_snapshot(
      R"({"label":"x","delete":"NotSet","parent":null,"paths":null,"tags":null,"summary":null,"tree":")" +
      digits_of("02") + R"(","time":"2024-01-02T00:04:05Z"})");
  EXPECT_TRUE(snapshot.paths.empty());
  EXPECT_FALSE(snapshot.parent);
  EXPECT_FALSE(snapshot.summary);
}

TEST(SnapshotFile, NamesTheFieldThatIsWrong) {
  const auto field = [](std::string_view from, std::string_view to) {
    return bad_field([&] { decode_snapshot(replaced(kSnapshot, from, to)); });
  };
  EXPECT_EQ(field(R"("time":"2024-01-02T09:04:05.123+09:00",)", ""), "snapshot.time");
  EXPECT_EQ(field(".123", ".x"), "snapshot.time");
  EXPECT_EQ(field(R"("tree":)", R"("bush":)"), "snapshot.tree");
  EXPECT_EQ(field(digits_of("02"), "02"), "snapshot.tree");
  EXPECT_EQ(field(digits_of("01"), "g1"), "snapshot.parent");
  EXPECT_EQ(field(R"("/etc")", "5"), "snapshot.paths");
  EXPECT_EQ(field(R"(["*.tmp"])", R"("*.tmp")"), "snapshot.excludes");
  EXPECT_EQ(field(R"("files_new":1)", R"("files_new":"1")"), "snapshot.summary.files_new");
  EXPECT_EQ(field(R"("uid":1)", R"("uid":4294967296)"), "snapshot.uid");
}

}  // namespace
}  // namespace hikae::format
