// SPDX-License-Identifier: Apache-2.0
#include "storage/location.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "storage/open.h"

namespace hikae {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Location parse(std::string_view text) {
  return parse_location(text, "/home/me");
}

TEST(LocalLocation, IsAbsoluteAndTidy) {
  const std::pair<const char*, const char*> cases[] = {
      {"/srv/backup", "/srv/backup"},
      {"/srv//backup/./x/", "/srv/backup/x"},
      {"/", "/"},
      {"backup", "/home/me/backup"},
      {"./a:b", "/home/me/a:b"},
      {"../other", "/home/me/../other"},
      {"local:/srv/a:b", "/srv/a:b"},
      {"local:rel:ative", "/home/me/rel:ative"},
      {"/srv/a:b", "/srv/a:b"},
      {":odd", "/home/me/:odd"},
      {"file:///srv/with%20blank", "/srv/with blank"},
      {"file://localhost/srv", "/srv"},
      {"/srv/控え", "/srv/控え"},
  };
  for (const auto& [text, path] : cases) {
    const Location location = parse(text);
    EXPECT_EQ(location.scheme, "local") << text;
    EXPECT_EQ(location.path, path) << text;
    EXPECT_EQ(location.display, path) << text;
  }
}

struct Remote {
  const char* text;
  const char* user;
  const char* host;
  int port;
  const char* path;
  const char* display;
};

TEST(SftpLocation, IsReadInBothForms) {
  const Remote cases[] = {
      {"sftp:me@host:/srv/b", "me", "host", 0, "/srv/b", "sftp:me@host:/srv/b"},
      {"sftp:host:/srv/b", "", "host", 0, "/srv/b", "sftp:host:/srv/b"},
      {"sftp:host:below/home", "", "host", 0, "below/home", "sftp:host:below/home"},
      {"sftp:host:~/b", "", "host", 0, "b", "sftp:host:b"},
      {"sftp:me@[2001:db8::1]:/b", "me", "2001:db8::1", 0, "/b", "sftp:me@[2001:db8::1]:/b"},
      {"sftp://me@host/srv/b", "me", "host", 0, "/srv/b", "sftp:me@host:/srv/b"},
      {"sftp://me@host:2222/srv/b", "me", "host", 2222, "/srv/b", "sftp://me@host:2222/srv/b"},
      {"sftp://host//srv/b", "", "host", 0, "/srv/b", "sftp:host:/srv/b"},
      {"sftp://host/~/b", "", "host", 0, "b", "sftp:host:b"},
      {"sftp://host:22/~/b", "", "host", 22, "b", "sftp://host:22/~/b"},
      {"sftp://[::1]:22/b", "", "::1", 22, "/b", "sftp://[::1]:22/b"},
      {"sftp://host:22/a%25b", "", "host", 22, "/a%b", "sftp://host:22/a%25b"},
      {"sftp://DOMAIN%5cme@host/b", "DOMAIN\\me", "host", 0, "/b", "sftp:DOMAIN\\me@host:/b"},
  };
  for (const Remote& expected : cases) {
    const Location location = parse(expected.text);
    EXPECT_EQ(location.scheme, "sftp") << expected.text;
    EXPECT_EQ(location.user, expected.user) << expected.text;
    EXPECT_EQ(location.host, expected.host) << expected.text;
    EXPECT_EQ(location.port, expected.port) << expected.text;
    EXPECT_EQ(location.path, expected.path) << expected.text;
    EXPECT_EQ(location.display, expected.display) << expected.text;
    EXPECT_EQ(parse(location.display).path, location.path) << "shown forms can be used";
  }
}

TEST(S3Location, IsReadInAllForms) {
  const Remote cases[] = {
      {"s3:s3.amazonaws.com/b/p", "", "s3.amazonaws.com", 0, "b/p", "s3:s3.amazonaws.com/b/p"},
      {"s3:https://s3.example/b", "", "s3.example", 0, "b", "s3:s3.example/b"},
      {"s3:http://127.0.0.1:9000/b/", "", "127.0.0.1", 9000, "b", "s3:http://127.0.0.1:9000/b"},
      {"s3://bucket/a/b/", "", "", 0, "bucket/a/b", "s3://bucket/a/b"},
      {"s3://bucket", "", "", 0, "bucket", "s3://bucket"},
  };
  for (const Remote& expected : cases) {
    const Location location = parse(expected.text);
    EXPECT_EQ(location.scheme, "s3") << expected.text;
    EXPECT_EQ(location.host, expected.host) << expected.text;
    EXPECT_EQ(location.port, expected.port) << expected.text;
    EXPECT_EQ(location.path, expected.path) << expected.text;
    EXPECT_EQ(location.display, expected.display) << expected.text;
    EXPECT_EQ(location.tls, std::string(expected.text).find("http:") == std::string::npos);
  }
}

TEST(RestLocation, HidesItsPassword) {
  const Location location = parse("rest:https://me:s3cret@host:8000/repo/");
  EXPECT_EQ(location.scheme, "rest");
  EXPECT_EQ(location.host, "host");
  EXPECT_EQ(location.user, "me");
  EXPECT_EQ(location.port, 8000);
  EXPECT_TRUE(location.tls);
  EXPECT_EQ(location.path, "https://me:s3cret@host:8000/repo/");
  EXPECT_EQ(location.display, "rest:https://me:***@host:8000/repo/");
  EXPECT_FALSE(parse("rest:http://host/").tls);
}

TEST(BadLocation, IsRefusedWithoutRepeatingIt) {
  const char* cases[] = {"",
                         "local:",
                         "~",
                         "~/backup",
                         "a\nb",
                         "file:/srv",
                         "file://other/srv",
                         "file:///a%00b",
                         "file:///a%zz",
                         "file:///a%4",
                         "sftp:",
                         "sftp:host",
                         "sftp:host:",
                         "sftp:s3cret@:/b",
                         "sftp:-oProxyCommand=s3cret:/b",
                         "sftp:-s3cret@host:/b",
                         "sftp://host",
                         "sftp://host:0/b",
                         "sftp://host:70000/b",
                         "sftp://host:x/b",
                         "sftp://[::1/b",
                         "sftp://me:s3cret@host/b",
                         "sftp:host name:/b",
                         "sftp://a%3as3cret@host/b",
                         "sftp:host:~other/b",
                         "s3:",
                         "s3:host",
                         "s3://",
                         "s3:key:s3cret@host/b",
                         "rest:host/",
                         "rest:https://",
                         "rest:ftp://me:s3cret@host/",
                         "rest:https://me:s3cret@/",
                         "rclone:remote:path",
                         "C:\\backup",
                         "SFTP:host:/b"};
  for (const char* text : cases) {
    try {
      parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << text;
      for (const Language language : {Language::en, Language::ja}) {
        EXPECT_THAT(render(error, language), Not(HasSubstr("s3cret")));
        EXPECT_THAT(render(error, language), Not(HasSubstr("storage.location")));
      }
    }
  }
}

TEST(BadLocation, RelativePathsNeedAWorkingFolder) {
  EXPECT_THROW(parse_location("backup", ""), Error);
  EXPECT_EQ(parse_location("/backup", "").path, "/backup");
}

TEST(OpenBackend, OpensNothingYet) {
  const auto backend = open_backend(parse("/nowhere/at/all"));
  EXPECT_EQ(backend->location(), "/nowhere/at/all");
  const auto sftp = open_backend(parse("sftp://me@nowhere.invalid/backup"));
  EXPECT_EQ(sftp->location(), "sftp:me@nowhere.invalid:/backup");
  EXPECT_EQ(sftp->transport(), std::nullopt);
  const auto served = open_backend(parse("rest:https://me:s3cret@nowhere.invalid/path"));
  EXPECT_EQ(served->location(), "rest:https://me:***@nowhere.invalid/path");
}

TEST(PathOf, FollowsResticsLayout) {
  const std::string name = "3f" + std::string(62, 'a');
  EXPECT_EQ(path_of({FileType::config, ""}), "config");
  EXPECT_EQ(path_of({FileType::key, name}), "keys/" + name);
  EXPECT_EQ(path_of({FileType::lock, name}), "locks/" + name);
  EXPECT_EQ(path_of({FileType::snapshot, name}), "snapshots/" + name);
  EXPECT_EQ(path_of({FileType::index, name}), "index/" + name);
  EXPECT_EQ(path_of({FileType::pack, name}), "data/3f/" + name);
  EXPECT_EQ(path_of({FileType::policy, name}), "hikae/policies/" + name);
  EXPECT_EQ(path_of({FileType::evidence, name}), "hikae/evidence/" + name);
  EXPECT_EQ(path_of({FileType::forgotten, name}), "hikae/forgotten/" + name);
}

}  // namespace
}  // namespace hikae
