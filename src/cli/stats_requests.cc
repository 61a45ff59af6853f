// SPDX-License-Identifier: Apache-2.0
#include "cli/stats_requests.h"

#include "base/json.h"
#include "base/units.h"
#include "journal/journal.h"

namespace hikae::cli {
namespace {

std::chrono::seconds parse_since(const std::string& since) {
  if (const auto duration = parse_duration(since)) return *duration;
  throw Error(ErrorCode::invalid_argument,
              text("cli.bad_duration", {{"option", "--since"}, {"value", since}}))
      .with_hint(text("cli.bad_duration_hint"));
}

std::string to_json(const std::vector<ConnectionRecord>& totals) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const ConnectionRecord& destination : totals) {
    for (const ConnectionRecord::Requests& kind : destination.requests) {
      json.begin_object()
          .member("destination", destination.destination)
          .member("kind", kind.kind)
          .member("requests", kind.requests)
          .member("bytes_sent", kind.bytes_sent)
          .member("bytes_received", kind.bytes_received)
          .end_object();
    }
  }
  json.end_array();
  return out + "\n";
}

Table to_table(const std::vector<ConnectionRecord>& totals, Language language) {
  Table table;
  table.add_column(render(text("cli_run.destination"), language));
  table.add_column(render(text("cli_stats.request_kind"), language));
  for (const char* heading :
       {"cli_stats.requests", "cli_stats.bytes_sent", "cli_stats.bytes_received"}) {
    table.add_column(render(text(heading), language), Table::Align::right);
  }
  for (const ConnectionRecord& destination : totals) {
    for (const ConnectionRecord::Requests& kind : destination.requests) {
      table.add_row({destination.destination,
                     kind.kind,
                     std::to_string(kind.requests),
                     format_bytes(kind.bytes_sent),
                     format_bytes(kind.bytes_received)});
    }
  }
  return table;
}

}  // namespace

int print_requests(const Session& session, const std::string& since) {
  const auto reach = parse_since(since);
  const LoadedPolicy loaded = load_policy(session);
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open(environment.state_directory, environment.clock, environment.log);
  const auto totals = journal->total_requests(loaded.policy.name, environment.clock.now() - reach);
  if (session.options.json) {
    session.console.print(to_json(totals));
    return 0;
  }
  session.console.say(text("cli_stats.requests_heading", {{"since", since}}));
  session.console.print(to_table(totals, session.console.language()).render());
  return 0;
}

}  // namespace hikae::cli
