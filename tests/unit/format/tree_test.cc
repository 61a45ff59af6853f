// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <set>

#include "format/node.h"
#include "support.h"

namespace hikae::format {
namespace {

using namespace std::string_literals;
using testing::bad_field;
using testing::digits_of;
using testing::error_of;
using testing::id_of;

std::string encoded(const std::vector<Node>& nodes) {
  TreeEncoder encoder;
  for (const Node& node : nodes) encoder.add(node);
  return encoder.finish();
}

std::vector<Node> decoded(std::string_view json) {
  return decode_tree(as_bytes(json));
}

Node file(const std::string& name) {
  Node node;
  node.name = name;
  return node;
}

// A tree with one node of the given fields beside name and type.
std::string tree_of(const std::string& fields, const std::string& name = "a") {
  return R"({"nodes":[{"name":")" + name + R"(","type":"file")" + fields + "}]}\n";
}

Error damage(const std::string& json) {
  const Error error = error_of([&] { decoded(json); });
  EXPECT_EQ(error.code(), ErrorCode::corrupt) << json;
  return error;
}

TEST(TreeEncoder, EmptyTree) {
  TreeEncoder encoder;
  EXPECT_EQ(encoder.finish(), "{\"nodes\":[]}\n");
  EXPECT_EQ(encoder.finish(), "{\"nodes\":[]}\n");
  EXPECT_TRUE(decoded("{\"nodes\":[]}\n").empty());
}

TEST(TreeEncoder, LeavesOutWhatIsZeroOrEmpty) {
  EXPECT_EQ(encoded({file("a")}),
            "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"mtime\":\"1970-01-01T00:00:00Z\","
            "\"atime\":\"1970-01-01T00:00:00Z\",\"ctime\":\"1970-01-01T00:00:00Z\",\"uid\":0,"
            "\"gid\":0,\"content\":[]}]}\n");
}

TEST(TreeEncoder, ContentIsNullForAllButFiles) {
  for (const NodeType type : {NodeType::dir,
                              NodeType::symlink,
                              NodeType::dev,
                              NodeType::chardev,
                              NodeType::fifo,
                              NodeType::socket,
                              NodeType::irregular}) {
    Node node = file("a");
    node.type = type;
    EXPECT_THAT(encoded({node}), ::testing::HasSubstr("\"content\":null")) << to_string(type);
  }
}

TEST(TreeEncoder, RefusesNamesOutOfOrder) {
  TreeEncoder encoder;
  EXPECT_EQ(error_of([&] { encoder.add(file("")); }).code(), ErrorCode::invalid_argument);
  encoder.add(file("b"));
  const std::size_t size = encoder.size();
  for (const char* name : {"b", "a", "B", ""}) {
    EXPECT_EQ(error_of([&] { encoder.add(file(name)); }).code(), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(encoder.size(), size);
  encoder.add(file("b "));
  encoder.add(file("\xc3\xa9"));  // bytes above 0x7f come after ASCII
  encoder.add(file("\xff"));
  EXPECT_EQ(decoded(encoder.finish()).size(), 4U);
  encoder.add(file("a"));  // a new tree
  EXPECT_EQ(encoder.finish(), encoded({file("a")}));
}

TEST(DecodeTree, FieldsInAnyOrderAndUnknownOnes) {
  const std::string json =
      R"({"future":{"nodes":[1]},"nodes":[{"new":[{}],"content":[")" + digits_of("ab") +
      R"("],"gid":7,"uid":6,"x":1.5e3,"ctime":"2024-01-02T00:04:05Z","size":18446744073709551615,)" +
      R"("type":"file","name":"\u0061","mode":420,"path":"/a","name2":null}],"after":0})";
  const std::vector<Node> nodes = decoded(json);
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].name, "a");
  EXPECT_EQ(nodes[0].gid, 7U);
  EXPECT_EQ(nodes[0].uid, 6U);
  EXPECT_EQ(nodes[0].mode, 0644U);
  EXPECT_EQ(nodes[0].size, 18446744073709551615U);
  EXPECT_EQ(nodes[0].ctime, (Timestamp{1704153845, 0, 0}));
  EXPECT_EQ(nodes[0].content, std::vector<BlobId>{id_of<BlobId>(0xab)});
}

