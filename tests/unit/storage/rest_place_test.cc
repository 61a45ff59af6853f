// SPDX-License-Identifier: Apache-2.0
#include "storage/rest_place.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/error.h"

namespace hikae {
namespace {

std::string login_of(const RestPlace& place) {
  const std::string& value = place.authorization.reveal();
  if (value.empty()) return "";
  const auto bytes = parse_base64(value.substr(std::string("Basic ").size()));
  return std::string(as_text(bytes.value()));
}

RestPlace place_of(const std::string& location, const OpenOptions& options = {}) {
  return rest_place(parse_location(location, "/"), options);
}

OpenOptions with_variables(const std::string& user, const std::string& password) {
  OpenOptions options;
  options.variable = [=](const std::string& name) -> std::optional<std::string> {
    if (name == "RESTIC_REST_USERNAME") return user;
    if (name == "RESTIC_REST_PASSWORD") return password;
    return std::nullopt;
  };
  return options;
}

TEST(RestPlace, KeepsNoPasswordInItsUrl) {
  const RestPlace place = place_of("rest:https://alice:pa%40ss%2Fword@nas:8000/alice/laptop");
  EXPECT_EQ(place.url, "https://nas:8000/alice/laptop/");
  EXPECT_EQ(login_of(place), "alice:pa@ss/word");
}

TEST(RestPlace, EndsWithASlash) {
  EXPECT_EQ(place_of("rest:http://nas").url, "http://nas/");
  EXPECT_EQ(place_of("rest:http://nas/").url, "http://nas/");
  EXPECT_EQ(place_of("rest:http://nas/a@b").url, "http://nas/a@b/");
  EXPECT_EQ(login_of(place_of("rest:http://nas/a:x@b")), "");
}

TEST(RestPlace, KnowsWhoWeAreFromTheFirstThatSays) {
  EXPECT_EQ(login_of(place_of("rest:http://nas/")), "");
  EXPECT_EQ(login_of(place_of("rest:http://nas/", with_variables("v", "w"))), "v:w");
  EXPECT_EQ(login_of(place_of("rest:http://u@nas/", with_variables("v", "w"))), "u:w");
  EXPECT_EQ(login_of(place_of("rest:http://u:p@nas/", with_variables("v", "w"))), "u:p");
  OpenOptions options = with_variables("v", "w");
  options.credentials.user = "alice";
  options.credentials.password = Secret("secret");
  EXPECT_EQ(login_of(place_of("rest:http://u:p@nas/", options)), "alice:secret");
}

TEST(RestPlace, NeverShowsThePassword) {
  try {
    place_of("rest:http://alice:pa%zz@nas/");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(render(error, Language::en).find("pa%zz"), std::string::npos);
  }
}

}  // namespace
}  // namespace hikae
