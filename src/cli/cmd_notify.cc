// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/session.h"
#include "format/time.h"
#include "policy/time_zone.h"
#include "service/announce.h"

namespace hikae::cli {
namespace {

struct Flags {
  std::string channel;
  bool all = false;
};

// More would be no list for a person.
constexpr std::size_t kMostShown = 200;

std::string time_of(Instant time) {
  return format::to_rfc3339(format::to_timestamp(time));
}

Text state_text(NoticeState state) {
  switch (state) {
    case NoticeState::waiting:
      return text("cli_notify.state_waiting");
    case NoticeState::delivered:
      return text("cli_notify.state_delivered");
    case NoticeState::joined:
      return text("cli_notify.state_joined");
    case NoticeState::given_up:
      break;
  }
  return text("cli_notify.state_given_up");
}

bool is_good(const notify::Delivery& delivery) {
  return !delivery.failure && delivery.refused.empty();
}

void print_answers_json(const Session& session, const std::vector<notify::ChannelAnswer>& answers) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const notify::ChannelAnswer& answer : answers) {
    const notify::Delivery& delivery = answer.delivery;
    json.begin_object().member("channel", answer.channel);
    json.key("delivered").boolean(!delivery.failure);
    if (!delivery.answer.empty()) json.member("answer", delivery.answer);
    if (delivery.failure) {
      json.member("error", render(*delivery.failure, Language::en));
      if (delivery.failure->hint())
        json.member("hint", render(*delivery.failure->hint(), Language::en));
    }
    json.key("refused").begin_array();
    for (const std::string& one : delivery.refused) json.value(one);
    json.end_array().end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_answers(const Session& session, const std::vector<notify::ChannelAnswer>& answers) {
  for (const notify::ChannelAnswer& answer : answers) {
    const notify::Delivery& delivery = answer.delivery;
    if (delivery.failure) {
      session.console.say(text("cli_notify.not_delivered", {{"channel", answer.channel}}));
      session.console.error(*delivery.failure);
      continue;
    }
    session.console.say(delivery.answer.empty()
                            ? text("cli_notify.delivered", {{"channel", answer.channel}})
                            : text("cli_notify.delivered_with",
                                   {{"channel", answer.channel}, {"answer", delivery.answer}}));
    for (const std::string& one : delivery.refused)
      session.console.warning(text("cli_notify.refused", {{"receiver", one}}));
  }
}

int send_test(const Session& session, const Flags& flags) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const auto answers =
      send_test_message(loaded.policy, session.environment, *journal, flags.channel, session.stop);
  if (session.options.json) {
    print_answers_json(session, answers);
  } else {
    print_answers(session, answers);
  }
  for (const notify::ChannelAnswer& answer : answers) {
    if (!is_good(answer.delivery)) return 1;
  }
  return 0;
}

void print_notices_json(const Session& session, const std::vector<Notice>& notices) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Notice& notice : notices) {
    json.begin_object().member("id", notice.id).member("channel", notice.channel);
    json.member("state", word_of(notice.state)).member("subject", notice.subject);
    json.member("created", time_of(notice.created)).member("tries", notice.tries);
    if (notice.state == NoticeState::waiting) json.member("next_try", time_of(notice.next_try));
    if (notice.settled) json.member("settled", time_of(*notice.settled));
    if (!notice.answer.empty()) json.member("answer", notice.answer);
    json.end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_notices(const Session& session,
                   const std::vector<Notice>& notices,
                   const policy::Policy& policy) {
  if (notices.empty()) {
    session.console.say(text("cli_notify.nothing_waits"));
    return;
  }
  const auto words = [&](const Text& name) { return render(name, session.console.language()); };
  Table table;
  table.add_column(words(text("cli_notify.channel")));
  table.add_column(words(text("cli_notify.state")));
  table.add_column(words(text("cli_notify.created")));
  table.add_column(words(text("cli_notify.tries")), Table::Align::right);
  table.add_column(words(text("cli_notify.next_try")));
  table.add_column(words(text("cli_notify.subject")));
  for (const Notice& notice : notices) {
    const bool waits = notice.state == NoticeState::waiting;
    table.add_row({notice.channel,
                   words(state_text(notice.state)),
                   policy::policy_time(policy.timezone, notice.created),
                   std::to_string(notice.tries),
                   waits ? policy::policy_time(policy.timezone, notice.next_try) : "-",
                   notice.subject});
  }
  session.console.print(table.render());
  for (const Notice& notice : notices) {
    if (notice.state == NoticeState::waiting && !notice.answer.empty())
      session.console.warning(
          text("cli_notify.reason", {{"channel", notice.channel}, {"reason", notice.answer}}));
  }
}

int show_outbox(const Session& session, const Flags& flags) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const auto notices = flags.all ? journal->notices().notices(loaded.policy.name, kMostShown)
                                 : journal->notices().waiting(loaded.policy.name);
  if (session.options.json) {
    print_notices_json(session, notices);
  } else {
    print_notices(session, notices, loaded.policy);
  }
  return 0;
}

int retry(const Session& session) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  journal->notices().hurry(loaded.policy.name, session.environment.clock.now());
  make_outbox(loaded.policy, session.environment, *journal)->send_due(session.stop);
  const auto waiting = journal->notices().waiting(loaded.policy.name);
  if (session.options.json) {
    print_notices_json(session, waiting);
  } else {
    print_notices(session, waiting, loaded.policy);
  }
  return waiting.empty() ? 0 : 1;
}

}  // namespace

void add_notify(Command& root, const Session& session) {
  auto flags = std::make_shared<Flags>();  // shared with the callbacks, which outlive this call
  Command& group = root.add_group("notify", text("cli_notify.help"));
  Command& test = group.add_command("test", text("cli_notify.help_test"), [&session, flags] {
    return send_test(session, *flags);
  });
  test.option("--channel", flags->channel, "NAME", text("cli_notify.help_channel"));
  Command& outbox = group.add_command("outbox", text("cli_notify.help_outbox"), [&session, flags] {
    return show_outbox(session, *flags);
  });
  outbox.flag("--all", flags->all, text("cli_notify.help_all"));
  group.add_command("retry", text("cli_notify.help_retry"), [&session] { return retry(session); });
}

}  // namespace hikae::cli
