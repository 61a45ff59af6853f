// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "crypto/hash.h"
#include "support/raw_http.h"
#include "support/repository_server.h"
#include "support/temp_dir.h"

namespace hikae::web {

using hikae::testing::RawConnection;
using hikae::testing::RawResponse;
using hikae::testing::RunningRepositoryServer;
using hikae::testing::TempDir;

inline std::string hash_of(const std::string& content) {
  return sha256(as_bytes(content)).hex();
}

inline std::string request(const std::string& method,
                           const std::string& target,
                           const std::string& fields = "",
                           const std::string& body = "") {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + fields;
  if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

inline RawResponse ask(const RunningRepositoryServer& server,
                       const std::string& method,
                       const std::string& target,
                       const std::string& fields = "",
                       const std::string& body = "") {
  RawConnection connection(server.port());
  return connection.ask(request(method, target, fields, body), method == "HEAD")
      .value_or(RawResponse{});
}

inline int status_of(const RunningRepositoryServer& server,
                     const std::string& method,
                     const std::string& target,
                     const std::string& fields = "",
                     const std::string& body = "") {
  return ask(server, method, target, fields, body).status;
}

// Makes a repository at `path` ("/" or "/alice/") with a config and one pack of `content`.
inline void make_repository(const RunningRepositoryServer& server,
                            const std::string& path,
                            const std::string& content,
                            const std::string& fields = "") {
  const std::string pack = path + "data/" + hash_of(content);
  if (status_of(server, "POST", path + "?create=true", fields) != 200 ||
      status_of(server, "POST", path + "config", fields, "config") != 200 ||
      status_of(server, "POST", pack, fields, content) != 200)
    throw std::runtime_error("the server makes no repository");
}

// Each file below a folder with its content.
inline std::map<std::string, std::string> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[entry.path().string()] = hikae::testing::read_file(entry.path().string());
  }
  return files;
}

}  // namespace hikae::web
