// SPDX-License-Identifier: Apache-2.0
#include "postgres/tar_reader.h"

#include <map>

#include <gmock/gmock.h>

#include "base/error.h"
#include "os/process.h"
#include "support/temp_dir.h"

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// An archive in portions of one size.
class Portions final : public ByteStream {
 public:
  Portions(std::string content, std::size_t size) : content_(std::move(content)), size_(size) {}
  ByteView next() override {
    const std::string_view part = std::string_view(content_).substr(at_, size_);
    at_ += part.size();
    return as_bytes(part);
  }

 private:
  std::string content_;
  std::size_t size_;
  std::size_t at_ = 0;
};

std::string read_all(TarReader& reader) {
  std::string content;
  Bytes buffer(1000);
  while (const std::size_t size = reader.read(buffer))
    content += as_text(ByteView(buffer).first(size));
  return content;
}

class TarReaderTest : public ::testing::Test {
 protected:
  // What GNU tar makes of the folder.
  std::string archive(std::vector<std::string> options) const {
    std::vector<std::string> argv = {"tar", "-C", dir.path().string()};
    std::move(options.begin(), options.end(), std::back_inserter(argv));
    os::ProcessRequest request;
    request.argv = argv;
    const os::ProcessResult result = os::run_process(request);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output;
  }

  testing::TempDir dir;
};

using hikae::testing::write_file;

TEST_F(TarReaderTest, ReadsWhatTarWritesInAnyPortions) {
  // ustar splits it between name and prefix, GNU tar and pax tell it in a header of its own.
  const std::string long_folder = "base/" + std::string(80, 'n');
  const std::string long_name = long_folder + "/" + std::string(70, 'm');
  const std::string page(8192, 'p');
  write_file(dir / "base/1/1259", page);
  write_file(dir / "base/empty", "");
  write_file(dir / long_name, "long");
  write_file(dir / "backup_label", "START");
  std::filesystem::create_symlink("/srv/fast disk", dir.path() / "link");

  for (const char* format : {"--format=ustar", "--format=gnu", "--format=pax"}) {
    const std::string tar = archive({"-c", format, "--sort=name", "-b1", "."});
    for (const std::size_t size : {std::size_t{1}, std::size_t{511}, tar.size()}) {
      Portions stream(tar, size);
      TarReader reader(stream);
      std::map<std::string, std::string> found;
      while (const auto entry = reader.next()) {
        switch (entry->kind) {
          case TarEntry::Kind::file:
            found[entry->path] = read_all(reader);
            EXPECT_EQ(found[entry->path].size(), entry->size);
            if (found[entry->path] == page) found[entry->path] = "a page";
            break;
          case TarEntry::Kind::folder:
            found[entry->path + "/"] = "";
            break;
          case TarEntry::Kind::link:
            found[entry->path] = "-> " + entry->link_target;
            break;
        }
      }
      EXPECT_THAT(found,
                  ElementsAre(Pair("/", ""),
                              Pair("backup_label", "START"),
                              Pair("base/", ""),
                              Pair("base/1/", ""),
                              Pair("base/1/1259", "a page"),
                              Pair("base/empty", ""),
                              Pair(long_folder + "/", ""),
                              Pair(long_name, "long"),
                              Pair("link", "-> /srv/fast disk")))
          << format << " in portions of " << size;
    }
  }
}

TEST_F(TarReaderTest, TellsModeOwnerAndTime) {
  write_file(dir / "file", "x");
  Portions stream(archive({"-c",
                           "--mode=0640",
                           "--owner=postgres:117",
                           "--group=pg:118",
                           "--mtime=@1700000000",
                           "file"}),
                  100);
  TarReader reader(stream);
  const auto entry = reader.next();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->mode, 0640U);
  EXPECT_EQ(entry->uid, 117U);
  EXPECT_EQ(entry->gid, 118U);
  EXPECT_EQ(entry->user, "postgres");
  EXPECT_EQ(entry->group, "pg");
  EXPECT_EQ(entry->mtime, 1'700'000'000);
}

TEST_F(TarReaderTest, SkipsWhatNobodyReads) {
  write_file(dir / "a", std::string(100'000, 'a'));
  write_file(dir / "b", "b");
  Portions stream(archive({"-c", "a", "b"}), 700);
  TarReader reader(stream);
  ASSERT_TRUE(reader.next());
  const auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->path, "b");
  EXPECT_EQ(read_all(reader), "b");
  EXPECT_FALSE(reader.next());
}

// PostgreSQL up to 14 ends its archives without zeros.
TEST_F(TarReaderTest, AcceptsAnEndWithoutZeros) {
  write_file(dir / "a", "12345");
  Portions stream(archive({"-c", "a"}).substr(0, 1024), 1024);
  TarReader reader(stream);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(read_all(reader), "12345");
  EXPECT_FALSE(reader.next());
}

TEST_F(TarReaderTest, RefusesAnArchiveThatIsCut) {
  write_file(dir / "a", std::string(5000, 'a'));
  const std::string whole = archive({"-c", "a"});
  for (const std::size_t size : {std::size_t{100}, std::size_t{512}, std::size_t{5000}}) {
    Portions stream(whole.substr(0, size), 512);
    TarReader reader(stream);
    EXPECT_THROW(while (reader.next()) read_all(reader), Error) << size;
  }
}

TEST_F(TarReaderTest, RefusesADamagedHeader) {
  write_file(dir / "a", "a");
  std::string tar = archive({"-c", "a"});
  tar[10] ^= 1;
  Portions stream(tar, 512);
  TarReader reader(stream);
  EXPECT_THROW(reader.next(), Error);
}

TEST_F(TarReaderTest, RefusesPathsThatLeaveTheRoot) {
  write_file(dir / "a", "a");
  for (const char* name : {"/etc/passwd", "base/../../x", ".."}) {
    Portions stream(archive({"-c", "-P", "--transform", std::string("s,^a$,") + name + ",", "a"}),
                    512);
    TarReader reader(stream);
    EXPECT_THROW(reader.next(), Error) << name;
  }
}

}  // namespace
}  // namespace hikae::postgres
