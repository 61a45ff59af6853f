// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>

#include "concurrency/guarded.h"
#include "os/files.h"
#include "os/users.h"
#include "service/physical_restore.h"
#include "service/verify_manifest.h"

namespace hikae {
namespace {

using Place = PhysicalRestorePlan::Place;

constexpr const char* kControlFile = "/global/pg_control";

[[noreturn]] void fail(const std::string& path) {
  throw system_error(errno, text("service.physical_cannot_make", {{"path", path}}));
}

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
// nullopt where ownership is not restored.
std::optional<Owner> owner_of(const format::Node& node, Ownership ownership) {
  if (ownership == Ownership::none) return std::nullopt;
  Owner owner{node.uid, node.gid};
  if (ownership == Ownership::by_name) {
    os::Accounts accounts;
    owner.uid = accounts.user_id(node.user).value_or(node.uid);
    owner.gid = accounts.group_id(node.group).value_or(node.gid);
  }
  return owner;
}

// Folders above a place that are not there yet: its server's user must get through them, whatever
// our umask is.
void make_way_to(const std::filesystem::path& folder) {
  constexpr mode_t kOpen = 0755;
  std::error_code failed;
  if (folder.empty() || std::filesystem::exists(folder, failed)) return;
  make_way_to(folder.parent_path());
  os::ensure_directory(folder.string(), kOpen);
  if (chmod(folder.c_str(), kOpen) != 0) fail(folder.string());
}

// A server refuses a data directory that others may read, or that is not its own.
void finish_folder(const Place& place, Ownership ownership) {
  const std::string& path = place.target;
  if (const auto owner = owner_of(place.node, ownership)) {
    if (chown(path.c_str(), owner->uid, owner->gid) != 0) fail(path);
  }
  if (chmod(path.c_str(), format::permissions_to_stat(place.node.mode)) != 0) fail(path);
}

// In the snapshot the link leads to the folder beside it.
void lead_to(const Place& tablespace, const std::string& data, Ownership ownership) {
  const std::string link = data + "/pg_tblspc/" + tablespace.name;
  if (unlink(link.c_str()) != 0 && errno != ENOENT) fail(link);
  if (symlink(tablespace.target.c_str(), link.c_str()) != 0) fail(link);
  if (const auto owner = owner_of(tablespace.node, ownership)) {
    if (lchown(link.c_str(), owner->uid, owner->gid) != 0) fail(link);
  }
}

void add(RestoreReport& sum, RestoreReport part) {
  sum.files_restored += part.files_restored;
  sum.files_unchanged += part.files_unchanged;
  sum.directories += part.directories;
  sum.others += part.others;
  sum.bytes_written += part.bytes_written;
  std::move(part.errors.begin(), part.errors.end(), std::back_inserter(sum.errors));
}

// What of a place was written, under the names that the manifest gives to files.
class WrittenOfPlace final : public WrittenFiles {
 public:
  WrittenOfPlace(std::string prefix, Guarded<PassedFiles>& written)
      : prefix_(std::move(prefix)), written_(written) {}
  void add(const std::string& path, std::uint64_t size, std::uint32_t crc32c) override {
    written_.lock()->add(prefix_ + path.substr(1), size, crc32c);
  }

 private:
  std::string prefix_;
  Guarded<PassedFiles>& written_;
};

RestoreOptions place_options(const Place& place, const PhysicalRestoreOptions& options) {
  RestoreOptions restore;
  restore.target = place.target;
  restore.subfolder = place.folder;
  restore.ownership = options.ownership;
  restore.workers = options.workers;
  restore.others = options.others;
  return restore;
}

}  // namespace

PhysicalRestoreReport apply_physical_restore(Repository& repository,
                                             const Index& index,
                                             const BlobId& tree,
                                             const PhysicalRestorePlan& plan,
                                             const PhysicalRestoreOptions& options,
                                             RestoreProgress& progress,
                                             Log& log,
                                             const StopToken& stop) {
  PhysicalRestoreReport report;
  Guarded<PassedFiles> written;
  const auto restore = [&](RestoreOptions of, const std::string& prefix) {
    WrittenOfPlace files(prefix, written);
    of.written = &files;
    add(report.restore, run_restore(repository, index, tree, of, progress, log, stop));
  };
  const Place& data = plan.places.front();
  for (const Place& place : plan.places) {
    make_way_to(std::filesystem::path(place.target).parent_path());
    os::ensure_directory(place.target, 0700);
    RestoreOptions all = place_options(place, options);
    if (&place == &data) all.exclude = {kControlFile};
    restore(all, &place == &data ? "" : "pg_tblspc/" + place.name + "/");
    finish_folder(place, options.ownership);
    if (&place != &data) lead_to(place, data.target, options.ownership);
  }
  // All but the control file is on disk, as run_restore leaves it; no server starts yet.
  RestoreOptions last = place_options(data, options);
  last.include = {kControlFile};
  restore(last, "");
  ManifestVerification verified =
      verify_manifest(data.target, *written.lock(), options.workers, stop);
  report.files_verified = verified.files;
  report.bytes_verified = verified.bytes;
  std::move(
      verified.errors.begin(), verified.errors.end(), std::back_inserter(report.restore.errors));
  // No server must start on a copy that is not whole.
  if (!report.restore.errors.empty()) unlink((data.target + kControlFile).c_str());
  return report;
}

}  // namespace hikae
