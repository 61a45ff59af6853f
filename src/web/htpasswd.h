// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "concurrency/guarded.h"
#include "concurrency/semaphore.h"
#include "crypto/secret.h"

namespace hikae::web {

struct Login {
  std::string user;
  Secret password;
};
// The value of an Authorization header of the kind Basic (RFC 7617); nullopt for anything else.
std::optional<Login> parse_basic_login(const Secret& authorization);

// The users of an htpasswd file: lines "user:hash", empty lines and lines that begin with "#".
// Accepted hashes are those of libcrypt that resist guessing: bcrypt ($2a$, $2b$, $2y$), SHA-512
// ($6$) and yescrypt ($y$). Pure. Throws Error{invalid_argument} with the number of the line, and
// with the reason for clear text, {SHA} and $apr1$.
std::map<std::string, std::string> parse_htpasswd(std::string_view content,
                                                  const std::string& path);

// Who may log in. Follows the file: a change counts from the next login on; one that cannot be read
// or is malformed changes nothing and is reported once. A good password is remembered (as a keyed
// hash) for some minutes, since bcrypt takes longer than a request. Thread-safe.
class Htpasswd {
 public:
  // Throws Error when the file cannot be read or is malformed. The references outlive the object.
  Htpasswd(std::string path, const Clock& clock, Log& log);
  ~Htpasswd();
  Htpasswd(const Htpasswd&) = delete;
  Htpasswd& operator=(const Htpasswd&) = delete;

  // An unknown user takes the time of a known one with a wrong password.
  bool accepts(const Login& login, const StopToken& stop);

 private:
  struct FileState {
    std::int64_t modified_seconds = 0;
    std::int64_t modified_nanoseconds = 0;
    std::uint64_t size = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileState&) const = default;
  };
  struct Remembered {
    Digest digest;
    std::chrono::steady_clock::time_point until;
  };
  struct State {
    FileState file;
    std::map<std::string, std::string> users;
    std::map<std::string, Remembered> remembered;
  };

  FileState look_at_file() const;
  std::map<std::string, std::string> load() const;
  void reload_if_changed();
  Digest digest_of(const Login& login) const;

  const std::string path_;
  const Clock& clock_;
  Log& log_;
  Secret key_;  // of the remembered digests; new with each start
  Semaphore computing_;
  Guarded<State> state_;
};

}  // namespace hikae::web
