// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"
#include "os/file_lock.h"
#include "os/files.h"

namespace hikae {
namespace {

class FileSlotLock final : public SlotLock {
 public:
  explicit FileSlotLock(os::FileLock lock) : lock_(std::move(lock)) {}

 private:
  os::FileLock lock_;
};

}  // namespace

std::unique_ptr<SlotLock> SlotLock::try_acquire(const std::string& state_directory,
                                                const std::string& policy,
                                                const std::string& job) {
  const std::string folder = state_directory + "/slots";
  os::ensure_directory(folder, 0700);
  // Neither name holds a dot, so that no two pairs share a file.
  auto lock = os::FileLock::try_acquire(folder + "/" + policy + "." + job + ".lock");
  if (!lock) return nullptr;
  return std::make_unique<FileSlotLock>(std::move(*lock));
}

}  // namespace hikae
