// SPDX-License-Identifier: Apache-2.0
#include "web/request_head.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>
#include <memory>

namespace hikae::web {
namespace {

namespace http = boost::beast::http;

// The parser keeps the fields, and with them the password.
template <typename T>
class WipingAllocator {
 public:
  using value_type = T;
  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT: as the standard has it

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  template <typename U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

using Parser = http::request_parser<http::empty_body, WipingAllocator<char>>;

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

bool equals_ignoring_case(boost::beast::string_view a, std::string_view b) {
  return boost::beast::iequals(a, boost::beast::string_view(b.data(), b.size()));
}

}  // namespace

RequestHead parse_request_head(std::string_view block) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(block.size() + 1));
  // The server has a limit of its own; none (boost::none) counts as zero in Boost 1.74.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  boost::beast::error_code error;
  const std::size_t used = parser.put(boost::asio::const_buffer(block.data(), block.size()), error);
  if (error == http::error::bad_version) throw BadRequest{505};
  if (error || used != block.size() || !parser.is_header_done()) throw BadRequest{400};
  const auto& fields = parser.get();
  if (fields.version() != 11) throw BadRequest{505};
  if (fields.find(http::field::transfer_encoding) != fields.end()) throw BadRequest{411};
  // HTTP/1.1 demands one; its value decides nothing here.
  if (fields.count(http::field::host) != 1) throw BadRequest{400};
  RequestHead head;
  head.method = text_of(fields.method_string());
  head.target = text_of(fields.target());
  if (const auto length = parser.content_length()) {
    head.has_length = true;
    head.body_size = *length;
  }
  head.keep_alive = fields.keep_alive();
  if (const auto expect = fields[http::field::expect]; !expect.empty()) {
    if (!equals_ignoring_case(expect, "100-continue")) throw BadRequest{417};
    head.expects_continue = true;
  }
  head.accept = text_of(fields[http::field::accept]);
  head.range = text_of(fields[http::field::range]);
  head.user_agent = text_of(fields[http::field::user_agent]);
  head.authorization = Secret(text_of(fields[http::field::authorization]));
  return head;
}

std::string_view reason_phrase(int status) {
  const auto known = http::int_to_status(static_cast<unsigned>(status));
  if (known == http::status::unknown) return {};
  const auto phrase = http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

}  // namespace hikae::web
