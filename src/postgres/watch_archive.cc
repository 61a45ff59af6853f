// SPDX-License-Identifier: Apache-2.0
// The custom format of pg_dump 12 to 17 (archive versions 1.14 to 1.16): head, table of contents,
// then one block of data after another. What cannot seek in its output, as here, does not come back
// to write offsets, so an archive that lacks its last blocks looks like a good one until it is
// restored.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "postgres/dump_watcher.h"
#include "postgres/watchers.h"

namespace hikae::postgres {
namespace {

constexpr int kOldestVersion = 0x010E;         // 1.14: PostgreSQL 12
constexpr int kVersionWithAlgorithm = 0x010F;  // 1.15: PostgreSQL 16
constexpr int kVersionWithKind = 0x0110;       // 1.16: PostgreSQL 17
constexpr int kNewestVersion = 0x0110;
constexpr std::uint8_t kCustomFormat = 1;
constexpr std::uint8_t kDataBlock = 1;
constexpr std::uint8_t kLargeObjectsBlock = 3;
// How COPY data ends in the archive.
constexpr std::string_view kCopyEnd = "\\.\n\n\n";

// Reads a buffer that may end too early: then nothing is consumed.
class Reader {
 public:
  Reader(std::string_view bytes, std::size_t int_size) : bytes_(bytes), int_size_(int_size) {}

  bool is_short() const { return short_; }
  std::size_t position() const { return at_; }
  std::string_view rest() const { return bytes_.substr(at_); }

