// SPDX-License-Identifier: Apache-2.0
#include "service/password_file.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "crypto/random.h"
#include "os/files.h"

namespace hikae {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t kLength = 32;

}  // namespace

Secret make_password() {
  // Bytes beyond the last whole multiple are thrown away, so that each character is equally likely.
  constexpr std::size_t kFair = 256 / kAlphabet.size() * kAlphabet.size();
  std::string password;
  password.reserve(kLength);
  std::array<std::uint8_t, 64> bytes{};
  while (password.size() < kLength) {
    fill_random(bytes);
    for (const std::uint8_t byte : bytes) {
      if (byte < kFair && password.size() < kLength)
        password.push_back(kAlphabet[byte % kAlphabet.size()]);
    }
  }
  wipe(bytes.data(), bytes.size());
  return Secret(std::move(password));
}

bool file_exists(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  // Not being able to look is no proof that nothing is there.
  throw system_error(errno, text("os.open_failed", {{"path", path}}));
}

PasswordFile write_password_file(const std::string& path, const Secret& password) {
  if (file_exists(path)) return PasswordFile::was_there;
  try {
    os::ensure_directory(path.substr(0, path.rfind('/')), 0700);
    os::write_file_durably(
        path, {as_bytes(password.reveal()), as_bytes("\n")}, {0600, os::IfExists::fail});
  } catch (Error& error) {
    if (error.code() == ErrorCode::already_exists) return PasswordFile::was_there;
    error.add_context(text("service_init.writing_password", {{"path", path}}));
    throw;
  }
  return PasswordFile::made;
}

}  // namespace hikae
