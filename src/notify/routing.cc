// SPDX-License-Identifier: Apache-2.0
#include "notify/routing.h"

#include <algorithm>

namespace hikae::notify {
namespace {

using policy::NotifyEvent;

// A review is no job that is tried again: Slack's "after retries" is about what should have run.
bool is_tried(const Message& message) {
  return message.slot.job != "review";
}

void add_by_verdict(std::vector<NotifyEvent>& events, const Message& message) {
  if (message.verdict == Verdict::ok || message.verdict == Verdict::warning) {
    events.push_back(NotifyEvent::success);
    if (message.verdict == Verdict::warning) events.push_back(NotifyEvent::warning);
    if (!message.concerns.empty()) events.push_back(NotifyEvent::failure);
    return;
  }
  if (message.verdict == Verdict::partial) events.push_back(NotifyEvent::partial);
  events.push_back(NotifyEvent::failure);
  if (is_tried(message)) events.push_back(NotifyEvent::failure_after_retries);
}

}  // namespace

std::vector<NotifyEvent> events_of(const Message& message) {
  std::vector<NotifyEvent> events;
  switch (message.occasion) {
    case Occasion::started:
    case Occasion::retrying:
      return events;
    case Occasion::finished:
    case Occasion::left_out:
    case Occasion::digest:
      add_by_verdict(events, message);
      break;
    case Occasion::missed:
    case Occasion::overdue:
      events = {NotifyEvent::missed, NotifyEvent::failure};
      if (is_tried(message)) events.push_back(NotifyEvent::failure_after_retries);
      break;
    case Occasion::frozen:
    case Occasion::low_space:
      events = {NotifyEvent::warning, NotifyEvent::failure};
      break;
    case Occasion::recovered:
      // Who was told of the failure is told of its end.
      events = {NotifyEvent::recovered, NotifyEvent::success, NotifyEvent::failure};
      break;
    case Occasion::unacknowledged:
    case Occasion::policy_unreadable:
      events = {NotifyEvent::failure, NotifyEvent::failure_after_retries};
      break;
    case Occasion::undeliverable:
      events = {NotifyEvent::failure};
      break;
    case Occasion::test:
      events = {NotifyEvent::success, NotifyEvent::failure};
      break;
  }
  if (message.slot.job == "drill") events.push_back(NotifyEvent::drill);
  if (message.slot.job == "review") events.push_back(NotifyEvent::review);
  return events;
}

bool is_heard(const std::vector<NotifyEvent>& on, const Message& message) {
  const std::vector<NotifyEvent> events = events_of(message);
  return std::any_of(events.begin(), events.end(), [&](NotifyEvent event) {
    return std::find(on.begin(), on.end(), event) != on.end();
  });
}

}  // namespace hikae::notify
