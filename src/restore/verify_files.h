// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"

namespace hikae::restore {

// Reads restored files again and compares each blob with its id. Different files may be verified by
// several threads, each with a verifier of its own.
class FileVerifier {
 public:
  FileVerifier(Context& context, const RestoreTree& tree, Folders& folders);
  // Reports a difference. REQUIRES: file.is_written().
  void verify(const FileItem& file, const StopToken& stop);

 private:
  void compare(const FileItem& file, const StopToken& stop);

  Context& context_;
  const RestoreTree& tree_;
  Folders& folders_;
  Bytes buffer_;
};

}  // namespace hikae::restore