  std::uint8_t byte() {
    if (!has(1)) return 0;
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  // A sign byte, then the lowest byte first.
  std::int64_t number() {
    const bool negative = byte() != 0;
    std::uint64_t value = 0;
    if (!has(int_size_)) return 0;
    for (std::size_t i = 0; i < int_size_; ++i) {
      const auto next = static_cast<std::uint8_t>(bytes_[at_++]);
      if (i < 4) value |= std::uint64_t{next} << (8 * i);
    }
    return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  }
  // nullopt for a string that is not there, which is not an empty one.
  std::optional<std::string_view> string() {
    const std::int64_t length = number();
    if (length < 0 || short_) return std::nullopt;
    if (!has(static_cast<std::size_t>(length))) return std::nullopt;
    const std::string_view found = bytes_.substr(at_, static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return found;
  }
  void skip(std::size_t count) {
    if (has(count)) at_ += count;
  }

 private:
  bool has(std::size_t count) {
    if (short_ || bytes_.size() - at_ < count) short_ = true;
    return !short_;
  }

  std::string_view bytes_;
  std::size_t int_size_;
  std::size_t at_ = 0;
  bool short_ = false;
};

class ArchiveWatcher final : public DumpWatcher {
 public:
  void feed(ByteView piece) override {
    std::string_view rest = as_text(piece);
    while (!rest.empty() && state_ != State::broken && state_ != State::unknown) {
      // The bytes of the tables pass here: no copy.
      if (state_ == State::chunk && left_ > 0) {
        const std::string_view taken = rest.substr(0, left_);
        pass(taken);
        left_ -= taken.size();
        rest.remove_prefix(taken.size());
        continue;
      }
      if (buffer_.empty()) {
        rest.remove_prefix(parse_all(rest));
        if (state_ == State::chunk && left_ > 0) continue;
        buffer_ = rest;
        return;
      }
      // The rest of an item that began in an earlier piece, and what follows it.
      const std::size_t before = buffer_.size();
      const std::size_t taken = std::min(rest.size(), std::max<std::size_t>(4096, before));
      buffer_.append(rest.substr(0, taken));
      const std::size_t used = parse_all(buffer_);
      if (used > before) {
        buffer_.clear();
        rest.remove_prefix(used - before);
      } else {
        buffer_.erase(0, used);
        rest.remove_prefix(taken);
      }
    }
  }

  std::optional<Text> finish() override {
    if (state_ == State::unknown) return std::nullopt;
    if (state_ == State::broken) return text("postgres.dump_not_understood");
    if (state_ != State::block || !buffer_.empty()) return text("postgres.dump_ends_early");
    for (const Entry& entry : entries_) {
      if (!entry.done) return text("postgres.dump_lacks_data", {{"item", entry.name()}});
    }
    return std::nullopt;
  }

  std::vector<TableRows> rows() const override {
    std::vector<TableRows> found;
    for (const Entry& entry : entries_) {
      if (entry.is_table) found.push_back({entry.schema, entry.tag, entry.rows});
    }
    return found;
  }

 private:
  enum class State {
    head,
    contents,  // the entries of the table of contents
    block,     // between two blocks of data
    object,    // in a block of large objects: the number of the next one
    chunk,     // in data: `left_` bytes of a chunk, or the length of the next one
    unknown,   // a version that did not exist when this was written
    broken,
  };
  struct Entry {
    std::string schema;
    std::string tag;
    bool is_table = false;
    bool done = false;
    std::uint64_t rows = 0;
    std::string name() const { return schema.empty() ? tag : schema + "." + tag; }
  };

  // As many items as are whole; returns the bytes used. Stops where a chunk's bytes begin.
  std::size_t parse_all(std::string_view bytes) {
    std::size_t used = 0;
    while (state_ != State::broken && state_ != State::unknown && used < bytes.size() &&
           left_ == 0) {
      Reader reader(bytes.substr(used), int_size_);
      if (!parse_one(reader)) break;
      used += reader.position();
    }
    return used;
  }

  bool parse_one(Reader& reader) {
    switch (state_) {
      case State::head:
        return parse_head(reader);
      case State::contents:
        return parse_entry(reader);
      case State::block:
        return parse_block(reader);
      case State::object:
        return parse_object(reader);
      case State::chunk:
        return parse_chunk(reader);
      case State::unknown:
      case State::broken:
        return false;
    }
    return false;
  }

  bool parse_head(Reader& reader) {
    std::string magic;
    for (int i = 0; i < 5; ++i) magic += static_cast<char>(reader.byte());
    const int major = reader.byte();
    const int version = major << 8 | reader.byte();
    reader.byte();  // revision
    const std::size_t int_size = reader.byte();
    offset_size_ = reader.byte();
    const std::uint8_t format = reader.byte();
    if (reader.is_short()) return false;
    if (magic != "PGDMP" || format != kCustomFormat || int_size == 0 || int_size > 32 ||
        offset_size_ > 32 || version < kOldestVersion) {
      state_ = State::broken;
      return false;
    }
    if (version > kNewestVersion) {
      state_ = State::unknown;
      return false;
    }
    return parse_rest_of_head(reader, version, int_size);
  }

  // The numbers in it have the size that it told before.
  bool parse_rest_of_head(Reader& reader, int version, std::size_t int_size) {
    Reader rest(reader.rest(), int_size);
    if (version >= kVersionWithAlgorithm) {
      rest.byte();
    } else {
      rest.number();  // level of compression
    }
    for (int i = 0; i < 7; ++i) rest.number();  // when it was made
    for (int i = 0; i < 3; ++i) rest.string();  // database, version of the server, of pg_dump
    const std::int64_t count = rest.number();
    if (rest.is_short()) return false;
    if (count < 0) {
      state_ = State::broken;
      return false;
    }
    reader.skip(rest.position());
    version_ = version;
    int_size_ = int_size;
    entries_left_ = count;
    state_ = count == 0 ? State::block : State::contents;
    return true;
  }

  bool parse_entry(Reader& reader) {
    const std::int64_t id = reader.number();
    const bool has_data = reader.number() != 0;
    reader.string();  // catalogue
    reader.string();  // oid
    Entry entry;
    entry.tag = reader.string().value_or("");
    const std::string kind(reader.string().value_or(""));
    reader.number();                              // section
    for (int i = 0; i < 3; ++i) reader.string();  // definition, drop, copy statement
    entry.schema = reader.string().value_or("");
    reader.string();  // tablespace
    reader.string();  // access method
    if (version_ >= kVersionWithKind) reader.number();
    reader.string();           // owner
    reader.string();           // with oids
    while (reader.string()) {  // what it depends on
    }
    reader.byte();
    reader.skip(offset_size_);
    if (reader.is_short()) return false;
    if (has_data) {
      entry.is_table = kind == "TABLE DATA";
      by_id_.emplace(id, entries_.size());
      entries_.push_back(std::move(entry));
    }
    if (--entries_left_ == 0) state_ = State::block;
    return true;
  }

  bool parse_block(Reader& reader) {
    const std::uint8_t kind = reader.byte();
    const std::int64_t id = reader.number();
    if (reader.is_short()) return false;
    const auto found = by_id_.find(id);
    const bool known = kind == kDataBlock || kind == kLargeObjectsBlock;
    if (!known || found == by_id_.end() || entries_[found->second].done) {
      state_ = State::broken;
      return false;
    }
    entry_ = &entries_[found->second];
    in_objects_ = kind == kLargeObjectsBlock;
    state_ = in_objects_ ? State::object : State::chunk;
    tail_.clear();
    return true;
  }

  bool parse_object(Reader& reader) {
    const std::int64_t oid = reader.number();
    if (reader.is_short()) return false;
    if (oid == 0) {
      entry_->done = true;
      state_ = State::block;
    } else {
      state_ = State::chunk;
    }
    return true;
  }

  bool parse_chunk(Reader& reader) {
    const std::int64_t length = reader.number();
    if (reader.is_short()) return false;
    if (length < 0) {
      state_ = State::broken;
      return false;
    }
    if (length > 0) {
      left_ = static_cast<std::size_t>(length);
      return true;
    }
    if (in_objects_) {
      state_ = State::object;
      return true;
    }
    if (tail_ == kCopyEnd) entry_->rows -= std::min<std::uint64_t>(entry_->rows, 3);
    entry_->done = true;
    state_ = State::block;
    return true;
  }

  // Part of a chunk. A row of COPY ends with a line break and holds no other one.
  void pass(std::string_view bytes) {
    if (in_objects_) return;
    entry_->rows += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    if (bytes.size() >= kCopyEnd.size()) {
      tail_ = bytes.substr(bytes.size() - kCopyEnd.size());
      return;
    }
    tail_.append(bytes);
    if (tail_.size() > kCopyEnd.size()) tail_.erase(0, tail_.size() - kCopyEnd.size());
  }

  State state_ = State::head;
  std::string buffer_;  // the beginning of an item that is not whole yet
  int version_ = 0;
  std::size_t int_size_ = 4;
  std::size_t offset_size_ = 8;
  std::int64_t entries_left_ = 0;
  std::vector<Entry> entries_;  // those with data
  std::unordered_map<std::int64_t, std::size_t> by_id_;
  Entry* entry_ = nullptr;  // of the block; in entries_, which does not grow any more
  bool in_objects_ = false;
  std::size_t left_ = 0;  // of the chunk
  std::string tail_;      // the last bytes of the block
};

}  // namespace

std::unique_ptr<DumpWatcher> watch_archive() {
  return std::make_unique<ArchiveWatcher>();
}

}  // namespace hikae::postgres
