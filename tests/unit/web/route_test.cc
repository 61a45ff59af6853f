// SPDX-License-Identifier: Apache-2.0
#include "web/route.h"

#include <gmock/gmock.h>

#include "storage/layout.h"

namespace hikae::web {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kName(64, 'a');

TEST(Route, NamesTheRepository) {
  EXPECT_EQ(parse_route("/")->kind, Route::Kind::repository);
  EXPECT_THAT(parse_route("/")->folders, IsEmpty());
  EXPECT_THAT(parse_route("/alice/laptop/")->folders, ElementsAre("alice", "laptop"));
  EXPECT_EQ(folder_path(*parse_route("/alice/laptop/")), "alice/laptop");
}

TEST(Route, SeesTheWishToCreate) {
  EXPECT_TRUE(parse_route("/?create=true")->create);
  EXPECT_TRUE(parse_route("/a/?x=1&create=true")->create);
  EXPECT_FALSE(parse_route("/a/?create=yes")->create);
  EXPECT_FALSE(parse_route("/a/?create")->create);
  EXPECT_FALSE(parse_route("/a/")->create);
}

TEST(Route, NamesEachKindOfFile) {
  for (const FileType type : kAllFileTypes) {
    const FileHandle file{type, type == FileType::config ? "" : kName};
    std::string path =
        type == FileType::config ? "config" : std::string(folder_of(type)) + "/" + kName;
    for (const char* folder : {"/", "/alice/", "/alice/laptop/"}) {
      const auto route = parse_route(folder + path);
      ASSERT_TRUE(route) << folder << path;
      EXPECT_EQ(route->kind, Route::Kind::file);
      EXPECT_EQ(route->type, type);
      EXPECT_EQ(route->name, file.name);
    }
  }
}

TEST(Route, ListsEachKindOfFile) {
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    const auto route = parse_route("/alice/" + std::string(folder_of(type)) + "/");
    ASSERT_TRUE(route);
    EXPECT_EQ(route->kind, Route::Kind::list);
    EXPECT_EQ(route->type, type);
    EXPECT_THAT(route->folders, ElementsAre("alice"));
    // As rest-server has it: without the slash it is no list.
    EXPECT_FALSE(parse_route("/alice/" + std::string(folder_of(type))));
  }
}

TEST(Route, TakesNamesOfTheWorld) {
  EXPECT_THAT(parse_route("/%E9%A4%A8%20%2B/config")->folders, ElementsAre("館 +"));
  EXPECT_THAT(parse_route("/alice@example.org/config")->folders, ElementsAre("alice@example.org"));
  EXPECT_THAT(parse_route("/hikae/config")->folders, ElementsAre("hikae"))
      << "only with the name of a kind behind it, the word is one of the protocol";
}

TEST(Route, LeadsNowhereElse) {
  for (const std::string target : {"",
                                   "config",
                                   "http://host/config",
                                   "*",
                                   "//config",
                                   "/../config",
                                   "/..%2fconfig",
                                   "/%2e%2e/config",
                                   "/a/../config",
                                   "/a%2fb/config",
                                   "/a%00b/config",
                                   "/a%0ab/config",
                                   "/%c2%85/config",
                                   "/a%ff/config",
                                   "/a%c0%af/config",
                                   "/a%/config",
                                   "/a%4/config",
                                   "/a%zz/config",
                                   "/.htpasswd",
                                   "/.htpasswd/config",
                                   "/.snapshot/config",
                                   "/a/b/c/config",
                                   "/a/b/c/",
                                   "/a",
                                   "/config/",
                                   "/config/config",
                                   "/data",
                                   "/data/config",
                                   "/data/aa",
                                   "/data/../config",
                                   "/hikae/policies",
                                   "/hikae/policies/config",
                                   "/hikae/other/x"})
    EXPECT_FALSE(parse_route(target)) << target;
  EXPECT_FALSE(parse_route("/data/" + kName + "/"));
  EXPECT_FALSE(parse_route("/data/" + kName + "b"));
  EXPECT_FALSE(parse_route("/data/" + std::string(64, 'A')));
  EXPECT_FALSE(parse_route("/data/aa/" + kName));
  EXPECT_FALSE(parse_route("/" + std::string(256, 'n') + "/config"));
  EXPECT_FALSE(parse_route("/config?" + std::string(4096, 'x')));
}

}  // namespace
}  // namespace hikae::web