TEST(DecodeTree, AMissingTimeIsGosZeroTime) {
  const std::vector<Node> nodes = decoded(tree_of(R"(,"content":[],"atime":null)"));
  EXPECT_EQ(to_rfc3339(nodes.at(0).mtime), "0001-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(nodes.at(0).atime), "0001-01-01T00:00:00Z");
}

// Before restic 0.16 a target that is not UTF-8 was stored with replacement characters only.
TEST(DecodeTree, LinkTargetsOfOldAndNew) {
  const std::vector<Node> old = decoded(tree_of(R"(,"linktarget":"a\ufffdb")"));
  EXPECT_EQ(old.at(0).link_target,
            "a\xef\xbf\xbd"
            "b");
  const std::vector<Node> newer =
      decoded(tree_of(R"(,"linktarget_raw":"Yf9i","linktarget":"a\ufffdb")"));
  EXPECT_EQ(newer.at(0).link_target,
            "a\xff"
            "b");
}

TEST(DecodeTree, GenericAttributesAreKeptVerbatim) {
  const std::string attributes =
      R"({"windows.creation_time":"BAh/VAm1jAE=","windows.file_attributes":32,"x":[1.50,"}\"{",{"y":1e2}]})";
  const std::string json = R"({"nodes":[{"name":"a","type":"file"},)"
                           R"({"generic_attributes": )" +
                           attributes +
                           R"( ,"name":"b","type":"file"},)"
                           R"({"name":"c","type":"file","generic_attributes":{}},)"
                           R"({"name":"d","type":"file","generic_attributes":null}]})";
  const std::vector<Node> nodes = decoded(json);
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_EQ(nodes[0].generic_attributes, "");
  EXPECT_EQ(nodes[1].generic_attributes, attributes);
  EXPECT_EQ(nodes[2].generic_attributes, "");
  EXPECT_EQ(nodes[3].generic_attributes, "");
  EXPECT_THAT(encoded({nodes[1]}),
              ::testing::HasSubstr(",\"generic_attributes\":" + attributes + ",\"content\""));
}

TEST(DecodeTree, VisitsUntilToldToStop) {
  const std::string json = encoded({file("a"), file("b"), file("c")});
  std::string seen;
  decode_tree(as_bytes(json), [&](Node&& node) {
    seen += node.name;
    return node.name != "b";
  });
  EXPECT_EQ(seen, "ab");
}

// Walking a snapshot decodes a folder while its parent is being visited.
TEST(DecodeTree, MayBeCalledFromItsVisitor) {
  const std::string json = encoded({file("a"), file("b"), file("c")});
  std::string seen;
  const std::function<void(int)> walk = [&](int depth) {
    decode_tree(as_bytes(json), [&](Node&& node) {
      seen += node.name;
      if (depth > 0) walk(depth - 1);
      return true;
    });
  };
  walk(2);
  std::string expected;
  for (const char* first : {"a", "b", "c"}) {
    expected += first;
    for (const char* second : {"a", "b", "c"}) expected += second + "abc"s;
  }
  EXPECT_EQ(seen, expected);
}

TEST(DecodeTree, RefusesDangerousNames) {
  for (const char* name : {"",
                           ".",
                           "..",
                           "/",
                           "a/b",
                           "/etc",
                           "..\\\\x00",
                           R"(a\\x2fb)",
                           R"(\\x00)",
                           R"(a\u002fb)",
                           R"(\\056\\056)"}) {
    const Error error = damage(tree_of("", name));
    EXPECT_EQ(error.message().key, "format.tree_name") << name;
  }
  EXPECT_EQ(damage(R"({"nodes":[{"type":"file"}]})").message().key, "format.tree_name");
  EXPECT_EQ(decoded(tree_of("", "...")).at(0).name, "...");
}

