// SPDX-License-Identifier: Apache-2.0
#include "web/request_head.h"

#include <gtest/gtest.h>

namespace hikae::web {
namespace {

int refusal(const std::string& block) {
  try {
    parse_request_head(block);
  } catch (const BadRequest& bad) {
    return bad.status;
  }
  return 0;
}

TEST(RequestHead, KeepsWhatTheServerNeeds) {
  const RequestHead head = parse_request_head(
      "POST /a/?create=true HTTP/1.1\r\nHost: nas:8000\r\nContent-Length: 12\r\n"
      "Accept: application/vnd.x.restic.rest.v2\r\nRange: bytes=1-2\r\nUser-Agent: restic\r\n"
      "expect: 100-Continue\r\nAuthorization: Basic abc=\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a/?create=true");
  EXPECT_TRUE(head.has_length);
  EXPECT_EQ(head.body_size, 12U);
  EXPECT_EQ(head.accept, "application/vnd.x.restic.rest.v2");
  EXPECT_EQ(head.range, "bytes=1-2");
  EXPECT_EQ(head.user_agent, "restic");
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.authorization.reveal(), "Basic abc=");
}

TEST(RequestHead, SeesTheWishToClose) {
  EXPECT_FALSE(
      parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
}

TEST(RequestHead, RefusesWhatProxiesMayReadOtherwise) {
  const std::string line = "POST /x HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(refusal(line + "Transfer-Encoding: chunked\r\n\r\n"), 411);
  EXPECT_EQ(refusal(line + "Transfer-Encoding: gzip\r\n\r\n"), 411);
  EXPECT_NE(refusal(line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 0);
  EXPECT_NE(refusal(line + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 0);
  EXPECT_EQ(refusal(line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400);
  EXPECT_EQ(refusal(line + "Content-Length: 5, 6\r\n\r\n"), 400);
  EXPECT_EQ(refusal(line + "Content-Length: -5\r\n\r\n"), 400);
  EXPECT_EQ(refusal(line + "Content-Length: 0x5\r\n\r\n"), 400);
  EXPECT_EQ(refusal(line + "Content-Length: 99999999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(refusal(line + "Content-Length : 5\r\n\r\n"), 400);
}

TEST(RequestHead, RefusesWhatIsNoRequest) {
  EXPECT_EQ(refusal("\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET /\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_NE(refusal("GET / x HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(refusal(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28)), 400);
  EXPECT_EQ(refusal("\x16\x03\x01\x02 a TLS hello\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_NE(refusal("PRI * HTTP/2.0\r\n\r\n"), 0);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n"), 417);
}

}  // namespace
}  // namespace hikae::web
