// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "concurrency/guarded.h"
#include "source/source.h"

namespace hikae::testing {

// A file or folder that exists only here, and how it behaves when it is read.
struct ScriptedItem {
  std::string path;
  format::Node node;
  std::string content;
  std::map<std::string, std::unique_ptr<ScriptedItem>> entries;

  bool is_stream = false;  // a file whose size is known at its end only

  // Files: thrown by open_file(). Folders: thrown by read().
  std::optional<Error> open_failure;
  // Thrown by the read() that would go beyond so many bytes.
  std::optional<std::size_t> unreadable_from;
  // Most bytes that one read() gives.
  std::size_t most_per_read = SIZE_MAX;
  // Called after the first read() of each opening; may change this file.
  std::function<void(ScriptedItem&)> during_read;

  // New content and new times, as a write to the file brings.
  void write(std::string bytes) {
    content = std::move(bytes);
    node.size = content.size();
    touch();
  }
  void touch() {
    node.mtime.seconds += 1;
    node.ctime.seconds += 1;
  }
};

inline Error unreadable_error() {
  return Error(ErrorCode::permission, text("storage.injected"));
}

// A source that tests write by hand. Between two backups a test may change anything.
class ScriptedSource final : public Source {
 public:
  ScriptedSource() { root_.node.type = format::NodeType::dir; }

  // Folders on the way are made.
  ScriptedItem& file(const std::string& path, std::string content = "") {
    const bool is_new = !exists(path);
    ScriptedItem& item = at(path);
    if (!is_new) return item;
    item.node.type = format::NodeType::file;
    item.node.mode = 0644;
    item.node.links = 1;
    item.content = std::move(content);
    item.node.size = item.content.size();
    return item;
  }
  ScriptedItem& folder(const std::string& path) { return path.empty() ? root_ : at(path); }
  void remove(const std::string& path) {
    const auto slash = path.rfind('/');
    ScriptedItem& above = slash == std::string::npos ? root_ : at(path.substr(0, slash));
    above.entries.erase(slash == std::string::npos ? path : path.substr(slash + 1));
  }

  // Paths in the order of open_file(), and forgets them.
  std::vector<std::string> take_opened() { return std::exchange(*opened_.lock(), {}); }
  // The content of each file by path: what a snapshot must hold.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> result;
    std::vector<const ScriptedItem*> waiting{&root_};
    while (!waiting.empty()) {
      const ScriptedItem* item = waiting.back();
      waiting.pop_back();
      if (item->node.type == format::NodeType::file) result.emplace(item->path, item->content);
      for (const auto& [name, entry] : item->entries) waiting.push_back(entry.get());
    }
    return result;
  }

  // Thrown by open_root() and by finish().
  std::optional<Error> root_failure;
  std::optional<Error> finish_failure;

  std::unique_ptr<SourceDirectory> open_root() override {
    if (root_failure) throw Error(*root_failure);
    return std::make_unique<Directory>(*this, root_);
  }
  void finish() override {
    if (finish_failure) throw Error(*finish_failure);
  }
  std::vector<std::string> paths() const override { return {"/scripted"}; }
  std::vector<std::string> excludes() const override { return {}; }

 private:
  class File final : public SourceFile {
   public:
    explicit File(ScriptedItem& item) : item_(item) {}
    std::size_t read(MutableByteView out) override {
      if (item_.unreadable_from && at_ >= *item_.unreadable_from) throw unreadable_error();
      const std::size_t end =
          std::min(item_.content.size(), item_.unreadable_from.value_or(SIZE_MAX));
      const std::size_t size =
          at_ < end ? std::min({out.size(), item_.most_per_read, end - at_}) : 0;
      std::copy_n(item_.content.data() + at_, size, out.data());
      at_ += size;
      if (item_.during_read && !std::exchange(said_, true)) item_.during_read(item_);
      return size;
    }
    format::Node stat() override { return item_.node; }

   private:
    ScriptedItem& item_;
    std::size_t at_ = 0;
    bool said_ = false;
  };

  class Directory final : public SourceDirectory {
   public:
    Directory(ScriptedSource& source, ScriptedItem& item) : source_(source), item_(item) {}
    std::vector<SourceEntry> read(ItemErrorSink&) override {
      if (item_.open_failure) throw Error(*item_.open_failure);
      std::vector<SourceEntry> entries;
      for (const auto& [name, entry] : item_.entries) {
        using Content = SourceEntry::Content;
        entries.push_back(
            {entry->node, entry->path, entry->is_stream ? Content::stream : Content::stored});
      }
      return entries;
    }
    std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) override {
      return std::make_unique<Directory>(source_, *item_.entries.at(entry.node.name));
    }
    std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) override {
      source_.opened_.lock()->push_back(entry.path);
      ScriptedItem& item = *item_.entries.at(entry.node.name);
      if (item.open_failure) throw Error(*item.open_failure);
      return std::make_unique<File>(item);
    }

   private:
    ScriptedSource& source_;
    ScriptedItem& item_;
  };

  bool exists(const std::string& path) const {
    const ScriptedItem* item = &root_;
    for (const std::string& name : split(path)) {
      const auto found = item->entries.find(name);
      if (found == item->entries.end()) return false;
      item = found->second.get();
    }
    return true;
  }

  // Makes what is missing as folders.
  ScriptedItem& at(const std::string& path) {
    ScriptedItem* item = &root_;
    for (const std::string& name : split(path)) {
      std::unique_ptr<ScriptedItem>& entry = item->entries[name];
      if (!entry) entry = make(item->path.empty() ? name : item->path + "/" + name, name);
      item = entry.get();
    }
    return *item;
  }

  std::unique_ptr<ScriptedItem> make(const std::string& path, const std::string& name) {
    auto item = std::make_unique<ScriptedItem>();
    item->path = path;
    item->node.name = name;
    item->node.type = format::NodeType::dir;
    item->node.mode = format::kModeDir | 0755;
    item->node.mtime = {1'600'000'000, 123, 0};
    item->node.atime = item->node.mtime;
    item->node.ctime = {1'600'000'001, 456, 0};
    item->node.inode = ++last_inode_;
    return item;
  }

  static std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    while (begin < path.size()) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      names.push_back(path.substr(begin, end - begin));
      begin = end + 1;
    }
    return names;
  }

  ScriptedItem root_;
  std::uint64_t last_inode_ = 0;
  Guarded<std::vector<std::string>> opened_;
};

}  // namespace hikae::testing
