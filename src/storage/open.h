// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "crypto/secret.h"
#include "storage/backend.h"
#include "storage/location.h"
#include "storage/rate.h"

namespace hikae {

// Which ciphers a connection may negotiate. A store that offers no other fails with an error.
enum class TransportCiphers { aes_256_only, any };

// What only S3 knows. Empty fields: the store's or the environment's default.
struct S3Options {
  std::string endpoint;  // "https://host:port"; empty: the location's, else Amazon's for the region
  std::string region;    // empty: asked of the store
  // automatic: by path for an endpoint of one's own, by virtual host for Amazon's.
  enum class Addressing { automatic, path, virtual_host } addressing = Addressing::automatic;
  enum class Encryption { none, aes256, aws_kms } encryption = Encryption::none;
  std::string kms_key_id;
  std::string storage_class;  // of data packs only
  struct ObjectLock {
    enum class Mode { governance, compliance } mode = Mode::governance;
    std::chrono::seconds keep{};
  };
  std::optional<ObjectLock> object_lock;
};

// Who we are at the store. Nothing given: what the environment and the user's own files say.
struct StoreCredentials {
  std::string access_key_id;  // s3
  Secret secret_access_key;
  Secret session_token;
  std::string profile;  // s3: of ~/.aws
  std::string user;     // rest
  Secret password;
};

// How a repository is reached, beyond where it lies.
struct OpenOptions {
  AccessMode mode = AccessMode::read_write;
  std::optional<std::size_t> connections;  // calls at once; absent: the backend's own choice
  Rate limit_upload;                       // all connections together
  Rate limit_download;
  TransportCiphers ciphers = TransportCiphers::aes_256_only;
  std::string ca_file;  // PEM with the authorities to trust instead of the system's; https only
  // sftp: read instead of the user's and the system's ssh_config. Empty: what HIKAE_SSH_CONFIG
  // names, else ssh's own files.
  std::string ssh_config_file;
  S3Options s3;
  StoreCredentials credentials;
  // Environment variables, since only cli reads them. Empty: none are set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  Log* log = nullptr;  // for what a person should know of the connection; outlives the backend
};

// Opens nothing: errors come with the first use. Errors that pass by themselves are retried for a
// while. Throws Error{invalid_argument} for options that make no sense together.
std::unique_ptr<Backend> open_backend(const Location& location, OpenOptions options = {});

}  // namespace hikae