TEST(DecodeTree, RefusesInvalidEscapes) {
  for (const char* name : {R"(\\)", R"(\\q)", R"(\")", R"(\n)"}) {
    EXPECT_EQ(bad_field([&] { decoded(tree_of("", name)); }), "tree.nodes.name") << name;
  }
}

TEST(DecodeTree, RefusesWrongOrder) {
  const auto tree = [](const std::string& first, const std::string& second) {
    return R"({"nodes":[{"name":")" + first + R"(","type":"file"},{"name":")" + second +
           R"(","type":"file"}]})";
  };
  EXPECT_EQ(damage(tree("b", "a")).message().key, "format.tree_order");
  EXPECT_EQ(damage(tree("a", "a")).message().key, "format.tree_order");
  // The stored form would be in order, the names are not.
  EXPECT_EQ(damage(tree(R"(\\xff)", "a")).message().key, "format.tree_order");
  EXPECT_EQ(decoded(tree("a", R"(\\xff)")).size(), 2U);
}

TEST(DecodeTree, RefusesWhatCannotBeANode) {
  EXPECT_EQ(damage(R"({"nodes":[{"name":"a","type":"door"}]})").message().key, "format.tree_type");
  EXPECT_EQ(damage(R"({"nodes":[{"name":"a"}]})").message().key, "format.tree_type");
  EXPECT_EQ(damage(R"({"nodes":[{"name":"a","type":"dir"}]})").message().key,
            "format.tree_subtree");
  const auto field = [](const std::string& fields) {
    return bad_field([&] { decoded(tree_of(fields)); });
  };
  EXPECT_EQ(field(R"(,"mode":4294967296)"), "tree.nodes.mode");
  EXPECT_EQ(field(R"(,"mode":"0644")"), "tree.nodes.mode");
  EXPECT_EQ(field(R"(,"uid":-1)"), "tree.nodes.uid");
  EXPECT_EQ(field(R"(,"inode":1.0)"), "tree.nodes.inode");
  EXPECT_EQ(field(R"(,"mtime":"yesterday")"), "tree.nodes.mtime");
  EXPECT_EQ(field(R"(,"user":5)"), "tree.nodes.user");
  EXPECT_EQ(field(R"(,"content":["ab"])"), "tree.nodes.content");
  EXPECT_EQ(field(R"(,"content":{})"), "tree.nodes.content");
  EXPECT_EQ(field(R"(,"subtree":"ab")"), "tree.nodes.subtree");
  EXPECT_EQ(field(R"(,"linktarget_raw":"?")"), "tree.nodes.linktarget_raw");
  EXPECT_EQ(field(R"(,"extended_attributes":[{"name":"a","value":"="}])"),
            "tree.nodes.extended_attributes.value");
  EXPECT_EQ(field(R"(,"generic_attributes":[])"), "tree.nodes.generic_attributes");
  EXPECT_EQ(bad_field([] { decoded("{}"); }), "tree.nodes");
  EXPECT_EQ(bad_field([] { decoded(R"({"nodes":null})"); }), "tree.nodes");
  EXPECT_EQ(bad_field([] { decoded(R"({"nodes":[null]})"); }), "tree.nodes");
}

TEST(DecodeTree, RefusesInvalidUtf8AndJson) {
  for (const std::string& json : {""s,
                                  "x"s,
                                  "[]"s,
                                  "{\"nodes\":[}"s,
                                  tree_of("") + "x",
                                  tree_of(",\"user\":\"\xff\""),
                                  tree_of(",\"user\":\"\x01\""),
                                  tree_of(",\"user\":\"\\ud800\""),
                                  std::string(3000, '[')}) {
    damage(json);
  }
}

class RandomNodes {
 public:
  explicit RandomNodes(std::uint64_t seed) : random_(seed) {}

  std::vector<Node> tree() {
    std::vector<Node> nodes;
    std::set<std::string> names;
    while (names.size() < 12) names.insert(name());
    for (const std::string& name : names) nodes.push_back(node(name));
    return nodes;
  }

