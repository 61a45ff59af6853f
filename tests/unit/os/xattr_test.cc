// SPDX-License-Identifier: Apache-2.0
#include "os/xattr.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include <gmock/gmock.h>

#include "base/error.h"
#include "os/fd.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

using hikae::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Xattr attribute(const std::string& name, const std::string& value) {
  return {name, to_bytes(value)};
}

class XattrTest : public ::testing::Test {
 protected:
  XattrTest() : path_(dir_ / "file") {
    hikae::testing::write_file(path_, "x");
    fd_ = open_file(path_, O_RDWR);
  }
  TempDir dir_;
  std::string path_;
  Fd fd_;
};

TEST_F(XattrTest, AreListedAsTheyWereSet) {
  EXPECT_THAT(list_xattrs(path_), IsEmpty());
  set_xattr(path_, attribute("user.empty", ""));
  set_xattr(fd_.get(), attribute("user.binary", std::string("\0\xff\n", 3)));
  EXPECT_THAT(list_xattrs(path_),
              ::testing::UnorderedElementsAre(attribute("user.empty", ""),
                                              attribute("user.binary", {"\0\xff\n", 3})));
  EXPECT_EQ(list_xattrs(fd_.get()), list_xattrs(path_));
}

TEST_F(XattrTest, KeepTheKernelsOrder) {
  for (const char* name : {"user.b", "user.a", "user.c"}) set_xattr(path_, attribute(name, "1"));
  std::array<char, 256> names{};
  const ssize_t size = llistxattr(path_.c_str(), names.data(), names.size());
  ASSERT_GT(size, 0);
  std::string joined;
  for (const Xattr& one : list_xattrs(path_)) joined += one.name + '\0';
  EXPECT_EQ(joined, std::string(names.data(), static_cast<std::size_t>(size)));
}

TEST_F(XattrTest, MayBeLarge) {
  const Xattr large = attribute("user.large", std::string(3000, 'v'));
  set_xattr(path_, large);
  EXPECT_THAT(list_xattrs(path_), ElementsAre(large));
}

TEST_F(XattrTest, MayBeMany) {
  for (int i = 0; i < 60; ++i)
    set_xattr(path_, attribute("user.some_longer_name_" + std::to_string(i), "v"));
  EXPECT_EQ(list_xattrs(fd_.get()).size(), 60U);
}

TEST_F(XattrTest, AreRemoved) {
  set_xattr(path_, attribute("user.a", "1"));
  remove_xattr(fd_.get(), "user.a");
  remove_xattr(path_, "user.a");
  EXPECT_THAT(list_xattrs(path_), IsEmpty());
}

TEST_F(XattrTest, LinksAreNotFollowed) {
  set_xattr(path_, attribute("user.a", "1"));
  ASSERT_EQ(symlink("file", (dir_ / "link").c_str()), 0);
  EXPECT_THAT(list_xattrs(dir_ / "link"), IsEmpty());
  const Fd folder = open_file(dir_.path().string(), O_PATH | O_DIRECTORY);
  EXPECT_EQ(list_xattrs(path_at(folder.get(), "file")).size(), 1U);
}

TEST_F(XattrTest, UnknownNamespaceIsUnsupported) {
  try {
    set_xattr(path_, attribute("nonsense.a", "1"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr("nonsense.a"));
  }
}

}  // namespace
}  // namespace hikae::os
