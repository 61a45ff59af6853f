// SPDX-License-Identifier: Apache-2.0
#include "source/target_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "source/paths.h"

namespace hikae {
namespace {

using ::testing::ElementsAre;

// "name=path" for leaves, "name(info_path)" for folders, "+" marks what was named.
void render_tree(const TargetNode& node, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& [name, child] : node.children) {
    const std::string path = prefix + name;
    if (child->is_leaf()) {
      out.push_back(path + "=" + child->path + (child->named == Named::yes ? "+" : ""));
    } else {
      out.push_back(path + "(" + child->info_path + ")");
      render_tree(*child, path + "/", out);
    }
  }
}

std::vector<std::string> tree_of(const std::vector<std::string>& paths) {
  const auto tree = build_target_tree(paths, [](const std::string& path) {
    if (path == "/") return std::vector<std::string>{"usr", "etc"};
    if (path == "." || path == "..") return std::vector<std::string>{"here"};
    if (path == "/home") return std::vector<std::string>{"otto", "anna"};
    if (path == "/home/anna") return std::vector<std::string>{"docs", "mail"};
    ADD_FAILURE() << "listed " << path;
    return std::vector<std::string>{};
  });
  std::vector<std::string> rendered;
  render_tree(*tree, "", rendered);
  return rendered;
}

TEST(TargetTree, KeepsTheComponentsOfAbsolutePaths) {
  EXPECT_THAT(tree_of({"/usr/share/doc", "/etc", "/usr/share/man/", "/usr//lib"}),
              ElementsAre("etc=/etc+",
                          "usr(/usr)",
                          "usr/lib=/usr/lib+",
                          "usr/share(/usr/share)",
                          "usr/share/doc=/usr/share/doc+",
                          "usr/share/man=/usr/share/man+"));
}

TEST(TargetTree, KeepsTheComponentsOfRelativePathsAsGiven) {
  EXPECT_THAT(
      tree_of({"foo/bar", "./x", "../y/z", "../../w"}),
      ElementsAre("foo(foo)", "foo/bar=foo/bar+", "w=../../w+", "x=x+", "y(../y)", "y/z=../y/z+"));
}

TEST(TargetTree, ReplacesBareFoldersByTheirEntries) {
  EXPECT_THAT(tree_of({"/"}), ElementsAre("etc=/etc", "usr=/usr"));
  EXPECT_THAT(tree_of({".", ".."}), ElementsAre("here=here", "here-1=../here"));
}

TEST(TargetTree, KeepsEqualNamesOfDifferentPlacesApart) {
  EXPECT_THAT(tree_of({"/foo/a", "foo/b", "../foo/c", "/foo/d", "foo/b"}),
              ElementsAre("foo(/foo)",
                          "foo/a=/foo/a+",
                          "foo/d=/foo/d+",
                          "foo-1(foo)",
                          "foo-1/b=foo/b+",
                          "foo-2(../foo)",
                          "foo-2/c=../foo/c+"));
}

TEST(TargetTree, SplitsAFolderThatHoldsAnotherPath) {
  const auto expected = ElementsAre("home(/home)",
                                    "home/anna(/home/anna)",
                                    "home/anna/docs=/home/anna/docs+",
                                    "home/anna/mail=/home/anna/mail",
                                    "home/otto=/home/otto");
  EXPECT_THAT(tree_of({"/home", "/home/anna/docs"}), expected);
  EXPECT_THAT(tree_of({"/home/anna/docs", "/home"}), expected);
}

TEST(Paths, AreCleanedAsGoDoes) {
  EXPECT_EQ(clean_path(""), ".");
  EXPECT_EQ(clean_path("./"), ".");
  EXPECT_EQ(clean_path("//a//./b/"), "/a/b");
  EXPECT_EQ(clean_path("/../a"), "/a");
  EXPECT_EQ(clean_path("a/../../b"), "../b");
  EXPECT_EQ(clean_path("../.."), "../..");
  EXPECT_EQ(join_path("", "a"), "a");
  EXPECT_EQ(join_path("/", "a"), "/a");
  EXPECT_EQ(absolute_path("/w", "../a"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("/"), "/");
}

}  // namespace
}  // namespace hikae
