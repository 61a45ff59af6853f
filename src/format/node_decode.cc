// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/base64.h"
#include "format/json_read.h"
#include "format/node.h"
#include "format/raw_json.h"

namespace hikae::format {
namespace {

constexpr std::string_view kTree = "tree";
constexpr std::string_view kNode = "tree.nodes";
constexpr std::string_view kAttribute = "tree.nodes.extended_attributes";

// What Go reads where a node has no time: 0001-01-01T00:00:00Z.
constexpr std::int64_t kGoZeroTime = -62135596800;

// A node while it is read, with what can only be judged when all of it is known.
struct NodeFields {
  Node node;
  std::string_view type;
  std::optional<Bytes> raw_link_target;
  bool has_generic_attributes = false;
};

using Value = JsonValue;

void read_name(NodeFields& n, const Value& v) {
  const std::string_view quoted = v.text();
  if (quoted.find_first_of("\\\"\n") == std::string_view::npos) {
    n.node.name = quoted;
    return;
  }
  auto name = unquote_name(quoted);
  if (!name) v.fail();
  n.node.name = std::move(*name);
}

constexpr std::array<FieldRule<ExtendedAttribute>, 2> kAttributeFields = {{
    {"name", [](ExtendedAttribute& a, const Value& v) { a.name = v.text(); }},
    {"value", [](ExtendedAttribute& a, const Value& v) { a.value = v.base64(); }},
}};

void read_extended_attributes(NodeFields& n, const Value& v) {
  n.node.extended_attributes.clear();
  for (const simdjson::dom::element item : v.array()) {
    ExtendedAttribute attribute;
    read_fields(v.element(item).object(), kAttribute, kAttributeFields, attribute);
    n.node.extended_attributes.push_back(std::move(attribute));
  }
}

void read_content(NodeFields& n, const Value& v) {
  const simdjson::dom::array ids = v.array();
  n.node.content.clear();
  n.node.content.reserve(ids.size());
  for (const simdjson::dom::element item : ids) {
    n.node.content.push_back(v.element(item).id<BlobId>());
  }
}

// In the order in which restic writes them.
constexpr std::array<FieldRule<NodeFields>, 22> kFields = {{
    {"name", read_name},
    {"type", [](NodeFields& n, const Value& v) { n.type = v.text(); }},
    {"mode", [](NodeFields& n, const Value& v) { n.node.mode = v.number<std::uint32_t>(); }},
    {"mtime", [](NodeFields& n, const Value& v) { n.node.mtime = v.time(); }},
    {"atime", [](NodeFields& n, const Value& v) { n.node.atime = v.time(); }},
    {"ctime", [](NodeFields& n, const Value& v) { n.node.ctime = v.time(); }},
    {"uid", [](NodeFields& n, const Value& v) { n.node.uid = v.number<std::uint32_t>(); }},
    {"gid", [](NodeFields& n, const Value& v) { n.node.gid = v.number<std::uint32_t>(); }},
    {"user", [](NodeFields& n, const Value& v) { n.node.user = v.text(); }},
    {"group", [](NodeFields& n, const Value& v) { n.node.group = v.text(); }},
    {"inode", [](NodeFields& n, const Value& v) { n.node.inode = v.number<std::uint64_t>(); }},
    {"device_id",
     [](NodeFields& n, const Value& v) { n.node.device_id = v.number<std::uint64_t>(); }},
    {"size", [](NodeFields& n, const Value& v) { n.node.size = v.number<std::uint64_t>(); }},
    {"links", [](NodeFields& n, const Value& v) { n.node.links = v.number<std::uint64_t>(); }},
    {"linktarget", [](NodeFields& n, const Value& v) { n.node.link_target = v.text(); }},
    {"linktarget_raw", [](NodeFields& n, const Value& v) { n.raw_link_target = v.base64(); }},
    {"extended_attributes", read_extended_attributes},
    {"generic_attributes",
     [](NodeFields& n, const Value& v) { n.has_generic_attributes = v.object().size() > 0; }},
    {"device", [](NodeFields& n, const Value& v) { n.node.device = v.number<std::uint64_t>(); }},
    {"content", read_content},
    {"subtree", [](NodeFields& n, const Value& v) { n.node.subtree = v.id<BlobId>(); }},
    {"error", [](NodeFields& n, const Value& v) { n.node.error = v.text(); }},
}};

Error damaged(Text message) {
  return {ErrorCode::corrupt, std::move(message)};
}

NodeType parse_type(const NodeFields& fields) {
  for (int i = 0; i <= static_cast<int>(NodeType::irregular); ++i) {
    const auto type = static_cast<NodeType>(i);
    if (to_string(type) == fields.type) return type;
  }
  throw damaged(text("format.tree_type",
                     {{"name", quote_name(fields.node.name)}, {"type", std::string(fields.type)}}));
}

void check_name(const std::string& name) {
  const bool is_special = name.empty() || name == "." || name == "..";
  if (is_special || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    throw damaged(text("format.tree_name", {{"name", quote_name(name)}}));
  }
}

class TreeReader {
 public:
  TreeReader(std::string_view json, const std::function<bool(Node&&)>& visit)
      : json_(json), visit_(visit) {}

  void read(simdjson::dom::array nodes) {
    std::size_t position = 0;
    for (const simdjson::dom::element item : nodes) {
      if (!visit_(read_node(item, position++))) return;
    }
  }

 private:
  Node read_node(simdjson::dom::element item, std::size_t position) {
    NodeFields fields;
    Node& node = fields.node;
    node.mtime.seconds = node.atime.seconds = node.ctime.seconds = kGoZeroTime;
    read_fields(JsonValue(item, kTree, "nodes").object(), kNode, kFields, fields);
    check_name(node.name);
    if (position > 0 && node.name <= last_name_) {
      throw damaged(text("format.tree_order", {{"name", quote_name(node.name)}}));
    }
    last_name_ = node.name;
    node.type = parse_type(fields);
    if (node.type == NodeType::dir && !node.subtree) {
      throw damaged(text("format.tree_subtree", {{"name", quote_name(node.name)}}));
    }
    if (fields.raw_link_target) node.link_target = as_text(*fields.raw_link_target);
    if (fields.has_generic_attributes) node.generic_attributes = generic_attributes(position);
    return std::move(node);
  }

  // Only trees of Windows machines have them, so the text is searched when the first one is met.
  std::string generic_attributes(std::size_t position) {
    if (raw_.empty()) raw_ = raw_members(json_, "nodes", "generic_attributes");
    // Not found or empty: the key that the DOM saw was spelled with escapes, which nobody writes.
    const bool is_found =
        position < raw_.size() && raw_[position].find('"') != std::string_view::npos;
    if (!is_found) throw_bad_field(kNode, "generic_attributes");
    return std::string(raw_[position]);
  }

  std::string_view json_;
  const std::function<bool(Node&&)>& visit_;
  std::string last_name_;
  std::vector<std::string_view> raw_;
};

}  // namespace

void decode_tree(ByteView json, const std::function<bool(Node&&)>& visit) {
  const JsonDocument document(as_text(json));
  simdjson::dom::array nodes;
  if (document.object(kTree)["nodes"].get(nodes) != simdjson::SUCCESS) {
    throw_bad_field(kTree, "nodes");
  }
  TreeReader(as_text(json), visit).read(nodes);
}

std::vector<Node> decode_tree(ByteView json) {
  std::vector<Node> nodes;
  decode_tree(json, [&nodes](Node&& node) {
    nodes.push_back(std::move(node));
    return true;
  });
  return nodes;
}

}  // namespace hikae::format
