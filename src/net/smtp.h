// SPDX-License-Identifier: Apache-2.0
// Mail to a mail server (RFC 5321), over libcurl.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "concurrency/stop.h"
#include "crypto/secret.h"

namespace hikae::net {

enum class SmtpSecurity {
  starttls,  // the connection is encrypted before anything is said, or not used at all
  tls,       // encrypted from its first byte ("smtps")
  none,      // in the clear; a password is never sent over it, except to this very machine
};

struct SmtpServer {
  std::string host;
  int port = 587;
  SmtpSecurity security = SmtpSecurity::starttls;
  std::string user;  // empty: no login
  Secret password;
  std::string ca_file;   // PEM, instead of the system's authorities; empty: those
  std::string own_name;  // how this host introduces itself (EHLO)
  std::chrono::milliseconds connect_timeout{15000};
  std::chrono::milliseconds time_limit{60000};  // of one mail, from the connection to the end
};

// Who sends to whom (the envelope), and the whole mail: headers and body, lines ending in CRLF. The
// view must live until send_mail() returns.
struct SmtpMail {
  std::string from;
  std::vector<std::string> to;
  ByteView content;
};

struct RejectedRecipient {
  std::string address;
  std::string answer;  // the server's words
};

struct SmtpResult {
  std::string answer;  // the server's words when it took the mail
  // Those that the server refused while it took the mail for the others.
  std::vector<RejectedRecipient> rejected;
};

// One mail on a connection of its own. Certificates and host names are always verified; logins are
// PLAIN or LOGIN, inside of TLS. Thread-safe. Throws Cancelled when `stop` is requested, and Error:
//   io, timeout       no connection, one that broke, or a refusal for now (4xx): after_backoff
//   permission        the login was refused, or the certificate is not trusted
//   unsupported       the server offers no STARTTLS or no common TLS version
//   invalid_argument  every recipient or the mail was refused for good (5xx); an address, host name
//                     or CA file that cannot be used; a password that would go in the clear
SmtpResult send_mail(const SmtpServer& server, const SmtpMail& mail, const StopToken& stop);

}  // namespace hikae::net
