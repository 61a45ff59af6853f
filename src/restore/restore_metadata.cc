// SPDX-License-Identifier: Apache-2.0
#include "restore/restore_metadata.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "os/fd.h"

namespace hikae::restore {
namespace {

constexpr mode_t kModeBits = 07777;

// Remembers the first failure that counts.
class Attempts {
 public:
  explicit Attempts(bool is_root) : is_root_(is_root) {}

  void note(const Error& error) {
    if (!is_root_ && error.code() == ErrorCode::permission) return;
    if (!first_) first_ = error;
  }
  void note(int reason, const Text& message) { note(system_error(reason, message)); }
  void throw_first() const {
    if (first_) throw Error(*first_);
  }

 private:
  bool is_root_;
  std::optional<Error> first_;
};

// Attributes that belong to a security module or to the file system itself are left to these.
bool is_ours_to_remove(const std::string& name) {
  return name.starts_with("user.") || name.starts_with("trusted.") ||
         name.starts_with("system.posix_acl_") || name == "security.capability";
}

// Place is a descriptor or a path. True when something was changed.
template <typename Place>
bool restore_xattrs(const Place& place,
                    const std::vector<os::Xattr>* wanted,
                    Origin origin,
                    Attempts& attempts) {
  bool is_changed = false;
  const auto is_wanted = [&](const os::Xattr& present) {
    return wanted != nullptr &&
           std::any_of(wanted->begin(), wanted->end(), [&](const os::Xattr& attribute) {
             return attribute.name == present.name;
           });
  };
  try {
    if (origin == Origin::existing) {
      for (const os::Xattr& present : os::list_xattrs(place)) {
        if (is_wanted(present) || !is_ours_to_remove(present.name)) continue;
        os::remove_xattr(place, present.name);
        is_changed = true;
      }
    }
  } catch (const Error& error) {
    attempts.note(error);
  }
  if (wanted == nullptr) return is_changed;
  for (const os::Xattr& attribute : *wanted) {
    try {
      os::set_xattr(place, attribute);
      is_changed = true;
    } catch (const Error& error) {
      attempts.note(error);
    }
  }
  return is_changed;
}

const std::vector<os::Xattr>* xattrs_of(const RestoreTree& tree, const Attributes& attributes) {
  return attributes.extended == kNone ? nullptr : &tree.extended[attributes.extended];
}

std::array<timespec, 2> times_of(const Attributes& attributes) {
  const Times& times = attributes.times;
  return {timespec{times.atime_seconds, static_cast<long>(times.atime_nanoseconds)},
          timespec{times.mtime_seconds, static_cast<long>(times.mtime_nanoseconds)}};
}

// Changes owner and group as far as allowed; `status` then says whose it is. `change` is fchown()
// for this item. True when something was changed.
template <typename Change>
bool restore_owner(
    uid_t uid, gid_t gid, struct stat& status, const Change& change, Attempts& attempts) {
  if (status.st_uid == uid && status.st_gid == gid) return false;
  if (change(uid, gid) == 0) {
    status.st_uid = uid;
    status.st_gid = gid;
    return true;
  }
  attempts.note(errno, text("restore.owner_failed"));
  // An ordinary user may give his files to his other groups.
  if (change(static_cast<uid_t>(-1), gid) != 0) return false;
  status.st_gid = gid;
  return true;
}

mode_t safe_mode(std::uint32_t wanted, uid_t uid, gid_t gid, const struct stat& status) {
  mode_t mode = wanted & kModeBits;
  if (S_ISDIR(status.st_mode)) return mode;
  if (status.st_uid != uid) mode &= ~mode_t{S_ISUID};
  if (status.st_gid != gid) mode &= ~mode_t{S_ISGID};
  return mode;
}

}  // namespace

MetadataRestorer::MetadataRestorer(const RestoreOptions& options, const RestoreTree& tree)
    : options_(options), tree_(tree), is_root_(geteuid() == 0) {}

MetadataRestorer::Owner MetadataRestorer::wanted_owner(const Attributes& attributes) {
  Owner owner{attributes.uid, attributes.gid};
  if (options_.ownership != Ownership::by_name) return owner;
  if (attributes.user != kNone) {
    owner.uid = accounts_.user_id(tree_.owner_names[attributes.user]).value_or(owner.uid);
  }
  if (attributes.group != kNone) {
    owner.gid = accounts_.group_id(tree_.owner_names[attributes.group]).value_or(owner.gid);
  }
  return owner;
}

void MetadataRestorer::restore(int fd, const Attributes& attributes, Origin origin) {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw system_error(errno, text("restore.look_failed"));
  Attempts attempts(is_root_);
  const auto [uid, gid] = wanted_owner(attributes);
  bool is_changed = false;
  if (options_.ownership != Ownership::none) {
    const auto change = [fd](uid_t user, gid_t group) { return fchown(fd, user, group); };
    is_changed = restore_owner(uid, gid, status, change, attempts);
  }
  is_changed |= restore_xattrs(fd, xattrs_of(tree_, attributes), origin, attempts);
  const mode_t mode = safe_mode(attributes.mode, uid, gid, status);
  const bool same_mode = !is_changed && (status.st_mode & kModeBits) == mode;
  if (!same_mode && fchmod(fd, mode) != 0) attempts.note(errno, text("restore.mode_failed"));
  if (futimens(fd, times_of(attributes).data()) != 0) {
    attempts.note(errno, text("restore.times_failed"));
  }
  attempts.throw_first();
}

void MetadataRestorer::restore_special(int folder, const OtherItem& item) {
  const std::string name(item.name);
  // The descriptor pins the item: whatever takes its name meanwhile gets neither owner nor mode.
  const os::Fd fd = os::try_open_at(folder, name, O_PATH | O_NOFOLLOW);
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) {
    throw system_error(errno, text("restore.look_failed"));
  }
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
    throw system_error(EEXIST, text("restore.look_failed"));
  }
  Attempts attempts(is_root_);
  const auto [uid, gid] = wanted_owner(item.attributes);
  if (options_.ownership != Ownership::none) {
    const auto change = [&fd](uid_t user, gid_t group) {
      return fchownat(fd.get(), "", user, group, AT_EMPTY_PATH);
    };
    restore_owner(uid, gid, status, change, attempts);
  }
  const std::vector<os::Xattr>* xattrs = xattrs_of(tree_, item.attributes);
  if (xattrs != nullptr) {
    restore_xattrs(os::path_at(folder, name), xattrs, Origin::fresh, attempts);
  }
  if (!S_ISLNK(status.st_mode)) {
    // There is no fchmod() for such a descriptor; the kernel's link to it leads to the item itself.
    const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
    const mode_t mode = safe_mode(item.attributes.mode, uid, gid, status);
    if (chmod(path.c_str(), mode) != 0) attempts.note(errno, text("restore.mode_failed"));
  }
  const auto times = times_of(item.attributes);
  if (utimensat(folder, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    attempts.note(errno, text("restore.times_failed"));
  }
  attempts.throw_first();
}

}  // namespace hikae::restore
