// SPDX-License-Identifier: Apache-2.0
#include "restore/pipeline.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "concurrency/bounded_queue.h"
#include "concurrency/task_group.h"
#include "os/files.h"
#include "repository/snapshots.h"
#include "restore/delete_extras.h"
#include "restore/fetch_packs.h"
#include "restore/finish_folders.h"
#include "restore/inspect_files.h"
#include "restore/load_tree.h"
#include "restore/make_folders.h"
#include "restore/make_others.h"
#include "restore/name_twins.h"
#include "restore/verify_files.h"
#include "restore/write_files.h"

namespace hikae {
namespace {

using namespace hikae::restore;  // NOLINT(google-build-using-namespace): this file joins its parts

constexpr std::size_t kMaxReaders = 4;

std::size_t worker_count(const Context& context) {
  return context.options.workers != 0 ? context.options.workers : cpu_count();
}

// Calls work(number) for each number below `count` from several threads. Each thread makes its own
// work with `make_work`, so that buffers are not shared.
template <typename MakeWork>
void in_parallel(const Context& context,
                 std::size_t count,
                 const MakeWork& make_work,
                 const StopToken& stop) {
  constexpr std::size_t kPiece = 64;
  std::atomic<std::size_t> next{0};
  TaskGroup group(stop);
  const std::size_t workers = std::min(worker_count(context), (count + kPiece - 1) / kPiece);
  for (std::size_t i = 0; i < workers; ++i) {
    group.spawn("restore", [&](const StopToken& group_stop) {
      const auto work = make_work();
      while (true) {
        const std::size_t begin = next.fetch_add(kPiece);
        const std::size_t end = std::min(begin + kPiece, count);
        for (std::size_t number = begin; number < end; ++number) work(number, group_stop);
        if (end == count || begin >= count) return;
      }
    });
  }
  group.join();
}

void check_options(const RestoreOptions& options, const PathSelection& selection) {
  if (options.target.empty() || options.target.front() != '/') {
    throw Error(ErrorCode::invalid_argument,
                text("restore.target_not_absolute", {{"target", options.target}}));
  }
  const bool is_root = options.target.find_first_not_of('/') == std::string::npos;
  if (is_root && options.delete_extra == DeleteExtra::yes && !selection.is_limited()) {
    throw Error(ErrorCode::invalid_argument, text("restore.delete_at_root"))
        .with_hint(text("restore.delete_at_root_hint"));
  }
}

BlobId find_root(Context& context, const BlobId& tree, const StopToken& stop) {
  const std::string& path = context.options.subfolder;
  if (path.find_first_not_of('/') == std::string::npos) return tree;
  const auto load = [&](const BlobId& id) {
    return load_blob(context, format::BlobType::tree, id, stop);
  };
  const auto node = find_node(load, tree, path);
  if (!node) {
    throw Error(ErrorCode::not_found, text("restore.no_subfolder", {{"path", path}}))
        .with_hint(text("restore.no_subfolder_hint"));
  }
  if (node->type != format::NodeType::dir || !node->subtree) {
    throw Error(ErrorCode::invalid_argument, text("restore.not_a_folder", {{"path", path}}))
        .with_hint(text("restore.not_a_folder_hint", {{"path", path}}));
  }
  return *node->subtree;
}

RestoreTree load_tree(Context& context,
                      const PathSelection& selection,
                      const BlobId& tree,
                      const StopToken& stop) {
  TreeLoader loader(context, selection, find_root(context, tree, stop));
  TaskGroup group(stop);
  for (std::size_t i = 0; i < worker_count(context); ++i) {
    group.spawn("restore-tree", [&](const StopToken& group_stop) { loader.work(group_stop); });
  }
  group.join();
  return loader.finish();
}

os::Fd open_target(const std::string& target) {
  os::ensure_directory(target, 0700);
  os::Fd fd = os::open_file(target, O_RDONLY | O_DIRECTORY);
  struct statvfs file_system {};
  // Said once, and not for each item.
  if (fstatvfs(fd.get(), &file_system) == 0 && (file_system.f_flag & ST_RDONLY) != 0) {
    throw system_error(EROFS, text("restore.target_unusable", {{"target", target}}));
  }
  return fd;
}

void inspect_files(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop) {
  tree.have.assign(tree.content.size(), 0);
  const auto make_work = [&] {
    auto inspector = std::make_shared<FileInspector>(context, tree, folders);
    return [&tree, inspector](std::size_t number, const StopToken& group_stop) {
      inspector->inspect(tree.files[number], group_stop);
    };
  };
  in_parallel(context, tree.files.size(), make_work, stop);
}

void announce(Context& context, const RestoreTree& tree, const FetchPlan& plan) {
  context.progress.files_total = plan.files_to_write;
  context.progress.bytes_total = plan.bytes_to_write;
  for (const FileItem& file : tree.files) {
    const bool stays =
        file.state == FileItem::State::keep || file.state == FileItem::State::metadata;
    if (stays) ++context.counters.files_unchanged;
  }
}

// Readers wait for the store, writers for the CPU and the disk; between them lies a short queue.
void write_contents(Context& context,
                    const FetchPlan& plan,
                    FileWriter& writer,
                    const StopToken& stop) {
  const std::size_t writers = worker_count(context);
  const std::size_t readers =
      std::clamp<std::size_t>(context.repository.backend().connections(), 1, kMaxReaders);
  PackReader reader(context, plan);
  BoundedQueue<FetchedRange> ranges(writers);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> readers_left{readers};
  TaskGroup group(stop);
  for (std::size_t i = 0; i < readers; ++i) {
    group.spawn("restore-read", [&](const StopToken& group_stop) {
      for (std::size_t at = next++; at < plan.fetches.size(); at = next++) {
        ranges.push(reader.read(plan.fetches[at], group_stop), group_stop);
      }
      if (--readers_left == 0) ranges.close();
    });
  }
  for (std::size_t i = 0; i < writers; ++i) {
    group.spawn("restore-write", [&](const StopToken& group_stop) {
      WriteScratch scratch;
      while (auto range = ranges.pop(group_stop)) {
        writer.write_range(*range, scratch, group_stop);
        reader.recycle(std::move(*range));
      }
      writer.settle(scratch);
    });
  }
  group.join();
}

void write_files(Context& context,
                 RestoreTree& tree,
                 FetchPlan& plan,
                 Folders& folders,
                 MetadataRestorer& metadata,
                 const StopToken& stop) {
  FileWriter writer(context, tree, plan, folders, metadata);
  write_contents(context, plan, writer, stop);
  const auto make_work = [&] {
    return [&](std::size_t number, const StopToken& group_stop) {
      writer.write_bare(plan.bare_files[number], group_stop);
    };
  };
  in_parallel(context, plan.bare_files.size(), make_work, stop);
  writer.mark_failed_files();
}

void make_others(Context& context,
                 RestoreTree& tree,
                 Folders& folders,
                 MetadataRestorer& metadata,
                 const StopToken& stop) {
  OtherMaker maker(context, tree, folders, metadata);
  const auto make_other = [&] {
    return [&](std::size_t number, const StopToken& group_stop) {
      maker.make(tree.others[number], group_stop);
    };
  };
  in_parallel(context, tree.others.size(), make_other, stop);
  const auto make_link = [&] {
    return [&](std::size_t number, const StopToken& group_stop) {
      FileItem& file = tree.files[number];
      if (file.state == FileItem::State::link) maker.link(file, group_stop);
    };
  };
  in_parallel(context, tree.files.size(), make_link, stop);
}

void verify_files(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop) {
  if (context.options.verify == VerifyAfter::no) return;
  const auto make_work = [&] {
    auto verifier = std::make_shared<FileVerifier>(context, tree, folders);
    return [&tree, verifier](std::size_t number, const StopToken& group_stop) {
      if (tree.files[number].is_written()) verifier->verify(tree.files[number], group_stop);
    };
  };
  in_parallel(context, tree.files.size(), make_work, stop);
}

auto selected_by(const PathSelection& selection) {
  return [&selection](const std::string& path) { return selection.is_selected(path); };
}

void sync_target(const std::string& target) {
  try {
    os::sync_file_system(target);
  } catch (Error& error) {
    error.add_context(text("restore.syncing", {{"target", target}}));
    error.set_hint(text("restore.syncing_hint", {{"target", target}}));
    throw;
  }
}

RestoreReport make_report(Context& context) {
  RestoreReport report;
  const Counters& counters = context.counters;
  report.files_restored = counters.files_restored;
  report.files_unchanged = counters.files_unchanged;
  report.directories = counters.directories;
  report.others = counters.others;
  report.deleted = counters.deleted;
  report.bytes_written = counters.bytes_written;
  report.files_verified = counters.files_verified;
  report.errors = context.errors.take();
  return report;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): what a restore needs, each said by its caller
RestoreReport run_restore(Repository& repository,
                          const Index& index,
                          const BlobId& tree_id,
                          const RestoreOptions& options,
                          RestoreProgress& progress,
                          Log& log,
                          const StopToken& stop) {
  Context context{repository, index, options, progress, log, {}, {}};
  const PathSelection selection(options);
  check_options(options, selection);
  RestoreTree tree = load_tree(context, selection, tree_id, stop);
  // Every selected item is known by folder, name and metadata. Nothing has been written.

  Folders folders(tree, open_target(options.target));
  make_folders(context, tree, folders, stop);
  refuse_twins(context, tree, folders, stop);
  // Every folder that gets something is a real folder beneath the target, or marked as failed. No
  // two items have one place.

  inspect_files(context, tree, folders, stop);
  FetchPlan plan = plan_fetches(context, tree, stop);
  announce(context, tree, plan);
  // Each file is settled: made, replaced, updated or left. Each blob that is needed is in one
  // fetch.

  MetadataRestorer metadata(options, tree);
  write_files(context, tree, plan, folders, metadata, stop);
  // Every file that did not fail is complete, with its metadata.

  make_others(context, tree, folders, metadata, stop);
  verify_files(context, tree, folders, stop);
  if (options.delete_extra == DeleteExtra::yes) {
    const auto count = [&](const std::string&) { ++context.counters.deleted; };
    const RemoveRules rules{Deed::remove, selected_by(selection), count};
    delete_extras(context, tree, folders, rules, stop);
  }
  // Nothing changes inside any folder any more, so its times can be set.

  finish_folders(context, tree, folders, metadata, stop);
  sync_target(options.target);
  // What was restored is on disk, and a disk that could not keep it has said so.

  return make_report(context);
}

namespace {

using Action = RestorePlanItem::Action;

Action action_of(const FileItem& file) {
  switch (file.state) {
    case FileItem::State::create:
    case FileItem::State::link:
      return Action::create;
    case FileItem::State::replace:
    case FileItem::State::update:
      return Action::update;
    default:
      return Action::keep;
  }
}

void add_files(const RestoreTree& tree, RestorePlanSummary& summary) {
  for (const FileItem& file : tree.files) {
    if (file.state == FileItem::State::failed) continue;
    const bool is_link = file.leader != kNone;
    ++(is_link ? summary.others : summary.files);
    if (!is_link) summary.bytes += file.size;
    summary.items.push_back({action_of(file), tree.path_of(file), is_link ? 0 : file.size});
  }
}

void add_folders_and_others(const RestoreTree& tree, RestorePlanSummary& summary) {
  for (std::uint32_t number = 1; number < tree.folders.size(); ++number) {
    const FolderItem::State state = tree.folders[number].state;
    if (state == FolderItem::State::absent || state == FolderItem::State::failed) continue;
    ++summary.directories;
    const Action action = state == FolderItem::State::made ? Action::create : Action::update;
    summary.items.push_back({action, tree.path_of(number), 0});
  }
  for (const OtherItem& item : tree.others) {
    ++summary.others;
    summary.items.push_back({Action::create, tree.path_of(item.folder, item.name), 0});
  }
}

}  // namespace

RestorePlanSummary plan_restore(Repository& repository,
                                const Index& index,
                                const BlobId& tree_id,
                                const RestoreOptions& options,
                                const StopToken& stop) {
  RestoreProgress progress;
  NullLog log;
  Context context{repository, index, options, progress, log, {}, {}};
  const PathSelection selection(options);
  check_options(options, selection);
  RestoreTree tree = load_tree(context, selection, tree_id, stop);

  RestorePlanSummary summary;
  os::Fd target = os::try_open(options.target, O_RDONLY | O_DIRECTORY);
  if (!target && errno != ENOENT) {
    throw system_error(errno, text("restore.target_unusable", {{"target", options.target}}));
  }
  std::optional<Folders> folders;
  if (target) folders.emplace(tree, std::move(target));
  look_at_folders(context, tree, folders ? &*folders : nullptr, stop);
  if (folders) {
    inspect_files(context, tree, *folders, stop);
    if (options.delete_extra == DeleteExtra::yes) {
      const auto add = [&](const std::string& path) {
        summary.items.push_back({Action::remove, path, 0});
        ++summary.to_delete;
      };
      const RemoveRules rules{Deed::pretend, selected_by(selection), add};
      delete_extras(context, tree, *folders, rules, stop);
    }
  }
  summary.bytes_to_write = plan_fetches(context, tree, stop).bytes_to_write;
  add_files(tree, summary);
  add_folders_and_others(tree, summary);
  std::sort(summary.items.begin(), summary.items.end(), [](const auto& a, const auto& b) {
    return a.path < b.path;
  });
  summary.errors = context.errors.take();
  return summary;
}

}  // namespace hikae
