// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <set>
#include <type_traits>

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(Error, SaysTheOutermostContextFirst) {
  Error error(ErrorCode::io, text("t.message", {{"path", "/x"}}));
  error.add_context(text("t.inner")).add_context(text("t.outer"));
  EXPECT_EQ(render(error, Language::en), "t.outer: t.inner: t.message path=/x");
  EXPECT_STREQ(error.what(), "t.outer: t.inner: t.message path=/x");
}

TEST(Error, RendersEachPartInTheLanguageAsked) {
  Error error(ErrorCode::io, text("base.cancelled"));
  error.add_context(text("base.cancelled"));
  EXPECT_EQ(render(error, Language::ja), "中断されました。: 中断されました。");
}

TEST(Error, ReasonOfAWarningIsInTheReadersLanguageToo) {
  Error error(ErrorCode::io, text("storage.injected"));
  error.add_context(text("storage.saving", {{"file", "data/aa"}}));
  const Text warning = because(text("service_due.prune_impossible"), error);
  for (const Language language : {Language::en, Language::ja})
    EXPECT_NE(render(warning, language).find(render(error, language)), std::string::npos)
        << render(warning, language);
  EXPECT_NE(render(warning, Language::ja), render(warning, Language::en));
  EXPECT_NE(render(because(text("no.such.key"), error), Language::ja).find("data/aa"),
            std::string::npos);
}

TEST(Error, KeepsTheFirstHint) {
  Error error(ErrorCode::io, text("t.message"));
  EXPECT_FALSE(error.hint());
  error.set_hint(text("t.who_knew_most")).set_hint(text("t.later"));
  ASSERT_TRUE(error.hint());
  EXPECT_EQ(error.hint()->key, "t.who_knew_most");
}

TEST(Error, TakesContextAndHintWhileItIsThrown) {
  try {
    throw Error(ErrorCode::locked, text("t.message"), Retry::after_backoff)
        .with_context(text("t.context"))
        .with_hint(text("t.hint"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::locked);
    EXPECT_EQ(error.retry(), Retry::after_backoff);
    EXPECT_EQ(error.contexts().size(), 1U);
    EXPECT_EQ(error.hint()->key, "t.hint");
    return;
  }
  FAIL() << "nothing was thrown";
}

TEST(Error, DoesNotCatchACancellation) {
  EXPECT_FALSE((std::is_base_of_v<Error, Cancelled>));
  EXPECT_FALSE((std::is_base_of_v<Cancelled, Error>));
}

TEST(SystemError, FollowsErrno) {
  const auto code = [](int number) { return system_error(number, text("t.call")).code(); };
  EXPECT_EQ(code(ENOENT), ErrorCode::not_found);
  EXPECT_EQ(code(ENOTDIR), ErrorCode::not_found);
  EXPECT_EQ(code(EEXIST), ErrorCode::already_exists);
  EXPECT_EQ(code(EACCES), ErrorCode::permission);
  EXPECT_EQ(code(EPERM), ErrorCode::permission);
  EXPECT_EQ(code(ENOSPC), ErrorCode::no_space);
  EXPECT_EQ(code(EDQUOT), ErrorCode::no_space);
  EXPECT_EQ(code(EROFS), ErrorCode::read_only);
  EXPECT_EQ(code(ETIMEDOUT), ErrorCode::timeout);
  EXPECT_EQ(code(ENOTSUP), ErrorCode::unsupported);
  EXPECT_EQ(code(EIO), ErrorCode::io);
  EXPECT_EQ(code(EBADF), ErrorCode::io);
}

TEST(SystemError, AddsTheReasonToTheText) {
  const Error error = system_error(ENOSPC, text("t.write", {{"path", "/x"}}));
  EXPECT_EQ(render(error, Language::en), "t.write path=/x reason=No space left on device");
}

TEST(SystemError, RetriesWhatPassesByItself) {
  const auto retry = [](int number) { return system_error(number, text("t.call")).retry(); };
  EXPECT_EQ(retry(EAGAIN), Retry::after_backoff);
  EXPECT_EQ(retry(ETIMEDOUT), Retry::after_backoff);
  EXPECT_EQ(retry(ESTALE), Retry::after_backoff);
  EXPECT_EQ(retry(ENOSPC), Retry::no);
  EXPECT_EQ(retry(EACCES), Retry::no);
  EXPECT_EQ(retry(ENOENT), Retry::no);
}

TEST(ErrorCodeNames, AreDistinct) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::io); ++code) {
    EXPECT_TRUE(names.insert(to_string(static_cast<ErrorCode>(code))).second) << code;
  }
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace hikae
