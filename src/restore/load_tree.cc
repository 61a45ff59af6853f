// SPDX-License-Identifier: Apache-2.0
#include "restore/load_tree.h"

#include <algorithm>
#include <tuple>

#include "restore/name_twins.h"

namespace hikae::restore {
namespace {

bool same_content(const RestoreTree& tree, const FileItem& a, const FileItem& b) {
  const auto begin = tree.content.begin();
  return a.content_count == b.content_count && std::equal(begin + a.content_begin,
                                                          begin + a.content_begin + a.content_count,
                                                          begin + b.content_begin);
}

bool can_be_made(format::NodeType type) {
  return type != format::NodeType::socket && type != format::NodeType::irregular;
}

}  // namespace

TreeLoader::TreeLoader(Context& context, const PathSelection& selection, const BlobId& root)
    : context_(context), selection_(selection) {
  auto state = state_.lock();
  FolderItem target;
  target.needed = true;
  state->tree.folders.push_back(std::move(target));
  state->pending.push_back({0, root, {}});
}

void TreeLoader::work(const StopToken& stop) {
  while (auto job = next(stop)) store(*job, load(*job, stop));
}

std::optional<TreeLoader::Pending> TreeLoader::next(const StopToken& stop) {
  auto state = state_.lock();
  const bool ready =
      state.wait(stop, [&] { return !state->pending.empty() || state->under_way == 0; });
  if (!ready) throw Cancelled();
  if (state->pending.empty()) return std::nullopt;
  Pending job = std::move(state->pending.back());
  state->pending.pop_back();
  job.path = state->tree.path_of(job.folder);
  ++state->under_way;
  return job;
}

TreeLoader::Batch TreeLoader::load(const Pending& job, const StopToken& stop) {
  throw_if_stopped(stop);
  Batch batch;
  try {
    const Bytes json = load_blob(context_, format::BlobType::tree, job.tree, stop);
    const std::string prefix = job.path == "/" ? "/" : job.path + "/";
    format::decode_tree(json, [&](format::Node&& node) {
      add_node(batch, prefix + node.name, std::move(node));
      return true;
    });
    batch.complete = true;
  } catch (const Error& error) {
    // What was decoded before the damage is good and is restored.
    context_.errors.add(job.path, error.message());
  }
  return batch;
}

void TreeLoader::add_node(Batch& batch, const std::string& path, format::Node&& node) const {
  if (context_.options.delete_extra == DeleteExtra::yes) {
    batch.entries += node.name;
    batch.entries += '\0';
  }
  const bool is_folder = node.type == format::NodeType::dir;
  const PathSelection::Choice choice = selection_.choose(path, node.type);
  if (!choice.selected && !choice.below_may_be) return;
  if (!can_be_made(node.type)) {
    // A socket means nothing without the process that listens on it; restic is silent, too.
    if (node.type == format::NodeType::irregular) {
      context_.errors.add(path, text("restore.unknown_type"));
    }
    return;
  }
  // Below an excluded folder nothing is looked at.
  if (is_folder && !choice.below_may_be) node.subtree.reset();
  batch.nodes.push_back(std::move(node));
  batch.selected.push_back(choice.selected ? 1 : 0);
}

void TreeLoader::store(const Pending& job, Batch batch) {
  const std::vector<std::uint8_t> twins = find_twins(batch.nodes);
  {
    auto state = state_.lock();
    FolderItem& folder = state->tree.folders[job.folder];
    folder.complete = batch.complete;
    folder.entries = std::move(batch.entries);
    const std::size_t waiting = state->pending.size();
    RestoreTree& tree = state->tree;
    for (std::size_t i = 0; i < batch.nodes.size(); ++i) {
      format::Node& node = batch.nodes[i];
      Attributes attributes = attributes_of(*state, node);
      if (node.type == format::NodeType::dir) {
        store_folder(*state, job, node, attributes, batch.selected[i] != 0);
        tree.folders.back().is_twin = twins[i] != 0;
      } else if (node.type == format::NodeType::file) {
        store_file(*state, job, node, attributes);
        tree.files.back().is_twin = twins[i] != 0;
      } else {
        tree.folders[job.folder].needed = true;
        tree.others.push_back({tree.texts.keep(node.name),
                               job.folder,
                               node.type,
                               tree.texts.keep(node.link_target),
                               node.device,
                               attributes,
                               twins[i] != 0});
      }
    }
    const auto first = state->pending.begin() + static_cast<std::ptrdiff_t>(waiting);
    std::reverse(first, state->pending.end());
    --state->under_way;
  }
  state_.notify_all();
}

void TreeLoader::store_folder(State& state,
                              const Pending& job,
                              const format::Node& node,
                              Attributes attributes,
                              bool is_selected) {
  const auto number = static_cast<std::uint32_t>(state.tree.folders.size());
  FolderItem folder;
  folder.name = state.tree.texts.keep(node.name);
  folder.parent = job.folder;
  folder.attributes = attributes;
  folder.selected = is_selected;
  folder.needed = is_selected;
  state.tree.folders.push_back(std::move(folder));
  if (node.subtree) state.pending.push_back({number, *node.subtree, {}});
}

void TreeLoader::store_file(State& state,
                            const Pending& job,
                            const format::Node& node,
                            Attributes attributes) {
  RestoreTree& tree = state.tree;
  FileItem file;
  file.name = tree.texts.keep(node.name);
  file.folder = job.folder;
  file.content_begin = static_cast<std::uint32_t>(tree.content.size());
  file.content_count = static_cast<std::uint32_t>(node.content.size());
  file.size = node.size;
  file.attributes = attributes;
  tree.content.insert(tree.content.end(), node.content.begin(), node.content.end());
  if (node.links > 1) {
    const auto number = static_cast<std::uint32_t>(tree.files.size());
    state.links.push_back({node.inode, node.device_id, number});
  }
  tree.folders[job.folder].needed = true;
  tree.files.push_back(file);
}

Attributes TreeLoader::attributes_of(State& state, format::Node& node) {
  Attributes attributes;
  attributes.times = {
      node.mtime.seconds, node.atime.seconds, node.mtime.nanoseconds, node.atime.nanoseconds};
  attributes.mode = format::permissions_to_stat(node.mode);
  attributes.uid = node.uid;
  attributes.gid = node.gid;
  attributes.user = owner_number(state, node.user);
  attributes.group = owner_number(state, node.group);
  if (!node.extended_attributes.empty()) {
    attributes.extended = static_cast<std::uint32_t>(state.tree.extended.size());
    std::vector<os::Xattr> list;
    for (format::ExtendedAttribute& attribute : node.extended_attributes) {
      list.push_back({std::move(attribute.name), std::move(attribute.value)});
    }
    state.tree.extended.push_back(std::move(list));
  }
  return attributes;
}

std::uint32_t TreeLoader::owner_number(State& state, const std::string& name) {
  if (name.empty()) return kNone;
  const auto next = static_cast<std::uint32_t>(state.tree.owner_names.size());
  const auto [entry, is_new] = state.owner_numbers.emplace(name, next);
  if (is_new) state.tree.owner_names.push_back(name);
  return entry->second;
}

void TreeLoader::resolve_links(State& state) {
  std::sort(state.links.begin(), state.links.end(), [](const auto& a, const auto& b) {
    return std::tie(a.inode, a.device, a.file) < std::tie(b.inode, b.device, b.file);
  });
  RestoreTree& tree = state.tree;
  const LinkMember* leader = nullptr;
  for (const LinkMember& member : state.links) {
    const bool is_other =
        leader == nullptr || leader->inode != member.inode || leader->device != member.device;
    if (is_other) {
      leader = &member;
      continue;
    }
    FileItem& file = tree.files[member.file];
    // An inode number that was used again while the backup ran is no hard link.
    if (!same_content(tree, tree.files[leader->file], file)) continue;
    file.leader = leader->file;
    file.state = FileItem::State::link;
  }
}

RestoreTree TreeLoader::finish() {
  auto state = state_.lock();
  resolve_links(*state);
  RestoreTree tree = std::move(state->tree);
  for (std::size_t number = tree.folders.size(); number-- > 1;) {
    const FolderItem& folder = tree.folders[number];
    if (folder.needed) tree.folders[folder.parent].needed = true;
  }
  return tree;
}

}  // namespace hikae::restore
