// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <cerrno>
#include <limits>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/error.h"
#include "os/fd.h"
#include "web/stream.h"

namespace hikae::web {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

// TLS 1.2; those of 1.3 are below. AES-256 first, since our clients take no other by default; the
// rest is for devices without AES in hardware.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* kCiphers13 =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";

// The oldest error of this thread's queue; the queue is empty afterwards.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "TLS" : reason;
}

class TlsStream final : public Stream {
 public:
  TlsStream(os::Fd socket, Handle<SSL> ssl) : socket_(std::move(socket)), ssl_(std::move(ssl)) {
    SSL_set_fd(ssl_.get(), socket_.get());
    SSL_set_accept_state(ssl_.get());
  }

  Want handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? Want::nothing : failed(result).want;
  }

  Step read(MutableByteView out) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &count);
    return result == 1 ? Step{count, Want::nothing} : failed(result);
  }

  Step write(ByteView bytes) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    if (result == 1) return {count, Want::nothing};
    const Step step = failed(result);
    if (step.want == Want::nothing) throw system_error(EPIPE, text("web.connection_broken"));
    return step;
  }

  void shut_down() noexcept override {
    // Not after an error: OpenSSL forbids it.
    if (!broken_ && SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    shutdown(socket_.get(), SHUT_WR);
  }
  int descriptor() const override { return socket_.get(); }

 private:
  Step failed(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {0, Want::read};
      case SSL_ERROR_WANT_WRITE:
        return {0, Want::write};
      case SSL_ERROR_ZERO_RETURN:
        return {0, Want::nothing};
      default:
        break;
    }
    broken_ = true;
    throw Error(ErrorCode::io, text("web.tls_broken", {{"reason", openssl_reason()}}));
  }

  os::Fd socket_;
  Handle<SSL> ssl_;
  bool broken_ = false;
};

Error bad_file(const std::string& path) {
  return Error(ErrorCode::invalid_argument,
               text("web.tls_bad_file", {{"path", path}, {"reason", openssl_reason()}}))
      .with_hint(text("web.tls_bad_file_hint"));
}

}  // namespace

struct TlsContext::Impl {
  Handle<SSL_CTX> context;
};

TlsContext::TlsContext(const std::string& certificate_file, const std::string& key_file)
    : impl_(std::make_unique<Impl>()) {
  // The system's reason is plainer than OpenSSL's for a file that is not there.
  for (const std::string& path : {certificate_file, key_file}) os::open_file(path, 0);
  ERR_clear_error();
  impl_->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = impl_->context.get();
  if (context == nullptr)
    throw Error(ErrorCode::io, text("web.tls_broken", {{"reason", openssl_reason()}}));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                          SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // The server writes from a buffer that may move between two tries.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                       SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_ciphersuites(context, kCiphers13);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    throw bad_file(certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    throw bad_file(key_file);
  if (SSL_CTX_check_private_key(context) != 1) throw bad_file(key_file);
}

TlsContext::~TlsContext() = default;

std::unique_ptr<Stream> TlsContext::make_stream(os::Fd socket) const {
  Handle<SSL> ssl(SSL_new(impl_->context.get()));
  if (!ssl) throw Error(ErrorCode::io, text("web.tls_broken", {{"reason", openssl_reason()}}));
  return std::make_unique<TlsStream>(std::move(socket), std::move(ssl));
}

}  // namespace hikae::web
