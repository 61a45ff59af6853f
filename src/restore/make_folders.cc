// SPDX-License-Identifier: Apache-2.0
#include "restore/make_folders.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "restore/name_twins.h"
#include "restore/remove_items.h"

namespace hikae::restore {
namespace {

using State = FolderItem::State;

enum class Found { nothing, folder, something_else };

Found look(int parent, const std::string& name) {
  struct stat status {};
  if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Found::nothing;
    throw system_error(errno, text("restore.look_failed"));
  }
  return S_ISDIR(status.st_mode) ? Found::folder : Found::something_else;
}

State make_folder(Context& context,
                  const OpenFolder& parent,
                  const std::string& name,
                  const std::string& path,
                  const StopToken& stop) {
  // Whoever else uses the machine shall not look in before the owner and mode are restored.
  constexpr mode_t kPrivate = 0700;
  const int at = parent.fd.get();
  if (mkdirat(at, name.c_str(), kPrivate) == 0) return State::made;
  if (errno != EEXIST) {
    throw system_error(errno, text("restore.make_folder_failed", {{"path", path}}));
  }
  if (look(at, name) == Found::folder) return State::existed;
  if (context.options.overwrite == Overwrite::never) {
    throw system_error(EEXIST, text("restore.make_folder_failed", {{"path", path}}));
  }
  clear_place(at, name, path, FolderContent::keep, stop);
  if (mkdirat(at, name.c_str(), kPrivate) == 0) return State::made;
  throw system_error(errno, text("restore.make_folder_failed", {{"path", path}}));
}

State look_at_folder(Context& context, const OpenFolder& parent, const std::string& name) {
  switch (look(parent.fd.get(), name)) {
    case Found::nothing:
      return State::made;
    case Found::folder:
      return State::existed;
    case Found::something_else:
      break;
  }
  return context.options.overwrite == Overwrite::never ? State::failed : State::made;
}

template <typename Settle>
void for_each_needed(Context& context,
                     RestoreTree& tree,
                     const StopToken& stop,
                     const Settle& settle) {
  // Parents come first: their numbers are smaller.
  for (std::uint32_t number = 1; number < tree.folders.size(); ++number) {
    throw_if_stopped(stop);
    FolderItem& folder = tree.folders[number];
    if (!folder.needed) continue;
    const State parent = tree.folders[folder.parent].state;
    if (parent == State::failed) {
      folder.state = State::failed;
      continue;
    }
    try {
      folder.state = settle(folder, number, parent);
    } catch (const Error& error) {
      folder.state = State::failed;
      report_or_throw(context, tree.path_of(number), error);
    }
  }
}

}  // namespace

void make_folders(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop) {
  tree.folders[0].state = State::existed;
  for_each_needed(context, tree, stop, [&](const FolderItem& folder, std::uint32_t number, State) {
    const FolderHandle parent = folders.open(folder.parent);
    const std::string path = tree.path_of(number);
    if (folder.is_twin) refuse_twin(*parent);
    return make_folder(context, *parent, std::string(folder.name), path, stop);
  });
}

void look_at_folders(Context& context, RestoreTree& tree, Folders* folders, const StopToken& stop) {
  tree.folders[0].state = folders == nullptr ? State::made : State::existed;
  for_each_needed(context, tree, stop, [&](const FolderItem& folder, std::uint32_t, State parent) {
    if (parent == State::made) return State::made;
    return look_at_folder(context, *folders->open(folder.parent), std::string(folder.name));
  });
}

}  // namespace hikae::restore
