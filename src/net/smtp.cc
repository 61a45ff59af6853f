// SPDX-License-Identifier: Apache-2.0
#include "net/smtp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include "base/error.h"
#include "net/http_transfer.h"

namespace hikae::net {
namespace {

constexpr Retry kLater = Retry::after_backoff;

struct Wake {
  CURLM* multi;
  void operator()() const noexcept { curl_multi_wakeup(multi); }
};

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1" || host == "[::1]";
}

// What would be a second command to the server, or a second field of the URL.
bool is_plain(const std::string& value, std::string_view also_refused) {
  return !value.empty() && std::none_of(value.begin(), value.end(), [&](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
           also_refused.find(c) != std::string_view::npos;
  });
}

[[noreturn]] void refuse(std::string_view what, const std::string& value) {
  throw Error(ErrorCode::invalid_argument,
              text("net.mail_malformed", {{"what", std::string(what)}, {"value", value}}));
}

void check(const SmtpServer& server, const SmtpMail& mail) {
  if (!is_plain(server.host, "/?#@")) refuse("host", server.host);
  if (!is_plain(mail.from, "<>")) refuse("sender", mail.from);
  for (const std::string& address : mail.to) {
    if (!is_plain(address, "<>")) refuse("recipient", address);
  }
  if (mail.to.empty()) refuse("recipient", "");
  const bool in_the_clear = server.security == SmtpSecurity::none && !server.user.empty();
  if (in_the_clear && !is_this_machine(server.host)) {
    throw Error(ErrorCode::invalid_argument,
                text("net.mail_password_in_clear", {{"host", server.host}}))
        .with_hint(text("net.mail_password_in_clear_hint"));
  }
}

// One mail. Not thread-safe.
class MailTransfer {
 public:
  MailTransfer(const SmtpServer& server, const SmtpMail& mail) : server_(server), mail_(mail) {
    set_up();
    set_up_tls();
    set_up_envelope();
  }
  ~MailTransfer() { curl_multi_remove_handle(connection_.multi(), connection_.easy()); }
  MailTransfer(const MailTransfer&) = delete;
  MailTransfer& operator=(const MailTransfer&) = delete;

  SmtpResult run(const StopToken& stop) {
    const CURLcode code = drive(stop);
    if (failure_) std::rethrow_exception(failure_);
    if (code != CURLE_OK) throw failure_of(code);
    return {answer_, rejected_};
  }

 private:
  template <typename T>
  void set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(connection_.easy(), option, value);
    if (code != CURLE_OK) {
      throw Error(ErrorCode::io,
                  text("net.library_failed", {{"reason", curl_easy_strerror(code)}}));
    }
  }

