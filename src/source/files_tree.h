// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "concurrency/guarded.h"
#include "os/fd.h"
#include "source/metadata.h"
#include "source/selection.h"
#include "source/source.h"
#include "source/target_tree.h"

namespace hikae {

// The place beneath which one leaf of the target tree is read, so that no link below it is ever
// followed. Thread-safe.
class Anchor {
 public:
  Anchor() = default;
  explicit Anchor(std::string path) : path_(std::move(path)) {}

  // Keeps the folder open, if it is one: what is mounted there then stays, and a folder that is put
  // in its place meanwhile is not mixed into the snapshot.
  void pin();
  // `relative` is "" for the path itself. An invalid Fd and errno on failure.
  os::Fd try_open(const std::string& relative, int flags) const;

 private:
  std::string path_;
  os::Fd pinned_;
};

// What the folders and files of one snapshot share. Immutable once built, but for what was lost, so
// thread-safe.
struct FilesTree {
  FilesTree(const FilesOptions& of, const Selection& by, HostFacts& host)
      : options(of), selection(by), facts(host) {}

  // As the system is asked for it: relative paths begin in the working directory, ".." is the
  // system's, which differs from the cleaned form behind a link.
  std::string system_path(const std::string& path) const;
  // As messages and patterns see it.
  std::string shown_path(const std::string& path) const;
  // The device of the given path that holds this one; `fallback` if there is none.
  dev_t allowed_device(std::string_view shown_path, dev_t fallback) const;

  // Nothing can be had of a given path any more (its disk or server went away, say). All that it
  // held is missing, so that the source as a whole has failed. The first reason stays.
  void lose(Error why) const;
  std::optional<Error> lost() const;

  const FilesOptions& options;
  const Selection& selection;
  HostFacts& facts;
  std::unique_ptr<TargetNode> root;
  std::map<const TargetNode*, Anchor> anchors;        // of the leaves
  std::map<std::string, dev_t, std::less<>> devices;  // of the given paths

 private:
  mutable Guarded<std::optional<Error>> lost_;
};

// For the guards, which leave the saying to the run itself.
class SilentSink final : public ItemErrorSink {
 public:
  void report(ItemError) override {}
};

}  // namespace hikae
