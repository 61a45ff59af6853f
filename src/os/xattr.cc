// SPDX-License-Identifier: Apache-2.0
#include "os/xattr.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/error.h"

namespace hikae::os {
namespace {

// The same calls by descriptor and by path, so that what follows is written once.
struct ByFd {
  int fd;
  ssize_t list(char* out, std::size_t size) const { return flistxattr(fd, out, size); }
  ssize_t get(const char* name, void* out, std::size_t size) const {
    return fgetxattr(fd, name, out, size);
  }
  int set(const Xattr& a) const {
    return fsetxattr(fd, a.name.c_str(), a.value.data(), a.value.size(), 0);
  }
  int remove(const std::string& name) const { return fremovexattr(fd, name.c_str()); }
};

struct ByPath {
  const char* path;
  ssize_t list(char* out, std::size_t size) const { return llistxattr(path, out, size); }
  ssize_t get(const char* name, void* out, std::size_t size) const {
    return lgetxattr(path, name, out, size);
  }
  int set(const Xattr& a) const {
    return lsetxattr(path, a.name.c_str(), a.value.data(), a.value.size(), 0);
  }
  int remove(const std::string& name) const { return lremovexattr(path, name.c_str()); }
};

// Most files have no attribute or few small ones: one call with a buffer on the stack.
constexpr std::size_t kUsualSize = 512;

// Calls `fill(buffer, size)` with more room until the answer fits. nullopt when it fails otherwise;
// errno says why.
template <typename Fill>
std::optional<Bytes> read_all(Fill fill) {
  std::array<char, kUsualSize> small{};
  const ssize_t size = fill(small.data(), small.size());
  if (size >= 0) return to_bytes(std::string_view(small.data(), static_cast<std::size_t>(size)));
  while (errno == ERANGE) {
    const ssize_t needed = fill(nullptr, 0);
    if (needed < 0) break;
    // Never of no size: that would ask for the size again, if the value has grown meanwhile.
    Bytes buffer(static_cast<std::size_t>(needed) + 1);
    const ssize_t got = fill(reinterpret_cast<char*>(buffer.data()), buffer.size());
    if (got < 0) continue;
    buffer.resize(static_cast<std::size_t>(got));
    return buffer;
  }
  return std::nullopt;
}

template <typename File>
std::vector<Xattr> list_all(const File& file) {
  const auto names = read_all([&](char* out, std::size_t size) { return file.list(out, size); });
  std::vector<Xattr> attributes;
  if (!names) {
    if (errno == ENOTSUP || errno == ENOSYS) return attributes;
    throw system_error(errno, text("os.xattr_read_failed"));
  }
  std::string_view rest = as_text(*names);
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    auto value =
        read_all([&](char* out, std::size_t size) { return file.get(name.c_str(), out, size); });
    if (value) {
      attributes.push_back({name, std::move(*value)});
    } else if (errno != ENODATA && errno != ENOTSUP) {
      throw system_error(errno, text("os.xattr_read_failed"));
    }
  }
  return attributes;
}

template <typename File>
void set_one(const File& file, const Xattr& attribute) {
  if (file.set(attribute) != 0)
    throw system_error(errno, text("os.xattr_write_failed", {{"name", attribute.name}}));
}

template <typename File>
void remove_one(const File& file, const std::string& name) {
  if (file.remove(name) != 0 && errno != ENODATA)
    throw system_error(errno, text("os.xattr_write_failed", {{"name", name}}));
}

}  // namespace

std::vector<Xattr> list_xattrs(int fd) {
  return list_all(ByFd{fd});
}
std::vector<Xattr> list_xattrs(const std::string& path) {
  return list_all(ByPath{path.c_str()});
}
void set_xattr(int fd, const Xattr& attribute) {
  set_one(ByFd{fd}, attribute);
}
void set_xattr(const std::string& path, const Xattr& attribute) {
  set_one(ByPath{path.c_str()}, attribute);
}
void remove_xattr(int fd, const std::string& name) {
  remove_one(ByFd{fd}, name);
}
void remove_xattr(const std::string& path, const std::string& name) {
  remove_one(ByPath{path.c_str()}, name);
}

}  // namespace hikae::os