  void set_up() {
    const std::string scheme = server_.security == SmtpSecurity::tls ? "smtps://" : "smtp://";
    std::string url = scheme + server_.host + ":" + std::to_string(server_.port);
    // libcurl takes the name for EHLO from the path.
    if (is_plain(server_.own_name, "/?#%")) url += "/" + server_.own_name;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(server_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(server_.time_limit.count()));
    set(CURLOPT_ERRORBUFFER, reason_.data());
    // The conversation is seen only this way: which recipient was refused, and in which words.
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, &MailTransfer::on_conversation);
    set(CURLOPT_DEBUGDATA, this);
    set(CURLOPT_WRITEFUNCTION, &MailTransfer::on_body);
  }

  void set_up_tls() {
    set(CURLOPT_USE_SSL,
        long{server_.security == SmtpSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL});
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (!server_.ca_file.empty()) {
      set(CURLOPT_CAINFO, server_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (server_.user.empty()) return;
    set(CURLOPT_USERNAME, server_.user.c_str());
    set(CURLOPT_PASSWORD, server_.password.reveal().c_str());
    set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }

  void set_up_envelope() {
    set(CURLOPT_MAIL_FROM, ("<" + mail_.from + ">").c_str());
    for (const std::string& address : mail_.to) {
      curl_slist* longer = curl_slist_append(recipients_.get(), ("<" + address + ">").c_str());
      if (longer == nullptr) throw std::bad_alloc();
      (void)recipients_.release();
      recipients_.reset(longer);
    }
    set(CURLOPT_MAIL_RCPT, recipients_.get());
    // The others get their mail although one is refused.
    set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail_.content.size()));
    set(CURLOPT_READFUNCTION, &MailTransfer::on_read);
    set(CURLOPT_READDATA, this);
  }

  CURLcode drive(const StopToken& stop) {
    CURLM* multi = connection_.multi();
    const std::stop_callback<Wake> wake(stop, Wake{multi});
    if (curl_multi_add_handle(multi, connection_.easy()) != CURLM_OK) return CURLE_FAILED_INIT;
    constexpr int kLook = 500;
    for (int running = 1; running != 0;) {
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      throw_if_stopped(stop);
      if (running != 0) curl_multi_poll(multi, nullptr, 0, kLook, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
  }

  // libcurl's callbacks. None lets an exception out.
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) noexcept {
    auto& transfer = *static_cast<MailTransfer*>(self);
    const ByteView rest = transfer.mail_.content.subspan(transfer.offset_);
    const std::size_t step = std::min(size * count, rest.size());
    if (step > 0) std::memcpy(to, rest.data(), step);
    transfer.offset_ += step;
    return step;
  }
  static std::size_t on_body(char*, std::size_t size, std::size_t n, void*) noexcept {
    return size * n;
  }
  static int on_conversation(
      CURL*, curl_infotype type, char* data, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<MailTransfer*>(self);
    try {
      if (type == CURLINFO_HEADER_OUT) transfer.note_command({data, size});
      if (type == CURLINFO_HEADER_IN) transfer.note_answer({data, size});
    } catch (...) {  // libcurl is C: the exception travels in failure_ to run()
      transfer.failure_ = std::current_exception();
    }
    return 0;
  }

  // Of what is sent only the recipient is looked at: a login passes here too.
  void note_command(std::string_view line) {
    constexpr std::string_view kRecipient = "RCPT TO:<";
    asked_.clear();
    // What the server says to that tells nothing any more.
    is_over_ = is_over_ || line.starts_with("QUIT");
    if (!line.starts_with(kRecipient)) return;
    line.remove_prefix(kRecipient.size());
    asked_ = line.substr(0, line.find('>'));
  }

  void note_answer(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (is_over_) return;
    answer_ = line;
    const bool is_last = line.size() < 4 || line[3] == ' ';
    if (!is_last) return;
    if (!asked_.empty() && line.front() != '2') rejected_.push_back({asked_, answer_});
    asked_.clear();
  }

  Text::Arguments arguments() const {
    const std::string reason = reason_.data();
    return {{"host", server_.host + ":" + std::to_string(server_.port)}, {"reason", reason}};
  }

  // Where the server itself refused: its words, and whether they are final.
  Error refusal() const {
    if (rejected_.size() == mail_.to.size()) {
      std::string list;
      for (const RejectedRecipient& one : rejected_) {
        if (!list.empty()) list += "; ";
        list += one.address + ": " + one.answer;
      }
      const bool for_now =
          std::any_of(rejected_.begin(), rejected_.end(), [](const RejectedRecipient& one) {
            return one.answer.starts_with("4");
          });
      return Error(for_now ? ErrorCode::io : ErrorCode::invalid_argument,
                   text("net.mail_no_recipient", {{"host", server_.host}, {"answers", list}}),
                   for_now ? kLater : Retry::no)
          .with_hint(text("net.mail_no_recipient_hint"));
    }
    const bool for_now = answer_.starts_with("4");
    return {for_now ? ErrorCode::io : ErrorCode::invalid_argument,
            text("net.mail_refused", {{"host", server_.host}, {"answer", answer_}}),
            for_now ? kLater : Retry::no};
  }

  bool server_refused() const { return answer_.starts_with("4") || answer_.starts_with("5"); }

  Error certificate_failure() const {
    Error error(ErrorCode::permission, text("net.certificate", arguments()));
    if (!server_.ca_file.empty())
      return std::move(error).with_hint(
          text("net.certificate_own_hint", {{"file", server_.ca_file}}));
    return std::move(error).with_hint(text("net.mail_certificate_hint"));
  }

  Error failure_of(CURLcode code) const {
    switch (code) {
      case CURLE_LOGIN_DENIED:
        return Error(ErrorCode::permission,
                     text("net.mail_login",
                          {{"host", server_.host}, {"user", server_.user}, {"answer", answer_}}))
            .with_hint(text("net.mail_login_hint"));
      case CURLE_USE_SSL_FAILED:
        return Error(ErrorCode::unsupported, text("net.mail_no_starttls", {{"host", server_.host}}))
            .with_hint(text("net.mail_no_starttls_hint"));
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
        return certificate_failure();
      case CURLE_SSL_CONNECT_ERROR:
        return Error(ErrorCode::unsupported, text("net.handshake", arguments()))
            .with_hint(text("net.mail_handshake_hint"));
      case CURLE_SSL_CACERT_BADFILE:
        return {ErrorCode::invalid_argument,
                text("net.ca_file", {{"file", server_.ca_file}, {"reason", reason_.data()}})};
      case CURLE_COULDNT_RESOLVE_HOST:
        return Error(ErrorCode::io, text("net.no_such_host", arguments()), kLater)
            .with_hint(text("net.no_such_host_hint"));
      case CURLE_COULDNT_CONNECT:
      case CURLE_OPERATION_TIMEDOUT:
        return Error(ErrorCode::timeout, text("net.connect", arguments()), kLater)
            .with_hint(text("net.connect_hint"));
      default:
        if (server_refused()) return refusal();
        return {ErrorCode::io, text("net.broke", arguments()), kLater};
    }
  }

  const SmtpServer& server_;
  const SmtpMail& mail_;
  // The list lives as long as the handle that points to it.
  HeaderList recipients_;
  Connection connection_;
  std::size_t offset_ = 0;
  std::string asked_;   // the recipient that was named last, while the answer is awaited
  std::string answer_;  // the server's last line before the goodbye
  bool is_over_ = false;
  std::vector<RejectedRecipient> rejected_;
  std::exception_ptr failure_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

}  // namespace

SmtpResult send_mail(const SmtpServer& server, const SmtpMail& mail, const StopToken& stop) {
  throw_if_stopped(stop);
  check(server, mail);
  return MailTransfer(server, mail).run(stop);
}

}  // namespace hikae::net
