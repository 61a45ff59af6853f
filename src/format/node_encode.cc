// SPDX-License-Identifier: Apache-2.0
// The bytes of a tree are its name: order of fields, what is left out and how text is escaped must
// be restic's. docs/format.md, "Trees".
#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "format/append.h"
#include "format/node.h"
#include "format/unicode_print.h"

namespace hikae::format {
namespace {

constexpr std::string_view kOpening = R"({"nodes":[)";

// Characters that neither Quote nor JSON touch.
constexpr std::array<bool, 256> kPlainInName = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7f; ++c) plain[c] = true;
  for (const char c : {'"', '\\', '<', '>', '&'}) plain[static_cast<unsigned char>(c)] = false;
  return plain;
}();

void append_name(std::string& out, std::string_view name) {
  const bool is_plain = std::all_of(
      name.begin(), name.end(), [](char c) { return kPlainInName[static_cast<unsigned char>(c)]; });
  if (is_plain) {
    out += '"';
    out += name;
    out += '"';
  } else {
    append_json_string(out, quote_name(name));
  }
}

void append_time(std::string& out, std::string_view member, const Timestamp& time) {
  out += member;
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

void append_link_target(std::string& out, std::string_view target) {
  append_nonempty(out, R"(,"linktarget":)", target);
  // Only then is anything lost in the text form.
  if (is_valid_utf8(target)) return;
  out += R"(,"linktarget_raw":")";
  append_base64(out, as_bytes(target));
  out += '"';
}

void append_extended_attributes(std::string& out,
                                const std::vector<ExtendedAttribute>& attributes) {
  if (attributes.empty()) return;
  out += R"(,"extended_attributes":[)";
  for (const ExtendedAttribute& attribute : attributes) {
    if (&attribute != attributes.data()) out += ',';
    out += R"({"name":)";
    append_json_string(out, attribute.name);
    out += R"(,"value":")";
    append_base64(out, attribute.value);
    out += "\"}";
  }
  out += ']';
}

void append_content(std::string& out, const Node& node) {
  out += R"(,"content":)";
  if (node.type != NodeType::file && node.content.empty()) {
    out += "null";
    return;
  }
  out += '[';
  for (const BlobId& id : node.content) {
    if (&id != node.content.data()) out += ',';
    append_id(out, id);
  }
  out += ']';
}

void append_node(std::string& out, const Node& node) {
  out += R"({"name":)";
  append_name(out, node.name);
  out += R"(,"type":")";
  out += to_string(node.type);
  out += '"';
  append_nonzero(out, R"(,"mode":)", node.mode);
  append_time(out, R"(,"mtime":)", node.mtime);
  append_time(out, R"(,"atime":)", node.atime);
  append_time(out, R"(,"ctime":)", node.ctime);
  append_member(out, R"(,"uid":)", node.uid);
  append_member(out, R"(,"gid":)", node.gid);
  append_nonempty(out, R"(,"user":)", node.user);
  append_nonempty(out, R"(,"group":)", node.group);
  append_nonzero(out, R"(,"inode":)", node.inode);
  append_nonzero(out, R"(,"device_id":)", node.device_id);
  append_nonzero(out, R"(,"size":)", node.size);
  append_nonzero(out, R"(,"links":)", node.links);
  append_link_target(out, node.link_target);
  append_extended_attributes(out, node.extended_attributes);
  if (!node.generic_attributes.empty()) {
    out += R"(,"generic_attributes":)";
    out += node.generic_attributes;
  }
  append_nonzero(out, R"(,"device":)", node.device);
  append_content(out, node);
  if (node.subtree) {
    out += R"(,"subtree":)";
    append_id(out, *node.subtree);
  }
  append_nonempty(out, R"(,"error":)", node.error);
  out += '}';
}

}  // namespace

TreeEncoder::TreeEncoder() : out_(kOpening) {}

void TreeEncoder::add(const Node& node) {
  // The empty name is not greater than the empty last name of a new tree.
  if (node.name <= last_name_) {
    throw Error(ErrorCode::invalid_argument,
                text("format.encode_order", {{"name", quote_name(node.name)}}));
  }
  if (!empty_) out_ += ',';
  empty_ = false;
  append_node(out_, node);
  last_name_ = node.name;
}

std::string TreeEncoder::finish() {
  out_ += "]}\n";
  std::string tree(kOpening);
  tree.swap(out_);
  last_name_.clear();
  empty_ = true;
  return tree;
}

}  // namespace hikae::format
