// SPDX-License-Identifier: Apache-2.0
#include "web/htpasswd.h"

#include <crypt.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <openssl/crypto.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/units.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "os/files.h"

namespace hikae::web {
namespace {

constexpr std::size_t kFileLimit = kMiB;
constexpr std::chrono::minutes kRemembered{5};
// Guessing must not take all processors from those who are let in.
constexpr std::size_t kComputingAtOnce = 2;

bool begins_with_one_of(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
    return text.starts_with(prefix);
  });
}

Error line_error(std::string_view key, const std::string& path, std::size_t line) {
  return Error(ErrorCode::invalid_argument,
               text(key, {{"path", path}, {"line", std::to_string(line)}}))
      .with_hint(text("web.htpasswd_hint", {{"path", path}}));
}

// Throws unless it is a whole hash of an accepted kind: libcrypt tells for its setting.
void check_hash(const std::string& hash, const std::string& path, std::size_t line) {
  if (!begins_with_one_of(hash, {"$2a$", "$2b$", "$2y$", "$6$", "$y$"}))
    throw line_error("web.htpasswd_weak", path, line);
  const int known = crypt_checksalt(hash.c_str());
  const bool whole = hash.size() >= 60;  // bcrypt has 60 characters, the others have more
  if (!whole || (known != CRYPT_SALT_OK && known != CRYPT_SALT_METHOD_LEGACY))
    throw line_error("web.htpasswd_bad_hash", path, line);
}

std::string_view without_spaces(std::string_view line) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  return line;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

// Whether the password has that hash. The time depends on the hash's kind and cost only.
bool matches(const std::string& hash, const Secret& password) {
  const auto data = std::make_unique<crypt_data>();
  const char* computed = crypt_r(password.reveal().c_str(), hash.c_str(), data.get());
  const bool same = computed != nullptr && std::string_view(computed).size() == hash.size() &&
                    CRYPTO_memcmp(computed, hash.data(), hash.size()) == 0;
  wipe(data.get(), sizeof *data);
  return same;
}

}  // namespace

std::optional<Login> parse_basic_login(const Secret& authorization) {
  std::string_view value = authorization.reveal();
  constexpr std::string_view kScheme = "basic ";
  const bool is_basic =
      value.size() > kScheme.size() &&
      std::equal(kScheme.begin(), kScheme.end(), value.begin(), [](char expected, char given) {
        return expected == (given >= 'A' && given <= 'Z' ? static_cast<char>(given + 32) : given);
      });
  if (!is_basic) return std::nullopt;
  auto plain = parse_base64(without_spaces(value.substr(kScheme.size())));
  if (!plain) return std::nullopt;
  const Secret login{std::string(as_text(*plain))};
  wipe(plain->data(), plain->size());
  const std::string& pair = login.reveal();
  const std::size_t colon = pair.find(':');
  // libcrypt would take a password with a zero byte for its beginning.
  if (colon == std::string::npos || colon == 0 || has_control_character(pair)) return std::nullopt;
  return Login{pair.substr(0, colon), Secret(pair.substr(colon + 1))};
}

std::map<std::string, std::string> parse_htpasswd(std::string_view content,
                                                  const std::string& path) {
  std::map<std::string, std::string> users;
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = without_spaces(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || has_control_character(line))
      throw line_error("web.htpasswd_malformed", path, number);
    // htpasswd(1) knows no more fields, but some tools add a comment behind a second colon.
    const std::string_view behind = line.substr(colon + 1);
    const std::string hash(behind.substr(0, behind.find(':')));
    check_hash(hash, path, number);
    if (!users.emplace(std::string(line.substr(0, colon)), hash).second)
      throw line_error("web.htpasswd_twice", path, number);
  }
  if (users.empty())
    throw Error(ErrorCode::invalid_argument, text("web.htpasswd_empty", {{"path", path}}))
        .with_hint(text("web.htpasswd_hint", {{"path", path}}));
  return users;
}

Htpasswd::Htpasswd(std::string path, const Clock& clock, Log& log)
    : path_(std::move(path)), clock_(clock), log_(log), computing_(kComputingAtOnce) {
  std::string key(32, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  key_ = Secret(std::move(key));
  auto state = state_.lock();
  state->file = look_at_file();
  state->users = load();
}

Htpasswd::~Htpasswd() = default;

Htpasswd::FileState Htpasswd::look_at_file() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0)
    throw system_error(errno, text("web.htpasswd_unreadable", {{"path", path_}}))
        .with_hint(text("web.htpasswd_missing_hint", {{"path", path_}}));
  return {status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec,
          static_cast<std::uint64_t>(status.st_size),
          status.st_ino};
}

std::map<std::string, std::string> Htpasswd::load() const {
  const Bytes content = os::read_file(path_, kFileLimit);
  return parse_htpasswd(as_text(content), path_);
}

void Htpasswd::reload_if_changed() {
  auto state = state_.lock();
  try {
    const FileState now = look_at_file();
    if (now == state->file) return;
    // Remembered first: a file that cannot be used is reported once, not with each login.
    state->file = now;
    state->users = load();
    state->remembered.clear();
    log_.info(text("web.htpasswd_reloaded",
                   {{"path", path_}, {"count", std::to_string(state->users.size())}}));
  } catch (const Error& error) {
    const bool was_absent = state->file == FileState{};
    if (error.code() == ErrorCode::not_found) state->file = {};
    if (error.code() != ErrorCode::not_found || !was_absent)
      log_.warning(because(text("web.htpasswd_kept", {{"path", path_}}), error));
  }
}

Digest Htpasswd::digest_of(const Login& login) const {
  Sha256 hash;
  hash.update(as_bytes(key_.reveal()));
  // A user cannot contain a colon.
  hash.update(as_bytes(login.user));
  hash.update(as_bytes(":"));
  hash.update(as_bytes(login.password.reveal()));
  return hash.finish();
}

bool Htpasswd::accepts(const Login& login, const StopToken& stop) {
  reload_if_changed();
  const Digest digest = digest_of(login);
  const auto now = clock_.steady_now();
  std::string hash;
  bool is_known = false;
  {
    auto state = state_.lock();
    const auto remembered = state->remembered.find(login.user);
    if (remembered != state->remembered.end() && now < remembered->second.until &&
        CRYPTO_memcmp(remembered->second.digest.bytes.data(), digest.bytes.data(), 32) == 0)
      return true;
    const auto user = state->users.find(login.user);
    is_known = user != state->users.end();
    // Somebody's hash, so that the answer for an unknown user takes as long.
    hash = is_known ? user->second : state->users.begin()->second;
  }
  {
    const Semaphore::Permit permit = computing_.acquire(1, stop);
    // Both conditions are computed, whatever the first one says.
    if (const bool same = matches(hash, login.password); !same || !is_known) return false;
  }
  auto state = state_.lock();
  const auto user = state->users.find(login.user);
  // The file may have changed meanwhile.
  if (user == state->users.end() || user->second != hash) return false;
  state->remembered[login.user] = {digest, now + kRemembered};
  return true;
}

}  // namespace hikae::web
