// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "format/node.h"

namespace hikae {

// An item that could not be read, or not as it should be. Data, not an exception: the run goes on
// and says so.
struct ItemError {
  enum class Kind {
    unreadable,  // left out, or recorded without content
    changed,   // changed while it was read, each time; what was stored may be no state it ever had
    metadata,  // content is stored; an attribute could not be read
    damaged,   // stored as it is; what it holds was damaged before it was read
  };
  Kind kind = Kind::unreadable;
  std::string path;
  Text message;
};

// Takes item errors from any thread.
class ItemErrorSink {
 public:
  virtual ~ItemErrorSink() = default;
  virtual void report(ItemError error) = 0;
};

// One entry of a folder: its metadata as the snapshot will hold it, without content or subtree.
struct SourceEntry {
  // stream: what another program makes while it is read. Its size is known at its end only
  // (node.size is a guess, for progress), it is read once, and its failure is the whole source's:
  // no snapshot is sealed then. The streams of a folder are begun one after the other, each by a
  // reader of its own: the one of which most is expected first, those of equal size in their order.
  // So a stream may wait for what those bring of which more is expected.
  enum class Content { stored, stream };
  format::Node node;
  std::string path;  // as the source names it, for messages and for opening
  Content content = Content::stored;
};

// A file's content, read from front to end by one thread.
class SourceFile {
 public:
  virtual ~SourceFile() = default;
  // At most out.size() bytes; 0 at the end. Throws Error.
  virtual std::size_t read(MutableByteView out) = 0;
  // The metadata of what was opened, as of now: before reading it may differ from the entry, and
  // when it differs after reading, the file changed while it was read.
  virtual format::Node stat() = 0;
  // The size in bytes of the pieces that the content is stored in, from 1 to kMaxChunkSize; nothing
  // for pieces that end where the content says so. For files that are rewritten in place, page by
  // page: a changed page then costs one small piece, and no other one moves.
  virtual std::optional<std::size_t> piece_size() const { return std::nullopt; }
};

// What a streamed folder brings next.
struct StreamedItem {
  // Where it is: "" for the streamed folder itself, else "a/b". An open folder: one that was
  // brought as an entry and is not complete.
  std::string folder;
  // Absent: `folder` is complete. The folders below it must be complete, and it must not be "".
  std::optional<SourceEntry> entry;
  // A file's bytes, which must be read to the end before the next item is asked for; the file's
  // metadata is then what stat() gives, so that a size may become known at the end only. Null for
  // what is no file.
  std::unique_ptr<SourceFile> content;
};

// A folder that cannot be listed beforehand, with all that is below it: each thing comes once, in
// the stream's own order, a folder before what is in it. Used by one thread.
class SourceStream {
 public:
  virtual ~SourceStream() = default;
  // How many bytes are to be expected, for progress only.
  virtual std::uint64_t expected_bytes() const { return 0; }
  // nullopt at the end, which is reached only when all came whole and unharmed. Folders that are
  // still open then are complete. Throws Error when the stream breaks: then the source has failed.
  virtual std::optional<StreamedItem> next() = 0;
};

// One folder: either listed by read() and opened entry by entry, or streamed. Objects are small (no
// open handle is kept between calls), so that many may wait their turn. After read() has returned,
// open_directory() and open_file() may be called from several threads at once. The source outlives
// its folders, and a folder outlives the files opened from it.
class SourceDirectory {
 public:
  virtual ~SourceDirectory() = default;
  // Asked first, once. Not null for a streamed folder, of which nothing else is asked. The folder
  // and `errors` outlive the stream. Throws Error when it cannot be opened: then the source has
  // failed.
  virtual std::unique_ptr<SourceStream> open_stream(ItemErrorSink& errors);
  // The entries to store, ascending by raw name, after exclusion. Unreadable entries go to `errors`
  // and are left out. Throws Error when the folder itself cannot be read.
  virtual std::vector<SourceEntry> read(ItemErrorSink& errors) = 0;
  // REQUIRES: entry.node.type == dir, and it came from this folder's read().
  virtual std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) = 0;
  // REQUIRES: entry.node.type == file. Throws Error.
  virtual std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) = 0;
};

inline std::unique_ptr<SourceStream> SourceDirectory::open_stream(ItemErrorSink&) {
  return nullptr;
}

// What becomes nodes and streams. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  // Checks the guards (missing, empty, not mounted) and returns the snapshot's root, whose entries
  // are the first components of the paths. Throws Error not_found, empty_source or not_mounted:
  // never an empty backup.
  virtual std::unique_ptr<SourceDirectory> open_root() = 0;
  // Called once all was read, before any snapshot is sealed. Throws Error when the source is not
  // whole: then there is no snapshot.
  virtual void finish() {}
  // After finish(): what there is to tell of what was read, for people and as a JSON value (empty:
  // nothing).
  virtual std::vector<Text> summary() { return {}; }
  virtual std::string facts() { return {}; }
  // For the snapshot file.
  virtual std::vector<std::string> paths() const = 0;
  virtual std::vector<std::string> excludes() const = 0;
};

}  // namespace hikae