 private:
  std::uint64_t number(std::uint64_t limit) { return random_() % limit; }
  bool chance() { return number(2) == 0; }

  std::string bytes(std::size_t most) {
    std::string out(number(most + 1), '\0');
    for (char& c : out) c = static_cast<char>(random_());
    return out;
  }
  std::string name() {
    std::string out = chance() ? bytes(12) : unicode();
    out += static_cast<char>('a' + number(26));  // so that it is never a forbidden one
    std::replace(out.begin(), out.end(), '/', '_');
    std::replace(out.begin(), out.end(), '\0', '_');
    return out;
  }
  std::string unicode() {
    static const std::vector<std::string> kPieces = {
        "a",      "Z",  "<",      "&",          "\"",     "\\",     "\n",     "\x7f",
        "\b",     "\f", "あ",     "か\u3099",   "全",     "\u00a0", "\u2028", "\u200b",
        "\u3000", "😀",  "\u0378", "\U0010ffff", "\ufffd", " "};
    std::string out;
    for (std::uint64_t i = number(8); i > 0; --i) out += kPieces[number(kPieces.size())];
    return out;
  }
  Timestamp time() {
    Timestamp time;
    time.seconds = static_cast<std::int64_t>(number(250'000'000'000)) - 10'000'000'000;
    if (chance()) time.nanoseconds = static_cast<std::uint32_t>(number(1'000'000'000));
    if (chance()) time.offset = (static_cast<std::int32_t>(number(57)) - 28) * 1800;
    return time;
  }
  BlobId id() {
    BlobId id;
    for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
    return id;
  }
  Node node(const std::string& name) {
    Node node;
    node.name = name;
    node.type = static_cast<NodeType>(number(8));
    if (chance()) node.mode = static_cast<std::uint32_t>(random_());
    node.mtime = time();
    node.atime = chance() ? node.mtime : time();
    node.ctime = time();
    node.uid = static_cast<std::uint32_t>(chance() ? 0 : random_());
    node.gid = static_cast<std::uint32_t>(chance() ? 0 : random_());
    if (chance()) node.user = unicode();
    if (chance()) node.group = unicode();
    if (chance()) node.inode = random_();
    if (chance()) node.device_id = random_();
    if (chance()) node.size = random_();
    if (chance()) node.links = random_();
    if (chance()) node.device = random_();
    if (node.type == NodeType::symlink) node.link_target = chance() ? bytes(20) : unicode();
    if (node.type == NodeType::file) node.content.resize(number(4));
    for (BlobId& blob : node.content) blob = id();
    if (node.type == NodeType::dir) node.subtree = id();
    for (std::uint64_t i = number(3); i > 0; --i) {
      node.extended_attributes.push_back({unicode(), to_bytes(bytes(10))});
    }
    if (number(8) == 0) node.generic_attributes = R"({"a":"}","b":[1,{"c":null}]})";
    if (number(8) == 0) node.error = unicode();
    return node;
  }

  std::mt19937_64 random_;
};

TEST(Tree, RandomNodesRoundTrip) {
  RandomNodes random(6);
  for (int i = 0; i < 1000; ++i) {
    const std::vector<Node> nodes = random.tree();
    const std::string json = encoded(nodes);
    const std::vector<Node> back = decoded(json);
    ASSERT_EQ(back.size(), nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) ASSERT_EQ(back[n], nodes[n]) << json;
    ASSERT_EQ(encoded(back), json);
  }
}

TEST(Tree, OneHugeFolder) {
  std::vector<Node> nodes;
  for (int i = 0; i < 20000; ++i) {
    Node node = file("file-" + std::to_string(100000 + i));
    node.content = {id_of<BlobId>(static_cast<std::uint8_t>(i))};
    nodes.push_back(std::move(node));
  }
  const std::string json = encoded(nodes);
  ASSERT_GT(json.size(), std::size_t{1} << 21);
  EXPECT_EQ(decoded(json), nodes);
}

}  // namespace
}  // namespace hikae::format
