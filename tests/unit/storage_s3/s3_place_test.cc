// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_place.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hikae {
namespace {

S3Place place(const std::string& location, const S3Options& options = {}) {
  return s3_place(parse_location(location, "/"), options);
}

std::string url(const std::string& location, const S3Options& options = {}) {
  const S3Place at = place(location, options);
  return at.scheme + "://" + s3_host(at, at.region) + s3_path(at, "config");
}

S3Options with_endpoint(const std::string& endpoint) {
  S3Options options;
  options.endpoint = endpoint;
  return options;
}

TEST(S3Place, AmazonIsAddressedByHost) {
  EXPECT_EQ(url("s3://bucket/a/b"), "https://bucket.s3.amazonaws.com/a/b/config");
  S3Options tokyo;
  tokyo.region = "ap-northeast-1";
  EXPECT_EQ(url("s3://bucket/a", tokyo), "https://bucket.s3.ap-northeast-1.amazonaws.com/a/config");
  EXPECT_EQ(url("s3:s3.amazonaws.com/bucket", tokyo),
            "https://bucket.s3.ap-northeast-1.amazonaws.com/config");
  tokyo.region = "cn-north-1";
  EXPECT_EQ(url("s3://bucket", tokyo), "https://bucket.s3.cn-north-1.amazonaws.com.cn/config");
}

TEST(S3Place, AmazonsHostNamesTheRegion) {
  EXPECT_EQ(place("s3:s3.eu-central-1.amazonaws.com/b").region, "eu-central-1");
  EXPECT_EQ(place("s3:s3.dualstack.eu-west-1.amazonaws.com/b").region, "eu-west-1");
  EXPECT_EQ(place("s3:s3.amazonaws.com/b").region, "");
  EXPECT_EQ(url("s3:s3.eu-central-1.amazonaws.com/b"),
            "https://b.s3.eu-central-1.amazonaws.com/config");
}

TEST(S3Place, ABucketWithADotStandsInThePath) {
  EXPECT_EQ(url("s3://my.bucket/x"), "https://s3.amazonaws.com/my.bucket/x/config");
}

TEST(S3Place, OwnEndpointsAreAddressedByPath) {
  EXPECT_EQ(url("s3:https://store:9000/bucket/x"), "https://store:9000/bucket/x/config");
  EXPECT_EQ(url("s3:http://store/bucket/x"), "http://store/bucket/x/config");
  EXPECT_EQ(url("s3://bucket/x", with_endpoint("https://store:9000/")),
            "https://store:9000/bucket/x/config");
  EXPECT_EQ(url("s3://bucket/x", with_endpoint("store")), "https://store/bucket/x/config");
  S3Options by_host = with_endpoint("https://store:9000");
  by_host.addressing = S3Options::Addressing::virtual_host;
  EXPECT_EQ(url("s3://bucket/x", by_host), "https://bucket.store:9000/x/config");
}

TEST(S3Place, TheSchemesOwnPortIsLeftOut) {
  EXPECT_EQ(url("s3://b", with_endpoint("https://store:443")), "https://store/b/config");
  EXPECT_EQ(url("s3://b", with_endpoint("http://store:80")), "http://store/b/config");
  EXPECT_EQ(url("s3://b", with_endpoint("http://store:443")), "http://store:443/b/config");
}

TEST(S3Place, PrefixesAreEncoded) {
  EXPECT_EQ(url("s3:https://store/b/a b+c/控え"),
            "https://store/b/a%20b%2Bc/%E6%8E%A7%E3%81%88/config");
}

TEST(S3Place, RefusesEndpointsThatAreNone) {
  for (const char* wrong :
       {"ftp://store", "https://", "https://store/bucket", "https://user@store", "a b"}) {
    try {
      place("s3://b", with_endpoint(wrong));
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << wrong;
    }
  }
}

}  // namespace
}  // namespace hikae
