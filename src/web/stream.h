// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "os/fd.h"

namespace hikae::web {

// One accepted connection, with or without TLS. No call waits: each does what is possible now, or
// tells for what to wait. Not thread-safe.
class Stream {
 public:
  enum class Want { nothing, read, write };
  struct Step {
    std::size_t bytes = 0;      // moved; 0 with Want::nothing: the peer has closed
    Want want = Want::nothing;  // wait for this, then call again
  };
  virtual ~Stream() = default;

  // Want::nothing when the stream is ready for data. Idempotent then.
  virtual Want handshake() = 0;
  virtual Step read(MutableByteView out) = 0;
  virtual Step write(ByteView bytes) = 0;
  // Says good-bye as far as it goes without waiting.
  virtual void shut_down() noexcept = 0;
  virtual int descriptor() const = 0;
};
// All calls throw Error{io} when the connection is broken.

std::unique_ptr<Stream> make_plain_stream(os::Fd socket);

// What a TLS server shows: TLS 1.2 or newer, forward secrecy, AES-256 before other ciphers.
// Thread-safe once made.
class TlsContext {
 public:
  // PEM files: the chain, own certificate first, and its key. Throws Error{invalid_argument} or
  // what the system reports.
  TlsContext(const std::string& certificate_file, const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  std::unique_ptr<Stream> make_stream(os::Fd socket) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::web
