// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include "base/log.h"
#include "web/stream.h"

namespace hikae::web {

// A server's certificate and key, read again when somebody has replaced the files, so that a
// renewed certificate needs neither restart nor signal. One thread uses it.
class RenewedTls {
 public:
  // Throws as TlsContext.
  RenewedTls(std::string certificate_file, std::string key_file, Log& log);

  std::unique_ptr<Stream> make_stream(os::Fd socket) const {
    return context_->make_stream(std::move(socket));
  }
  // Reads the files again if they are others than before. Files that do not fit together (half
  // replaced, damaged) are said to the log once, and the ones before stay in use.
  void look();

 private:
  struct Stamp {
    ino_t inode = 0;
    timespec changed{};
    bool operator==(const Stamp& other) const;
  };
  struct Stamps {
    Stamp certificate;
    Stamp key;
    bool operator==(const Stamps&) const = default;
  };
  static Stamp stamp_of(const std::string& file);
  Stamps stamps() const { return {stamp_of(certificate_file_), stamp_of(key_file_)}; }

  const std::string certificate_file_;
  const std::string key_file_;
  Log& log_;
  Stamps seen_;
  std::unique_ptr<TlsContext> context_;
};

}  // namespace hikae::web
