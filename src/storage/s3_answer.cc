// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_answer.h"

#include <charconv>
#include <pugixml.hpp>
#include <string_view>

#include "base/error.h"
#include "net/web_time.h"

namespace hikae {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw Error(
      ErrorCode::corrupt, text("storage.s3_answer", {{"what", what}}), Retry::after_backoff);
}

// pugixml expands no external entities and no custom ones, so that a hostile answer stays small.
bool load(pugi::xml_document& document, ByteView body) {
  return static_cast<bool>(document.load_buffer(body.data(), body.size(), pugi::parse_default));
}

pugi::xml_node root_of(pugi::xml_document& document, ByteView body, const char* name) {
  if (!load(document, body)) refuse(name);
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) != name) refuse(name);
  return root;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string url_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
      continue;
    }
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

// Keys are encoded only where the answer says so: a store that does not know encoding-type must not
// have its "%" decoded.
class Keys {
 public:
  explicit Keys(const pugi::xml_node& root)
      : encoded_(std::string_view(root.child_value("EncodingType")) == "url") {}
  std::string operator()(const char* key) const { return encoded_ ? url_decoded(key) : key; }

 private:
  bool encoded_;
};

std::uint64_t size_of(const pugi::xml_node& object) {
  const std::string_view digits = object.child_value("Size");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc() || end != digits.data() + digits.size()) refuse("Size");
  return size;
}

bool is_truncated(const pugi::xml_node& root) {
  return std::string_view(root.child_value("IsTruncated")) == "true";
}

}  // namespace

S3Failure parse_s3_failure(ByteView body) {
  pugi::xml_document document;
  if (!load(document, body)) return {};
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) != "Error") return {};
  return {root.child_value("Code"), root.child_value("Message"), root.child_value("Region")};
}

S3Listing parse_s3_listing(ByteView body) {
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, body, "ListBucketResult");
  const Keys decoded(root);
  S3Listing listing;
  for (const pugi::xml_node& object : root.children("Contents")) {
    listing.objects.push_back({decoded(object.child_value("Key")),
                               size_of(object),
                               net::parse_iso_time(object.child_value("LastModified"))});
  }
  if (is_truncated(root)) {
    listing.next = root.child_value("NextContinuationToken");
    // Else the same page would come for ever, or the rest would seem not to exist.
    if (listing.next.empty()) refuse("NextContinuationToken");
  }
  return listing;
}

S3Uploads parse_s3_uploads(ByteView body) {
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, body, "ListMultipartUploadsResult");
  const Keys decoded(root);
  S3Uploads uploads;
  for (const pugi::xml_node& upload : root.children("Upload")) {
    uploads.uploads.push_back({decoded(upload.child_value("Key")),
                               upload.child_value("UploadId"),
                               net::parse_iso_time(upload.child_value("Initiated"))});
  }
  if (is_truncated(root)) {
    uploads.next_key = decoded(root.child_value("NextKeyMarker"));
    uploads.next_id = root.child_value("NextUploadIdMarker");
    if (uploads.next_key.empty()) refuse("NextKeyMarker");
  }
  return uploads;
}

std::string parse_s3_upload_id(ByteView body) {
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, body, "InitiateMultipartUploadResult");
  std::string id = root.child_value("UploadId");
  if (id.empty()) refuse("UploadId");
  return id;
}

std::optional<S3Failure> parse_s3_completion(ByteView body) {
  pugi::xml_document document;
  if (!load(document, body)) refuse("CompleteMultipartUploadResult");
  const std::string_view name = document.document_element().name();
  if (name == "Error") return parse_s3_failure(body);
  if (name != "CompleteMultipartUploadResult") refuse("CompleteMultipartUploadResult");
  return std::nullopt;
}

}  // namespace hikae
