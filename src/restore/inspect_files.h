// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include "restore/context.h"
#include "restore/folders.h"

namespace hikae::restore {

// What --overwrite says about an item when something else may stand at its place.
enum class Place {
  free,     // nothing is there
  replace,  // something is there and gives way
  keep,     // something is there and stays
};
// `status` is filled unless the place is free. Throws Error.
Place look_at_place(const RestoreOptions& options,
                    int folder,
                    std::string_view name,
                    const Times& times,
                    struct stat& status);

// Opens a file for reading without touching its times where that is allowed; never through a link,
// and without waiting for a fifo. Invalid, and errno, when it cannot.
os::Fd open_to_read(int folder, const std::string& name);

// Decides for one file after another what has to be done, by reading what stands in the target. A
// file in a folder that is new needs no look. Different files may be inspected by several threads,
// each with an inspector of its own.
class FileInspector {
 public:
  // REQUIRES: tree.have has one element per blob.
  FileInspector(Context& context, RestoreTree& tree, Folders& folders);
  void inspect(FileItem& file, const StopToken& stop);

 private:
  FileItem::State decide(const FileItem& file, const StopToken& stop);
  FileItem::State compare(const FileItem& file,
                          int folder,
                          const struct stat& status,
                          const StopToken& stop);
  // Marks the blobs that the file holds at their places; true when all of its content is right.
  bool find_matches(const FileItem& file, int fd, const StopToken& stop);
  bool has_wanted_metadata(const FileItem& file, const struct stat& status) const;
  void forget_matches(const FileItem& file);

  Context& context_;
  RestoreTree& tree_;
  Folders& folders_;
  Bytes buffer_;
};

}  // namespace hikae::restore
