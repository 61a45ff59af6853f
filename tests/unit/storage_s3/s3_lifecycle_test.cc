// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_lifecycle.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Effect = LifecycleRule::Effect;

std::vector<LifecycleRule> rules(const std::string& inner, const std::string& ours = "hikae/") {
  return parse_lifecycle(
      as_bytes("<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
               inner + "</LifecycleConfiguration>"),
      ours);
}

std::string rule(const std::string& filter,
                 const std::string& action,
                 const std::string& status = "Enabled") {
  return "<Rule><ID>r</ID>" + filter + "<Status>" + status + "</Status>" + action + "</Rule>";
}

std::string prefix(const std::string& text) {
  return "<Filter><Prefix>" + text + "</Prefix></Filter>";
}

constexpr const char* kMonth = "<Expiration><Days>30</Days></Expiration>";

TEST(S3Lifecycle, ARuleReachesWhatBeginsAsItSays) {
  const LifecycleRule whole{"r", "", Effect::deletes, "Days=30"};
  EXPECT_THAT(rules(rule("<Filter/>", kMonth)), ElementsAre(whole));
  EXPECT_THAT(rules(rule("<Prefix></Prefix>", kMonth)), ElementsAre(whole));
  EXPECT_THAT(rules(rule(prefix("hik"), kMonth)),
              ElementsAre(LifecycleRule{"r", "hik", Effect::deletes, "Days=30"}));
  EXPECT_THAT(rules(rule(prefix("hikae/data/"), kMonth)),
              ElementsAre(LifecycleRule{"r", "hikae/data/", Effect::deletes, "Days=30"}));
  // As configurations of old have it.
  EXPECT_THAT(rules(rule("<Prefix>hikae/</Prefix>", kMonth)),
              ElementsAre(LifecycleRule{"r", "hikae/", Effect::deletes, "Days=30"}));
  EXPECT_THAT(rules(rule("<Filter><And><Prefix>hikae/</Prefix><ObjectSizeGreaterThan>5"
                         "</ObjectSizeGreaterThan></And></Filter>",
                         kMonth)),
              ElementsAre(LifecycleRule{"r", "hikae/", Effect::deletes, "Days=30"}));
  EXPECT_THAT(rules(rule(prefix("other/"), kMonth)), IsEmpty());
  EXPECT_THAT(rules(rule(prefix("hikae2/"), kMonth)), IsEmpty());
  // A repository that is the whole bucket.
  EXPECT_THAT(rules(rule(prefix("snapshots/"), kMonth), ""),
              ElementsAre(LifecycleRule{"r", "snapshots/", Effect::deletes, "Days=30"}));
}

TEST(S3Lifecycle, HarmlessRulesAreNone) {
  EXPECT_THAT(rules(rule("<Filter/>", kMonth, "Disabled")), IsEmpty());
  EXPECT_THAT(rules(rule(prefix("hikae/locks/"), kMonth)), IsEmpty());
  const std::string tagged = "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>";
  EXPECT_THAT(rules(rule(tagged, kMonth)), IsEmpty());
  EXPECT_THAT(rules(rule("<Filter/>",
                         "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1"
                         "</DaysAfterInitiation></AbortIncompleteMultipartUpload>")),
              IsEmpty());
  EXPECT_THAT(rules(rule("<Filter/>",
                         "<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays>"
                         "</NoncurrentVersionExpiration>")),
              IsEmpty());
  EXPECT_THAT(rules(rule("<Filter/>",
                         "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>"
                         "</Expiration>")),
              IsEmpty());
  EXPECT_THAT(rules(rule("<Filter/>",
                         "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass>"
                         "</Transition>")),
              IsEmpty());
}

TEST(S3Lifecycle, WhatCannotBeReadAtOnceIsTold) {
  const std::string moves =
      "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
      "<Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>"
      "<Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>";
  EXPECT_THAT(rules(rule("<Filter/>", moves)),
              ElementsAre(LifecycleRule{"r", "", Effect::deletes, "Date=2030-01-01T00:00:00.000Z"},
                          LifecycleRule{"r", "", Effect::puts_away, "GLACIER"}));
}

TEST(S3Lifecycle, WhatIsNoAnswerIsRefused) {
  for (const char* bad : {"", "x", "<html/>", "<LifecycleConfiguration>"})
    EXPECT_THROW(parse_lifecycle(as_bytes(std::string_view(bad)), ""), Error) << bad;
}

}  // namespace
}  // namespace hikae
