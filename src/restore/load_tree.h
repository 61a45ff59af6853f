// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "restore/context.h"
#include "restore/restore_tree.h"
#include "restore/selection.h"

namespace hikae::restore {

// Reads a snapshot's folders with any number of threads and keeps what is selected. What waits is a
// folder's number and id, so memory follows the number of folders, not of their entries.
class TreeLoader {
 public:
  TreeLoader(Context& context, const PathSelection& selection, const BlobId& root);

  // Loads folders until none is left. For each thread.
  void work(const StopToken& stop);
  // After all threads have returned: hard links are resolved, needed folders marked.
  RestoreTree finish();

 private:
  struct Pending {
    std::uint32_t folder = 0;
    BlobId tree;
    std::string path;  // filled when its turn comes
  };
  struct LinkMember {
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    std::uint32_t file = 0;
  };
  struct State {
    RestoreTree tree;
    std::vector<Pending> pending;  // a stack, so that the order is nearly that of the paths
    std::size_t under_way = 0;
    std::vector<LinkMember> links;
    std::map<std::string, std::uint32_t> owner_numbers;
  };
  struct Batch {
    std::vector<format::Node> nodes;  // selected, or folders that may hold something selected
    std::vector<std::uint8_t> selected;
    std::string entries;
    bool complete = false;
  };

  std::optional<Pending> next(const StopToken& stop);
  Batch load(const Pending& job, const StopToken& stop);
  void add_node(Batch& batch, const std::string& path, format::Node&& node) const;
  void store(const Pending& job, Batch batch);
  static void store_folder(State& state,
                           const Pending& job,
                           const format::Node& node,
                           Attributes attributes,
                           bool is_selected);
  static void store_file(State& state,
                         const Pending& job,
                         const format::Node& node,
                         Attributes attributes);
  static Attributes attributes_of(State& state, format::Node& node);
  static std::uint32_t owner_number(State& state, const std::string& name);
  static void resolve_links(State& state);

  Context& context_;
  const PathSelection& selection_;
  Guarded<State> state_;
};

}  // namespace hikae::restore
