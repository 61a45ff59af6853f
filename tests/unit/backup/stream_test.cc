// SPDX-License-Identifier: Apache-2.0
// Folders whose entries come as a stream, and files that are stored in pieces of one size.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kPiece = std::size_t{64} * 1024;

// "a/b/" begins the folder, "a/b/." says that it is complete, else a file with that content.
struct Scripted {
  std::string path;
  std::string content;
  std::optional<std::size_t> piece_size;
};

class StreamedFile final : public SourceFile {
 public:
  StreamedFile(const Scripted& scripted, const format::Node& node)
      : scripted_(scripted), node_(node) {}
  // In odd portions, as a network gives them.
  std::size_t read(MutableByteView out) override {
    const std::size_t size =
        std::min({out.size(), scripted_.content.size() - at_, std::size_t{9973}});
    std::copy_n(scripted_.content.data() + at_, size, out.data());
    at_ += size;
    return size;
  }
  format::Node stat() override { return node_; }
  std::optional<std::size_t> piece_size() const override { return scripted_.piece_size; }

 private:
  const Scripted& scripted_;
  format::Node node_;
  std::size_t at_ = 0;
};

class ScriptedStream final : public SourceStream {
 public:
  ScriptedStream(const std::vector<Scripted>& items, const std::optional<Error>& failure)
      : items_(items), failure_(failure) {}

  std::optional<StreamedItem> next() override {
    if (at_ == items_.size()) {
      if (failure_) throw Error(*failure_);
      return std::nullopt;
    }
    const Scripted& scripted = items_[at_++];
    std::string path = scripted.path;
    const bool is_folder = path.ends_with('/');
    if (is_folder) path.pop_back();
    const auto slash = path.rfind('/');
    StreamedItem item;
    item.folder = slash == std::string::npos ? "" : path.substr(0, slash);
    format::Node node;
    node.name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (node.name == ".") return item;
    node.type = is_folder ? format::NodeType::dir : format::NodeType::file;
    node.size = scripted.content.size();
    if (!is_folder) item.content = std::make_unique<StreamedFile>(scripted, node);
    item.entry = SourceEntry{node, path};
    return item;
  }

 private:
  const std::vector<Scripted>& items_;
  const std::optional<Error>& failure_;
  std::size_t at_ = 0;
};

// A root that is streamed.
class StreamSource final : public Source {
 public:
  std::vector<Scripted> items;
  std::optional<Error> failure;  // thrown instead of the end

  std::unique_ptr<SourceDirectory> open_root() override {
    return std::make_unique<Directory>(*this);
  }
  std::vector<std::string> paths() const override { return {"/streamed"}; }
  std::vector<std::string> excludes() const override { return {}; }

  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> result;
    for (const Scripted& item : items) {
      if (!item.path.ends_with('/') && !item.path.ends_with("/."))
        result.emplace(item.path, item.content);
    }
    return result;
  }

 private:
  class Directory final : public SourceDirectory {
   public:
    explicit Directory(StreamSource& source) : source_(source) {}
    std::unique_ptr<SourceStream> open_stream(ItemErrorSink&) override {
      return std::make_unique<ScriptedStream>(source_.items, source_.failure);
    }
    std::vector<SourceEntry> read(ItemErrorSink&) override { return {}; }
    std::unique_ptr<SourceDirectory> open_directory(const SourceEntry&) override { return nullptr; }
    std::unique_ptr<SourceFile> open_file(const SourceEntry&) override { return nullptr; }

   private:
    StreamSource& source_;
  };
};

class StreamTest : public BackupTest {
 protected:
  BackupReport back_up_stream() {
    kit.repositories = {&destinations.first.repository()};
    BackupReport report = kit.run(stream);
    kit.plan.parent_tree = report.tree;
    return report;
  }

  StreamSource stream;
};

TEST_F(StreamTest, StoresWhatComesInAnyOrder) {
  stream.items = {{"z", "last comes first", {}},
                  {"base/", "", {}},
                  {"base/5/", "", {}},
                  {"base/5/big", random_text(3 << 20, 1), {}},
                  {"base/5/2619", "small", {}},
                  {"base/5/.", "", {}},
                  {"global/", "", {}},
                  {"global/1262", "x", {}},
                  {"base/.", "", {}},
                  {"base-2/", "", {}},
                  {"a", "", {}},
                  {"global/pg_control", "at the end", {}}};

  const BackupReport report = back_up_stream();

  EXPECT_EQ(contents(destinations.first, report), stream.contents());
  EXPECT_EQ(report.summary.files_new, 6);
  EXPECT_EQ(report.summary.dirs_new, 4);
  EXPECT_THAT(report.item_errors, IsEmpty());
  EXPECT_TRUE(has_snapshot(destinations.first));
}

TEST_F(StreamTest, StoresOnlyTheChangedPieceOfAFile) {
  const std::string before = random_text(40 * kPiece + 100, 2);
  stream.items = {{"relation", before, kPiece}};
  back_up_stream();

  stream.items[0].content[20 * kPiece + 5] ^= 1;
  const BackupReport second = back_up_stream();

  EXPECT_EQ(contents(destinations.first, second), stream.contents());
  EXPECT_EQ(second.summary.data_blobs, 1);
  EXPECT_EQ(second.summary.files_changed, 1);
}

TEST_F(StreamTest, CutsPiecesOfExactlyTheSize) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, std::size_t{9} << 20}) {
    stream.items.push_back({std::to_string(size), random_text(size, size), kPiece});
  }

  const BackupReport report = back_up_stream();

  EXPECT_EQ(contents(destinations.first, report), stream.contents());
  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  for (const format::Node& node : format::decode_tree(
           repository.load_blob(index, format::BlobType::tree, report.tree, StopToken()))) {
    EXPECT_EQ(node.content.size(), (node.size + kPiece - 1) / kPiece) << node.name;
  }
}

TEST_F(StreamTest, CountsWhatCameUnchanged) {
  stream.items = {{"d/", "", {}}, {"d/same", "same", {}}, {"d/other", "other", {}}};
  back_up_stream();

  stream.items[2].content = "changed";
  stream.items.push_back({"d/new", "new", {}});
  const BackupReport second = back_up_stream();

  EXPECT_EQ(second.summary.files_unmodified, 1);
  EXPECT_EQ(second.summary.files_changed, 1);
  EXPECT_EQ(second.summary.files_new, 1);
  EXPECT_EQ(second.summary.dirs_changed, 1);
}

TEST_F(StreamTest, SealsNothingWhenTheStreamBreaks) {
  stream.items = {{"base/", "", {}}, {"base/1", random_text(2 << 20, 3), {}}};
  stream.failure = unreadable_error();

  EXPECT_THROW(back_up_stream(), Error);
  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(StreamTest, RefusesAStreamThatLeavesTheOrder) {
  const std::vector<std::vector<Scripted>> bad = {
      {{"unknown/1", "x", {}}},
      {{"a/", "", {}}, {"a/.", "", {}}, {"a/late", "x", {}}},
      {{"a/", "", {}}, {"a/", "", {}}},
      {{"a/", "", {}}, {"a/b/", "", {}}, {"a-c/", "", {}}, {"a/.", "", {}}},
      {{"twice", "x", {}}, {"twice", "y", {}}}};
  for (const auto& items : bad) {
    stream.items = items;
    EXPECT_THROW(back_up_stream(), Error) << items.back().path;
    EXPECT_FALSE(has_snapshot(destinations.first));
  }
}

}  // namespace
}  // namespace hikae::testing
