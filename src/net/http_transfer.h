// SPDX-License-Identifier: Apache-2.0
// Internal to net. libcurl's handles with owners, and one exchange on them.
#pragma once

#include <array>
#include <exception>
#include <memory>

#include <curl/curl.h>

#include "base/error.h"
#include "net/http.h"

namespace hikae::net {

// CURL and CURLM are both void: one deleter for each.
struct EasyFree {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct MultiFree {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept;
};
using EasyHandle = std::unique_ptr<CURL, EasyFree>;
using MultiHandle = std::unique_ptr<CURLM, MultiFree>;
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

// What one exchange needs: a transfer, and the multi handle that keeps its connection and can be
// woken from another thread.
class Connection {
 public:
  Connection();
  CURL* easy() const { return easy_.get(); }
  CURLM* multi() const { return multi_.get(); }

 private:
  MultiHandle multi_;  // first: an easy handle must be gone before it
  EasyHandle easy_;
};

// One exchange. Not thread-safe.
class Transfer {
 public:
  Transfer(Connection& connection, const HttpRequest& request, const HttpOptions& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Throws as HttpClient::send() does.
  HttpResponse run(const StopToken& stop);

 private:
  void set_up();
  void set_up_body();
  void set_up_tls();
  void set_up_headers();
  CURLcode drive(const StopToken& stop);
  bool has_moved();

  template <typename T>
  void set(CURLoption option, T value);

  // libcurl's callbacks. None lets an exception out: it is kept in failure_ and thrown by run().
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self) noexcept;
  void take_header(std::string_view line);
  void take_body(ByteView bytes);
  std::size_t give_body(char* to, std::size_t room);
  void note_tls();

  Connection& connection_;
  const HttpRequest& request_;
  const HttpOptions& options_;
  HeaderList headers_;
  std::size_t piece_ = 0;   // of the body: the next byte to send lies in this piece,
  std::size_t offset_ = 0;  // at this place
  curl_off_t moved_ = 0;    // bytes in both directions when last looked
  HttpResponse response_;
  std::exception_ptr failure_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

// "host:port" of a URL, without a user's name or password; for messages.
std::string host_of(std::string_view url);

// What libcurl's code means for us. `reason` is its own sentence, which may be empty.
Error transfer_error(CURLcode code,
                     const std::string& reason,
                     const HttpRequest& request,
                     const HttpOptions& options,
                     CURL* easy);

}  // namespace hikae::net
