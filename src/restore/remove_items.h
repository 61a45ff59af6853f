// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "concurrency/stop.h"

namespace hikae::restore {

// Names in an open folder, sorted, without "." and "..". Throws Error.
std::vector<std::string> list_names(int folder);

enum class Deed { remove, pretend };

struct RemoveRules {
  Deed deed = Deed::remove;
  // Whether an entry may go, and who is told of each that went; both get its path below the target.
  std::function<bool(const std::string& path)> may_remove;
  std::function<void(const std::string& path)> on_removed;
};

// Removes what stands at `name` in an open folder: never through a link, never what lies on another
// file system, and of a folder's content only what the rules allow; a folder that still holds
// something stays. Returns false when something stays. To pretend is to tell what would go. Throws
// Error.
bool remove_item(int folder,
                 const std::string& name,
                 const std::string& path,
                 const RemoveRules& rules,
                 const StopToken& stop);

// Makes room for something else at `name`: a file, link or empty folder goes; a folder with content
// only if `content` says so. Throws Error.
enum class FolderContent { keep, remove };
void clear_place(int folder,
                 const std::string& name,
                 const std::string& path,
                 FolderContent content,
                 const StopToken& stop);

}  // namespace hikae::restore
