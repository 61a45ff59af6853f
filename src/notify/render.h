// SPDX-License-Identifier: Apache-2.0
// A message in the forms that channels send. All pure; names and sentences may hold anything, and
// come out harmless in the form they are put in.
#pragma once

#include <string>
#include <string_view>

#include "notify/message.h"
#include "notify/words.h"

namespace hikae::notify {

// Plain text, lines ending in LF, without the subject.
std::string to_text(const Message& message, Details details);

// A whole HTML document with inline styles, one column, readable on a phone.
std::string to_html(const Message& message, std::string_view subject, Details details);

// Slack's incoming webhook: `text` for the notification, `blocks` for the channel. Within Slack's
// limits (50 blocks, 150 characters a header, 3,000 a section), whatever the message holds.
std::string to_slack(const Message& message, std::string_view subject, Details details);

// One JSON object without line breaks, for programs. Words as in --json; times RFC 3339, UTC.
std::string to_json(const Message& message, std::string_view subject, Details details);

// A few lines for a ping's body: what happened and counts, no name but the policy's.
std::string to_ping_text(const Message& message);

// Without what looks like a credential: user:password@ in URLs, tokens in the paths of webhooks,
// password=…, and the sentences' control characters.
std::string redacted(std::string_view sentence);
// The same for every sentence of the message.
Message redacted(Message message);

}  // namespace hikae::notify
