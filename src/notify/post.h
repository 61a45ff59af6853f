// SPDX-License-Identifier: Apache-2.0
// Internal to notify: one request to an address that is a secret.
#pragma once

#include <string>

#include "net/http.h"
#include "notify/channel.h"

namespace hikae::notify {

struct PostRequest {
  std::string url;  // the secret itself; wiped by its owner
  std::string body;
  net::HttpHeaders headers;
  std::string ca_file;
  policy::TransportCipher in_transit = policy::TransportCipher::aes_256;
};

// POSTs and judges the answer: 2xx is taken; 429 and 5xx are worth another try, after the time that
// the other side names; all else is a mistake in the policy or at the other side. No message holds
// more of the address than its host.
Delivery post(const PostRequest& request, const Clock& clock, const StopToken& stop);

}  // namespace hikae::notify
