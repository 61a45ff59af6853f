// SPDX-License-Identifier: Apache-2.0
#include "web/renewed_tls.h"

#include "base/error.h"

namespace hikae::web {

RenewedTls::RenewedTls(std::string certificate_file, std::string key_file, Log& log)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      log_(log),
      seen_(stamps()),
      context_(std::make_unique<TlsContext>(certificate_file_, key_file_)) {}

void RenewedTls::look() {
  // Before the files are read: what changes meanwhile is seen the next time.
  const Stamps now = stamps();
  if (now == seen_) return;
  seen_ = now;
  try {
    context_ = std::make_unique<TlsContext>(certificate_file_, key_file_);
    log_.info(text("web.tls_renewed", {{"path", certificate_file_}}));
  } catch (const Error& error) {
    log_.warning(because(text("web.tls_not_renewed"), error));
  }
}

bool RenewedTls::Stamp::operator==(const Stamp& other) const {
  return inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
         changed.tv_nsec == other.changed.tv_nsec;
}

RenewedTls::Stamp RenewedTls::stamp_of(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_ctim};
}

}  // namespace hikae::web
