// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_answer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "net/web_time.h"

namespace hikae {
namespace {

template <typename Call>
ErrorCode code_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::invalid_argument;
}

// As Amazon's documentation of ListObjectsV2 shows it, with encoding-type=url.
constexpr std::string_view kPage = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix>a%20b/</Prefix><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
  <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>a+b/%E6%8E%A7&amp;%25</Key><LastModified>2026-11-26T13:20:55.000Z</LastModified>
    <ETag>"x"</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>plain</Key><LastModified>odd</LastModified><Size>0</Size></Contents>
</ListBucketResult>)";

TEST(S3Answer, ReadsAPageOfAListing) {
  const S3Listing listing = parse_s3_listing(as_bytes(kPage));
  ASSERT_EQ(listing.objects.size(), 2U);
  EXPECT_EQ(listing.objects[0].key, "a b/控&%");
  EXPECT_EQ(listing.objects[0].size, 434234U);
  EXPECT_EQ(listing.objects[0].modified, net::parse_iso_time("2026-11-26T13:20:55Z"));
  EXPECT_EQ(listing.objects[1].modified, std::nullopt);
  EXPECT_EQ(listing.next, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
}

TEST(S3Answer, KeysStayAsTheyAreWhereTheStoreDoesNotEncode) {
  const S3Listing listing = parse_s3_listing(as_bytes(
      "<ListBucketResult><Contents><Key>a+%41</Key><Size>1</Size></Contents></ListBucketResult>"));
  EXPECT_EQ(listing.objects.at(0).key, "a+%41");
  EXPECT_EQ(listing.next, "");
}

// Half a listing taken for the whole would make prune delete what it does not see.
TEST(S3Answer, RefusesAListingThatIsNotWhole) {
  for (const std::string_view wrong :
       {std::string_view(""),
        std::string_view("<ListBucketResult>"),
        kPage.substr(0, kPage.size() / 2),
        std::string_view("<html><body>proxy</body></html>"),
        std::string_view("<Error><Code>InternalError</Code></Error>"),
        std::string_view("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        std::string_view("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"),
        std::string_view("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
                         "</ListBucketResult>")})
    EXPECT_EQ(code_of([&] { parse_s3_listing(as_bytes(wrong)); }), ErrorCode::corrupt) << wrong;
}

TEST(S3Answer, ReadsUploads) {
  const S3Uploads uploads = parse_s3_uploads(
      as_bytes("<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
               "<NextKeyMarker>a%2Fb</NextKeyMarker><NextUploadIdMarker>u2</NextUploadIdMarker>"
               "<IsTruncated>true</IsTruncated><Upload><Key>a%2Fb</Key><UploadId>u1</UploadId>"
               "<Initiated>2026-11-26T13:20:55.000Z</Initiated></Upload>"
               "</ListMultipartUploadsResult>"));
  ASSERT_EQ(uploads.uploads.size(), 1U);
  EXPECT_EQ(uploads.uploads[0].key, "a/b");
  EXPECT_EQ(uploads.uploads[0].id, "u1");
  EXPECT_TRUE(uploads.uploads[0].initiated);
  EXPECT_EQ(uploads.next_key, "a/b");
  EXPECT_EQ(uploads.next_id, "u2");
}

TEST(S3Answer, ReadsFailuresAlsoBehindStatus200) {
  const ByteView failed = as_bytes(
      "<?xml version=\"1.0\"?>\n<Error><Code>PermanentRedirect</Code><Message>m</Message>"
      "<Region>eu-west-1</Region></Error>");
  EXPECT_EQ(parse_s3_failure(failed).code, "PermanentRedirect");
  EXPECT_EQ(parse_s3_failure(failed).region, "eu-west-1");
  EXPECT_EQ(parse_s3_failure(as_bytes("<html>")).code, "");
  EXPECT_EQ(parse_s3_completion(failed)->code, "PermanentRedirect");
  EXPECT_FALSE(parse_s3_completion(
      as_bytes("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")));
  EXPECT_EQ(code_of([] { parse_s3_completion(ByteView()); }), ErrorCode::corrupt);
}

TEST(S3Answer, ExpandsNoEntitiesOfTheAnswersOwn) {
  const S3Failure failure = parse_s3_failure(
      as_bytes("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
               "<Error><Code>&a;&f;</Code></Error>"));
  EXPECT_EQ(failure.code, "&a;&f;");
}

}  // namespace
}  // namespace hikae
