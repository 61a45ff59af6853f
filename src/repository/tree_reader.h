// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>

#include "concurrency/guarded.h"
#include "repository/repository.h"

namespace hikae {

// Loads trees for who reads many. A backup stores the trees of a folder's subfolders before the
// folder's own, and so they lie in the packs; where each request waits for an answer, what lies
// before a wanted tree is read with it, and what is asked for next is answered from memory. A
// reader never gives what was in the repository before it was made: whoever wants to know what is
// there now makes a new one. Thread-safe. Holds up to kWindows times Backend::read_ahead() bytes.
class TreeReader {
 public:
  static constexpr std::size_t kWindows = 16;

  // Both outlive it; the index stays as it is meanwhile.
  TreeReader(Repository& repository, const Index& index)
      : repository_(repository), index_(index), read_ahead_(repository.backend().read_ahead()) {}

  // As Repository::load_blob().
  Bytes load(const BlobId& tree, BlobBuffers& buffers, const StopToken& stop);

 private:
  // A part of a pack. Another thread may still be reading it.
  struct Window {
    PackId pack;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::shared_ptr<const Bytes> bytes;  // shared with who reads a tree from it; null: under way
    bool failed = false;
  };
  using Windows = std::list<std::shared_ptr<Window>>;  // last used first

  std::shared_ptr<Window> find(const BlobLocation& place, Windows& windows) const;
  std::shared_ptr<Window> window_with(const BlobLocation& place, const StopToken& stop);
  void read(Window& window, const StopToken& stop);

  Repository& repository_;
  const Index& index_;
  const std::size_t read_ahead_;
  Guarded<Windows> windows_;
};

}  // namespace hikae
