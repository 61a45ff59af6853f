// SPDX-License-Identifier: Apache-2.0
// Where the suite keeps repositories: folders, and real servers that are started once for all
// tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "storage/local.h"
#include "storage/location.h"
#include "storage/memory.h"
#include "storage/open.h"
#include "support/repository_server.h"
#include "support/rgw.h"
#include "support/sshd.h"
#include "support/temp_dir.h"
#include "support/test_authority.h"

namespace hikae {

using BackendPointer = std::unique_ptr<Backend>;

// One place for a repository, and ways to open it.
class Place {
 public:
  virtual ~Place() = default;
  virtual BackendPointer open(AccessMode mode) = 0;
};

class FolderPlace final : public Place {
 public:
  BackendPointer open(AccessMode mode) override {
    return std::make_unique<LocalBackend>(dir_ / "repository", mode);
  }

 private:
  testing::TempDir dir_;
};

class OpenedPlace final : public Place {
 public:
  BackendPointer open(AccessMode mode) override {
    OpenOptions options;
    options.mode = mode;
    return open_backend(parse_location("repository", dir_.path().string()), std::move(options));
  }

 private:
  testing::TempDir dir_;
};

class MemoryPlace final : public Place {
 public:
  BackendPointer open(AccessMode mode) override { return first_.reopen(mode); }

 private:
  MemoryBackend first_;
};

// A real S3 store over TLS, with the bucket in the path. Each place is a prefix of its own.
class BucketPlace final : public Place {
 public:
  BucketPlace() {
    static int places = 0;
    if (places++ == 0) Gateway::shared().make_bucket("conformance");
    path_ = "conformance/place-" + std::to_string(places);
  }
  BackendPointer open(AccessMode mode) override {
    OpenOptions options = Gateway::shared().options();
    options.mode = mode;
    return open_backend(Gateway::shared().location(path_), std::move(options));
  }

 private:
  using Gateway = testing::RadosGateway;
  std::string path_;
};

// Each backend has a folder of its own on one server, which is started once for all tests of a
// kind.
class SftpPlace final : public Place {
 public:
  explicit SftpPlace(const testing::Sshd& sshd) : sshd_(sshd) {}
  BackendPointer open(AccessMode mode) override {
    OpenOptions options;
    options.mode = mode;
    options.ssh_config_file = sshd_.config_file();
    return open_backend(parse_location("sftp:nas:" + (dir_ / "repository"), "/"),
                        std::move(options));
  }

 private:
  const testing::Sshd& sshd_;
  testing::TempDir dir_;
};

inline testing::Sshd& openssh() {
  static testing::Sshd sshd;
  return sshd;
}

// What an old or foreign server offers: version 3 and no extension.
inline testing::Sshd& bare_server() {
  static testing::Sshd sshd([] {
    testing::Sshd::Settings settings;
    settings.subsystem =
        "internal-sftp -P posix-rename,statvfs,fstatvfs,hardlink,fsync,lsetstat,limits,"
        "expand-path,copy-data,home-directory,users-groups-by-id";
    return settings;
  }());
  return sshd;
}

// As a NAS has it: no shell, and a root of its own.
struct Jail {
  testing::RootOwnedDir root;
  testing::Sshd sshd;
  Jail() : sshd(settings_for(root)) { std::filesystem::create_directory(root / "share"); }

 private:
  static testing::Sshd::Settings settings_for(const testing::RootOwnedDir& root) {
    testing::Sshd::Settings settings;
    settings.lines = {"ChrootDirectory " + root.path().string(), "ForceCommand internal-sftp"};
    return settings;
  }
};
inline Jail& jail() {
  static Jail the_jail;
  return the_jail;
}

class JailedPlace final : public Place {
 public:
  BackendPointer open(AccessMode mode) override {
    OpenOptions options;
    options.mode = mode;
    options.ssh_config_file = jail().sshd.config_file();
    return open_backend(parse_location("sftp:nas:/share/" + name_, "/"), std::move(options));
  }

 private:
  const std::string name_ = "repository" + std::to_string(next_++);
  static inline int next_ = 0;
};

// Our own server over TLS, with a user and a password. The suite's names are no hashes, so that the
// server must not compare them.
class ServedPlace final : public Place {
 public:
  BackendPointer open(AccessMode mode) override {
    OpenOptions options;
    options.mode = mode;
    options.ca_file = authority().file();
    options.credentials.user = "alice";
    options.credentials.password = Secret("wonder/land");
    return open_backend(parse_location("rest:" + server_.url() + "alice/laptop", "/"),
                        std::move(options));
  }

 private:
  using Server = testing::RunningRepositoryServer;
  static testing::TestAuthority& authority() {
    static testing::TestAuthority instance;
    return instance;
  }
  testing::TempDir dir_;
  Server server_{[this](web::ServerOptions& options) {
    static const auto kCertificate = authority().issue("IP:127.0.0.1");
    options.tls = {kCertificate.certificate, kCertificate.key};
    options.htpasswd_file = Server::write_users(dir_, {{"alice", "wonder/land"}});
    options.rules.folders = web::AccessRules::Folders::per_user;
    options.rules.uploads = web::AccessRules::Uploads::unverified;
  }};
};

}  // namespace hikae
