// SPDX-License-Identifier: Apache-2.0
#include "storage/rest_list.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

std::vector<std::string> parsed(const std::string& json) {
  std::vector<std::string> found;
  Bytes bytes = to_bytes(json);
  parse_rest_list(bytes, [&](const RestListEntry& entry) {
    found.push_back(entry.name.substr(0, 1) + ":" +
                    (entry.size ? std::to_string(*entry.size) : "?"));
  });
  return found;
}

TEST(RestList, IsReadInBothVersions) {
  EXPECT_THAT(parsed("[\"" + kA + "\", \"" + kB + "\"]"), ElementsAre("a:?", "b:?"));
  EXPECT_THAT(parsed("[{\"name\":\"" + kA + "\",\"size\":7},{\"size\":0,\"x\":[1],\"name\":\"" +
                     kB + "\"}]"),
              ElementsAre("a:7", "b:0"));
  EXPECT_THAT(parsed(" [ ] \n"), IsEmpty());
}

TEST(RestList, LeavesOutWhatIsNoName) {
  EXPECT_THAT(parsed("[\"" + kA + "-tmp-1\",\"..\",\"\",\"" + kB + "\"]"), ElementsAre("b:?"));
}

TEST(RestList, RefusesAnythingElse) {
  const std::vector<std::string> wrong = {"",
                                          "null",
                                          "{}",
                                          "<html>Not Found</html>",
                                          "[1]",
                                          "[null]",
                                          "[[]]",
                                          "[\"a\"",
                                          "[] []",
                                          "[{\"name\":\"" + kA + "\"}]",
                                          "[{\"name\":\"" + kA + "\",\"size\":-1}]",
                                          "[{\"name\":\"" + kA + "\",\"size\":1.5}]",
                                          "[{\"name\":1,\"size\":1}]",
                                          "[\"" + kA + "\"",
                                          "[\"\xff\"]"};
  for (const std::string& json : wrong) {
    try {
      parsed(json);
      ADD_FAILURE() << json;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
      EXPECT_EQ(error.retry(), Retry::after_backoff) << "the next answer may be whole";
    }
  }
}

}  // namespace
}  // namespace hikae
