// SPDX-License-Identifier: Apache-2.0
#include "service/last_policy.h"

#include "crypto/hash.h"
#include "os/files.h"
#include "policy/load.h"
#include "service/announce.h"

namespace hikae {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 20U;

std::string folder_in(const Environment& environment) {
  return environment.state_directory + "/policies";
}

std::string place_of(const std::string& file, const Environment& environment) {
  return folder_in(environment) + "/" + sha256(as_bytes(file)).hex().substr(0, 16) + ".yaml";
}

std::optional<std::string> kept(const std::string& file, const Environment& environment) {
  try {
    return std::string(as_text(os::read_file(place_of(file, environment), kLargest)));
  } catch (const Error&) {  // none was kept
    return std::nullopt;
  }
}

notify::Message message_of(const policy::Policy& policy,
                           const Error& error,
                           const Environment& environment) {
  notify::Message message = begin_message(notify::Occasion::policy_unreadable,
                                          policy,
                                          environment.identity.hostname,
                                          environment.clock.now());
  message.verdict = Verdict::failed;
  message.slot.job = "backup";
  std::string step = error.hint() ? render(*error.hint(), policy.language) + " " : std::string();
  step += render(text("service_announce.unreadable_hint"), policy.language);
  message.problems = {{render(error, policy.language), std::move(step)}};
  return message;
}

}  // namespace

void keep_last_policy(const std::string& file,
                      const std::string& text,
                      const Environment& environment) {
  if (kept(file, environment) == text) return;
  try {
    os::ensure_directory(folder_in(environment), 0700);
    os::write_file_durably(place_of(file, environment),
                           {as_bytes(text)},
                           {.mode = 0600, .if_exists = os::IfExists::replace});
  } catch (const Error&) {  // see the header
    return;
  }
}

void tell_unreadable_policy(const std::string& file,
                            const Error& error,
                            const Environment& environment,
                            const StopToken& stop) {
  const auto text = kept(file, environment);
  if (!text) return;
  try {
    const policy::Policy policy = policy::parse_policy(*text, file);
    const auto journal =
        Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
    const auto outbox = make_outbox(policy, environment, *journal);
    outbox->add(message_of(policy, error, environment));
    outbox->send_due(stop);
  } catch (const Error&) {  // of another version of the program, say; the mistake itself is shown
    return;
  }
}

}  // namespace hikae
