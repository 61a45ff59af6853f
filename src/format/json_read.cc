// SPDX-License-Identifier: Apache-2.0
#include "format/json_read.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/base64.h"

namespace hikae::format {
namespace {

// A parser keeps buffers of some ten times its largest document; those of large ones are given
// back.
constexpr std::size_t kLargeDocument = std::size_t{1} << 20;
constexpr std::size_t kKeptParsers = 4;

}  // namespace

struct JsonDocument::Parser {
  simdjson::dom::parser parser;
  Bytes padded;  // a copy of the text with the bytes after it that simdjson wants to be readable
};

// The cache: parsers that no document of this thread uses now.
std::vector<std::unique_ptr<JsonDocument::Parser>>& JsonDocument::idle_parsers() {
  thread_local std::vector<std::unique_ptr<Parser>> parsers;
  return parsers;
}

void throw_bad_field(std::string_view document, std::string_view field) {
  throw Error(ErrorCode::corrupt,
              text("format.field", {{"field", std::string(document) + "." + std::string(field)}}));
}

JsonDocument::JsonDocument(std::string_view json) {
  std::vector<std::unique_ptr<Parser>>& idle = idle_parsers();
  if (json.size() > kLargeDocument || idle.empty()) {
    parser_ = std::make_unique<Parser>();
  } else {
    parser_ = std::move(idle.back());
    idle.pop_back();
  }
  Bytes& padded = parser_->padded;
  padded.resize(json.size() + simdjson::SIMDJSON_PADDING);
  const auto end = std::copy(json.begin(), json.end(), padded.begin());
  std::fill(end, padded.end(), std::uint8_t{0});
  const auto error = parser_->parser.parse(padded.data(), json.size(), false).get(root_);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) {
    throw Error(ErrorCode::corrupt,
                text("format.json", {{"reason", simdjson::error_message(error)}}));
  }
}

JsonDocument::~JsonDocument() {
  std::vector<std::unique_ptr<Parser>>& idle = idle_parsers();
  const bool is_large = parser_->padded.size() > kLargeDocument + simdjson::SIMDJSON_PADDING;
  if (!is_large && idle.size() < kKeptParsers) idle.push_back(std::move(parser_));
}

simdjson::dom::object JsonDocument::object(std::string_view document) const {
  simdjson::dom::object object;
  if (root_.get(object) != simdjson::SUCCESS) {
    throw Error(ErrorCode::corrupt,
                text("format.not_object", {{"document", std::string(document)}}));
  }
  return object;
}

Timestamp JsonValue::time() const {
  const auto time = parse_rfc3339(text());
  if (!time) fail();
  return *time;
}

Bytes JsonValue::base64() const {
  auto bytes = parse_base64(text());
  if (!bytes) fail();
  return std::move(*bytes);
}

std::vector<std::string> JsonValue::texts() const {
  std::vector<std::string> all;
  for (const simdjson::dom::element item : array()) all.emplace_back(element(item).text());
  return all;
}

}  // namespace hikae::format
