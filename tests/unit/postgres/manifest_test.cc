// SPDX-License-Identifier: Apache-2.0
#include "postgres/manifest.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "base/error.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kFiles =
    "\"Files\": [\n"
    "{ \"Path\": \"backup_label\", \"Size\": 5, \"Last-Modified\": \"2026-01-01 00:00:00 GMT\", "
    "\"Checksum-Algorithm\": \"SHA256\", \"Checksum\": "
    "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\" },\n"
    "{ \"Path\": \"a \\\"b\\\"\\u0007\", \"Size\": 0, \"Last-Modified\": \"x\" },\n"
    "{ \"Encoded-Path\": \"ff2f61\", \"Size\": 1, \"Last-Modified\": \"x\", "
    "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"839206e3\" }\n"
    "],\n"
    "\"WAL-Ranges\": [\n"
    "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" },\n"
    "{ \"Timeline\": 2, \"Start-LSN\": \"0/2000100\", \"End-LSN\": \"A/FF000000\" }\n"
    "],\n";

std::string seal(std::string body) {
  return body + "\"Manifest-Checksum\": \"" + sha256(as_bytes(body)).hex() + "\"}\n";
}
std::string version_1() {
  return seal("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n" + std::string(kFiles));
}

Manifest read(const std::string& text,
              std::vector<ManifestFile>* files = nullptr,
              std::size_t portion = 7) {
  ManifestReader reader([&](const ManifestFile& file) {
    if (files != nullptr) files->push_back(file);
  });
  for (std::size_t at = 0; at < text.size(); at += portion)
    reader.update(as_bytes(std::string_view(text).substr(at, portion)));
  return reader.finish();
}

TEST(ManifestTest, ReadsFilesAndRanges) {
  std::vector<ManifestFile> files;
  const Manifest manifest = read(version_1(), &files);

  EXPECT_EQ(manifest.version, 1);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(manifest.files, 3U);
  EXPECT_EQ(files[0].path, "backup_label");
  EXPECT_EQ(files[0].size, 5U);
  ASSERT_TRUE(files[0].sha256);
  EXPECT_EQ(*files[0].sha256, sha256(as_bytes("hello")));
  EXPECT_EQ(files[1].path, "a \"b\"\x07");
  EXPECT_FALSE(files[1].sha256);
  EXPECT_EQ(files[2].path, "\xff/a");
  EXPECT_FALSE(files[2].sha256);
  EXPECT_EQ(files[2].crc32c, 0xe3069283U);
  EXPECT_FALSE(files[0].crc32c);
  ASSERT_EQ(manifest.wal.size(), 2U);
  EXPECT_EQ(manifest.wal[0].start, 0x2000028U);
  EXPECT_EQ(manifest.wal[1].timeline, 2U);
  EXPECT_EQ(manifest.wal[1].end, 0xAFF000000U);
}

// A standby whose primary was replaced while it was backed up.
TEST(ManifestTest, KnowsTheNewestTimelineWhereverItStands) {
  Manifest manifest;
  manifest.wal = {{3, 50, 60}, {2, 40, 50}, {1, 10, 40}};
  EXPECT_EQ(manifest.newest_wal().end, 60U);
  std::reverse(manifest.wal.begin(), manifest.wal.end());
  EXPECT_EQ(manifest.newest_wal().end, 60U);
}

TEST(ManifestTest, ReadsTheSecondVersion) {
  const Manifest manifest =
      read(seal("{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
                "\"System-Identifier\": 7300000000000000001,\n" +
                std::string(kFiles)));
  EXPECT_EQ(manifest.version, 2);
  EXPECT_EQ(manifest.system_identifier, "7300000000000000001");
}

TEST(ManifestTest, RefusesWhatIsCutChangedOrContinued) {
  const std::string whole = version_1();
  for (std::size_t size = 0; size < whole.size(); size += 13)
    EXPECT_THROW(read(whole.substr(0, size)), Error) << size;
  std::string changed = whole;
  changed[changed.find("\"Size\": 5") + 8] = '6';
  EXPECT_THROW(read(changed), Error);
  EXPECT_THROW(read(whole + "\n"), Error);
  EXPECT_THROW(read(seal("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\nnonsense\n")), Error);
}

TEST(ManifestTest, WritesAndReadsPlacesAsTheServerDoes) {
  EXPECT_EQ(to_string_lsn(0x2000028), "0/2000028");
  EXPECT_EQ(to_string_lsn(0xAFF000000), "A/FF000000");
  EXPECT_EQ(parse_lsn("16/B374D848"), Lsn{0x16B374D848});
  for (const char* bad : {"", "/", "0/", "/1", "1", "0/x", "100000000/0", "0/1 "})
    EXPECT_FALSE(parse_lsn(bad)) << bad;
}

}  // namespace
}  // namespace hikae::postgres
