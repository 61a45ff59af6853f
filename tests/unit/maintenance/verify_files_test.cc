// SPDX-License-Identifier: Apache-2.0
#include "maintenance/verify_files.h"

#include <gmock/gmock.h>

#include "crypto/hash.h"
#include "storage/fault.h"
#include "storage/layout.h"
#include "storage/local.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyFilesTest : public ::testing::Test {
 protected:
  VerifyFilesTest() : backend_(std::make_unique<LocalBackend>(folder_, AccessMode::read_write)) {
    backend_.create_layout(none_);
    backend_.save({FileType::config, ""}, as_bytes("config"), none_);
    for (const FileType type : kAllFileTypes) {
      if (type == FileType::config) continue;
      for (const char* number : {"1", "2", "3"}) save(type, std::string(folder_of(type)) + number);
    }
    save(FileType::pack, std::string(3 << 20, 'x'));
    save(FileType::pack, "");
  }

  FileHandle save(FileType type, const std::string& content) {
    const FileHandle file{type, sha256(as_bytes(content)).hex()};
    backend_.save(file, as_bytes(content), none_);
    return file;
  }
  // Puts other bytes in a file's place.
  void damage(const FileHandle& file, const std::string& content) {
    std::filesystem::remove(folder_ + "/" + path_of(file));
    hikae::testing::write_file(folder_ + "/" + path_of(file), content);
  }
  VerifyReport verify() {
    VerifyProgress progress;
    return verify_files(backend_, progress, none_);
  }

  StopToken none_;
  hikae::testing::TempDir dir_;
  const std::string folder_ = dir_ / "repository";
  FaultBackend backend_;
};

TEST_F(VerifyFilesTest, IsContentWithWhatIsWhole) {
  const VerifyReport report = verify();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.files, 3 * (kAllFileTypes.size() - 1) + 2);
  EXPECT_GT(report.bytes, std::uint64_t{3} << 20U);
}

TEST_F(VerifyFilesTest, NamesEachFileWithOtherBytes) {
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    const FileHandle file = save(type, "a fourth of " + std::string(folder_of(type)));
    damage(file, "a fourth of " + std::string(folder_of(type)) + ".");
    const VerifyReport report = verify();
    ASSERT_EQ(report.bad.size(), 1U);
    EXPECT_EQ(report.bad[0].path, path_of(file));
    EXPECT_EQ(report.bad[0].problem, BadFile::Problem::hash_differs);
    backend_.remove(file, none_);
  }
}

TEST_F(VerifyFilesTest, SeesAFlippedBitAndACutEndInALargeFile) {
  std::string content(3 << 20, 'x');
  const FileHandle file{FileType::pack, sha256(as_bytes(content)).hex()};
  content[2 << 20] ^= 1;
  damage(file, content);
  EXPECT_EQ(verify().bad.size(), 1U);
  damage(file, std::string((3 << 20) - 1, 'x'));
  EXPECT_EQ(verify().bad.size(), 1U);
  damage(file, "");
  EXPECT_EQ(verify().bad.size(), 1U);
}

TEST_F(VerifyFilesTest, GoesOnAfterAFileThatCannotBeRead) {
  Fault fault;
  fault.call = Call::load_range;
  fault.code = ErrorCode::io;
  backend_.add(fault);
  const VerifyReport report = verify();
  ASSERT_EQ(report.bad.size(), 1U);
  EXPECT_EQ(report.bad[0].problem, BadFile::Problem::unreadable);
  EXPECT_THAT(render(report.bad[0].message, Language::en), HasSubstr(report.bad[0].path));
  EXPECT_EQ(report.files, 3 * (kAllFileTypes.size() - 1) + 2);
}

TEST_F(VerifyFilesTest, PassesOverWhatGoesAwayMeanwhile) {
  Fault fault;
  fault.call = Call::load_range;
  fault.code = ErrorCode::not_found;
  backend_.add(fault);
  EXPECT_THAT(verify().bad, IsEmpty());
}

TEST_F(VerifyFilesTest, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  VerifyProgress progress;
  EXPECT_THROW(verify_files(backend_, progress, source.get_token()), Cancelled);
}

TEST(VerifyFiles, RefusesWhatIsNoRepository) {
  const hikae::testing::TempDir dir;
  LocalBackend backend(dir.path().string(), AccessMode::read_only);
  VerifyProgress progress;
  try {
    verify_files(backend, progress, StopToken());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_repository);
  }
}

}  // namespace
}  // namespace hikae
