// SPDX-License-Identifier: Apache-2.0
// Internal to notify: pieces of sentences that several renderings share. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "notify/message.h"

namespace hikae::notify {

// In the message's language.
std::string words(const Message& message, const Text& text);
// "1,234,567".
std::string grouped(std::uint64_t number);
// Wall time in the policy's zone.
std::string shown_time(const Message& message, Instant time);

// "0:05:12".
std::string shown_duration(std::chrono::seconds duration);

// "ok"; in Japanese "ok (正常)": the word of the exit code and JSON, in every language.
std::string verdict_words(const Message& message, Verdict verdict);

// Policy, host, slot, run, times: label and value.
std::vector<std::pair<std::string, std::string>> fact_rows(const Message& message);
// Of the list of outcomes; a check and a prune are about destinations alone.
std::string_view outcomes_heading(const Message& message);
// "fileshare → nas".
std::string outcome_title(const OutcomeFacts& outcome);
// "70,001 files, 12.345 GiB", "120.000 MiB added", "7 generations kept, 1 dropped", …
std::vector<std::string> outcome_facts(const Message& message, const OutcomeFacts& outcome);
// "fileshare: /srv/a: Permission denied".
std::string item_line(const UnreadableItem& item);
// The key of the words above such lines.
std::string_view items_heading(const Message& message);
// "2026-11-23 02:00:00 failed: reason".
std::string attempt_line(const Message& message, const Attempt& attempt);

// Which parts of a message a channel may tell.
enum class Details {
  none,     // that it happened: no name of a source, destination or host, no sentence
  summary,  // all but the paths of single items
  full,
};

}  // namespace hikae::notify
