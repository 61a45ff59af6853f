// SPDX-License-Identifier: Apache-2.0
#include "restore/name_twins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "base/error.h"

namespace hikae::restore {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

bool folds(int folder) {
  // Nobody else has it: the process's own number.
  const std::string name = ".hikae-fold-" + std::to_string(getpid()) + "-x";
  std::string other = name;
  other.back() = 'X';
  const os::Fd probe =
      os::try_open_at(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (!probe) throw system_error(errno, text("restore.create_failed"));
  struct stat status {};
  const bool is_there = fstatat(folder, other.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  unlinkat(folder, name.c_str(), 0);
  return is_there;
}

}  // namespace

std::vector<std::uint8_t> find_twins(const std::vector<format::Node>& nodes) {
  std::vector<std::uint8_t> twins;
  twins.reserve(nodes.size());
  std::unordered_set<std::string> seen;
  for (const format::Node& node : nodes)
    twins.push_back(seen.insert(folded(node.name)).second ? 0 : 1);
  return twins;
}

void refuse_twin(const OpenFolder& folder) {
  if (!folds(folder.fd.get())) return;
  throw Error(ErrorCode::unsupported, text("restore.name_twin"));
}

void refuse_twins(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop) {
  const auto is_refused = [&](std::uint32_t folder, std::string_view name) {
    throw_if_stopped(stop);
    // Told already, with all that is below it.
    if (tree.folders[folder].state == FolderItem::State::failed) return false;
    try {
      refuse_twin(*folders.open(folder));
      return false;
    } catch (const Error& error) {
      report_or_throw(context, tree.path_of(folder, name), error);
      return true;
    }
  };
  for (FileItem& file : tree.files) {
    if (file.is_twin && is_refused(file.folder, file.name)) file.state = FileItem::State::failed;
  }
  const auto gone =
      std::remove_if(tree.others.begin(), tree.others.end(), [&](const OtherItem& item) {
        return item.is_twin && is_refused(item.folder, item.name);
      });
  tree.others.erase(gone, tree.others.end());
}

}  // namespace hikae::restore
