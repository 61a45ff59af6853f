// SPDX-License-Identifier: Apache-2.0
// Signatures that AWS publishes: its Signature Version 4 test suite, and the examples in the
// documentation of Amazon S3 ("Signature Calculations for the Authorization Header").
#include "net/aws_signature.h"

#include <gmock/gmock.h>

#include "crypto/hash.h"
#include "net/web_time.h"

namespace hikae::net {
namespace {

using ::testing::HasSubstr;

AwsKeys suite_keys() {
  AwsKeys keys;
  keys.access_key_id = "AKIDEXAMPLE";
  keys.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return keys;
}

Instant at(std::string_view iso) {
  return parse_iso_time(iso).value();
}

std::string hash(std::string_view body) {
  return to_hex(sha256(as_bytes(body)).bytes);
}

AwsRequest suite_request(const std::string& method = "GET") {
  AwsRequest request;
  request.method = method;
  request.path = "/";
  request.headers = {{"Host", "example.amazonaws.com"}};
  request.payload_hash = hash("");
  request.region = "us-east-1";
  request.service = "service";
  return request;
}

std::string authorization(const AwsRequest& request, const AwsKeys& keys, Instant time) {
  return sign_aws(request, keys, time).back().second;
}

std::string suite_signature(const AwsRequest& request) {
  const std::string line = authorization(request, suite_keys(), at("2015-08-30T12:36:00Z"));
  return line.substr(line.rfind('=') + 1);
}

TEST(AwsSignature, WholeHeaderOfGetVanilla) {
  EXPECT_EQ(authorization(suite_request(), suite_keys(), at("2015-08-30T12:36:00Z")),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(AwsSignature, MethodsOfTheSuite) {
  EXPECT_EQ(suite_signature(suite_request("POST")),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(AwsSignature, QueriesOfTheSuite) {
  AwsRequest request = suite_request();
  request.query = {{"Param2", "value2"}, {"Param1", "value1"}};
  EXPECT_EQ(suite_signature(request),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  request.query = {{"\xe1\x88\xb4", "bar"}};  // get-vanilla-utf8-query
  EXPECT_EQ(suite_signature(request),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
}

TEST(AwsSignature, PathsOfTheSuite) {
  AwsRequest request = suite_request();
  request.path = uri_encoded("/\xe1\x88\xb4", Slash::keep);  // get-utf8
  EXPECT_EQ(request.path, "/%E1%88%B4");
  EXPECT_EQ(suite_signature(request),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
}

TEST(AwsSignature, HeadersOfTheSuite) {
  AwsRequest request = suite_request();
  request.headers.emplace_back("My-Header1", " value1");
  request.headers.emplace_back("My-Header2", " \"a   b   c\"");  // get-header-value-trim
  EXPECT_EQ(suite_signature(request),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST(AwsSignature, BodyOfTheSuite) {
  AwsRequest request = suite_request("POST");
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.payload_hash = hash("Param1=value1");
  EXPECT_EQ(suite_signature(request),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

// "Example: GET Object" and "Example: GET Bucket (List Objects)" of the S3 documentation.
TEST(AwsSignature, ExamplesOfAmazonS3) {
  AwsKeys keys;
  keys.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  keys.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  AwsRequest request = suite_request();
  request.service = "s3";
  request.path = "/test.txt";
  request.headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                     {"Range", "bytes=0-9"},
                     {"x-amz-content-sha256", hash("")}};
  EXPECT_THAT(authorization(request, keys, at("2013-05-24T00:00:00Z")),
              HasSubstr("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
  request.path = "/";
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  request.headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", hash("")}};
  EXPECT_THAT(authorization(request, keys, at("2013-05-24T00:00:00Z")),
              HasSubstr("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(AwsSignature, ATokenIsSentAndSigned) {
  AwsKeys keys = suite_keys();
  keys.session_token = Secret("token");
  const HttpHeaders added = sign_aws(suite_request(), keys, at("2015-08-30T12:36:00Z"));
  ASSERT_EQ(added.size(), 3U);
  EXPECT_EQ(added[1].first, "x-amz-security-token");
  EXPECT_EQ(added[1].second, "token");
  EXPECT_THAT(added[2].second, HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
}

TEST(WebTime, WritesAndReadsTheFormsOfTheWeb) {
  const Instant time(std::chrono::seconds(1'795'699'255));
  EXPECT_EQ(compact_time(time), "20261126T132055Z");
  EXPECT_EQ(iso_time(time), "2026-11-26T13:20:55Z");
  EXPECT_EQ(parse_iso_time("2026-11-26T13:20:55Z"), time);
  EXPECT_EQ(parse_iso_time("2026-11-26T13:20:55.123Z"), time);
  EXPECT_EQ(parse_iso_time("2026-11-26T13:20:55+00:00"), time);
  EXPECT_EQ(parse_http_date("Thu, 26 Nov 2026 13:20:55 GMT"), time);
  EXPECT_GT(parse_iso_time("9999-12-31T23:59:59Z").value(),
            parse_iso_time("2261-12-31T00:00:00Z").value());
}

TEST(WebTime, KnowsWhatIsNoTime) {
  for (const char* wrong : {"",
                            "2026",
                            "2026-13-26T13:20:55Z",
                            "2026-11-26T13:20:55+09:00",
                            "2026-11-26T25:20:55Z",
                            "1066-11-26T13:20:55Z",
                            "9999-11-31T13:20:55Z",
                            "2026/11/26T13:20:55Z"})
    EXPECT_EQ(parse_iso_time(wrong), std::nullopt) << wrong;
  for (const char* wrong : {"",
                            "Thu, 26 Nov 2026 13:20:55 JST",
                            "Thu, 26 Foo 2026 13:20:55 GMT",
                            "Thursday, 26-Nov-26 13:20:55 GMT"})
    EXPECT_EQ(parse_http_date(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace hikae::net
