// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>

#include "base/json.h"
#include "base/units.h"
#include "cli/progress.h"
#include "maintenance/verify_files.h"
#include "storage/open.h"

namespace hikae::cli {
namespace {

using std::chrono::steady_clock;

std::string progress_text(const Session& session,
                          const VerifyProgress& progress,
                          steady_clock::duration elapsed) {
  const Pace now = pace(progress.bytes, progress.bytes_total, elapsed);
  return render(text("cli_verify_packs.progress",
                     {{"percent", now.percent},
                      {"files", std::to_string(progress.files)},
                      {"files_total", std::to_string(progress.files_total)},
                      {"bytes", format_bytes(progress.bytes)},
                      {"rate", now.rate},
                      {"left", now.left}}),
                session.console.language());
}

VerifyReport verify(const Session& session, Backend& backend) {
  VerifyProgress progress;
  const auto begin = steady_clock::now();
  const ProgressLine line(
      session, [&] { return progress_text(session, progress, steady_clock::now() - begin); });
  return verify_files(backend, progress, session.stop);
}

void print_json(const Session& session, const VerifyReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary");
  json.member("files", report.files).member("bytes", report.bytes).key("damaged").begin_array();
  for (const BadFile& file : report.bad) {
    json.begin_object().member("path", file.path);
    json.member("problem",
                file.problem == BadFile::Problem::hash_differs ? "hash_differs" : "unreadable");
    json.member("message", render(file.message, session.console.language())).end_object();
  }
  json.end_array().key("sound").boolean(report.is_sound()).end_object();
  session.console.print(out + "\n");
}

void print_words(const Session& session, const VerifyReport& report) {
  Console& console = session.console;
  for (const BadFile& file : report.bad) console.say(file.message);
  const Text::Arguments facts{{"files", std::to_string(report.files)},
                              {"bytes", format_bytes(report.bytes)},
                              {"bad", std::to_string(report.bad.size())}};
  if (report.is_sound()) return console.say(text("cli_verify_packs.sound", facts));
  console.say(text("cli_verify_packs.not_sound", facts));
  console.say(text("cli_verify_packs.next_step"));
}

int run(const Session& session, const std::string& folder) {
  const Location location = parse_location(folder, session.environment.working_directory);
  OpenOptions options;
  options.mode = AccessMode::read_only;
  options.variable = session.environment.variable;
  const auto backend = open_backend(location, std::move(options));
  const VerifyReport report = verify(session, *backend);
  if (session.options.json) {
    print_json(session, report);
  } else {
    print_words(session, report);
  }
  return report.is_sound() ? 0 : 1;
}

}  // namespace

void add_verify_packs(Command& root, const Session& session) {
  auto folder = std::make_shared<std::string>();
  Command& command = root.add_command("verify-packs",
                                      text("cli_verify_packs.help"),
                                      [&session, folder] { return run(session, *folder); });
  command.argument("DIR", *folder, text("cli_verify_packs.help_dir"));
}

}  // namespace hikae::cli
