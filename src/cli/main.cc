// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "cli/failure.h"
#include "cli/session.h"
#include "os/process.h"
#include "os/signals.h"
#include "os/terminal.h"
#include "os/time_zone.h"
#include "os/users.h"

namespace hikae::cli {
namespace {

constexpr const char* kVersion = "hikae " HIKAE_VERSION;

// The only place that reads the environment.
std::optional<std::string> variable(const std::string& name) {
  const char* value =
      std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string variable_or(const std::string& name, const std::string& otherwise) {
  return variable(name).value_or(otherwise);
}

Identity this_process() {
  Identity identity;
  identity.hostname = os::hostname();
  identity.username = os::current_user_name();
  identity.uid = geteuid();
  identity.gid = getegid();
  identity.pid = getpid();
  identity.boot_id = os::boot_id();
  identity.pid_ns = os::pid_namespace();
  identity.pid_start = os::process_start(getpid());
  return identity;
}

std::string working_directory() {
  char* path = getcwd(nullptr, 0);
  std::string result = path == nullptr ? "/" : path;
  std::free(path);  // NOLINT(cppcoreguidelines-no-malloc): getcwd allocates it
  return result;
}

// With one of them closed, the next file that is opened gets its number, and what is printed lands
// in a pack or in the journal.
void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number that is free: this one.
    const int opened = open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    if (opened != fd) _exit(1);
  }
}

// A backup opens many files at once; the soft limit is for programs that use select().
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Buffers of megabytes go back to the system when they are freed. Left to itself the allocator
// learns to keep them, one per thread that ever had one: a third of the peak.
void return_large_buffers() {
  // Called before any other thread exists.
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);  // NOLINT(concurrency-mt-unsafe)
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);  // NOLINT(concurrency-mt-unsafe)
}

void add_global_options(Command& root, GlobalOptions& options) {
  options.policy_file = variable_or("HIKAE_POLICY", "/etc/hikae/policy.yaml");
  options.repository = variable_or("RESTIC_REPOSITORY", "");
  options.password_file = variable_or("RESTIC_PASSWORD_FILE", "");
  root.option("--policy", options.policy_file, "FILE", text("cli.help_policy"));
  root.option("-r,--repo", options.repository, "PLACE", text("cli.help_repo"));
  root.option("-d,--destination", options.destination, "NAME", text("cli.help_destination"));
  root.option("-p,--password-file", options.password_file, "FILE", text("cli.help_password_file"));
  root.option("--retry-lock", options.retry_lock, "DURATION", text("cli.help_retry_lock"));
  root.flag("--no-lock", options.no_lock, text("cli.help_no_lock"));
  root.flag("--json", options.json, text("cli.help_json"));
  root.flag("-q,--quiet", options.quiet, text("cli.help_quiet"));
  root.count("-v,--verbose", options.verbose, text("cli.help_verbose"));
}

void add_verbs(CommandLine& root, const Session& session) {
  add_init(root, session);
  add_run(root, session);
  add_sync(root, session);
  add_status(root, session);
  add_ack(root, session);
  add_schedule(root, session);
  add_serve(root, session);
  add_notify(root, session);
  add_watch(root, session);
  add_metrics(root, session);
  add_logs(root, session);
  add_policy(root, session);
  add_doctor(root, session);
  add_import(root, session);
  add_recovery_kit(root, session);
  add_backup(root, session);
  add_snapshots(root, session);
  add_ls(root, session);
  add_cat(root, session);
  add_restore(root, session);
  add_postgres(root, session);
  add_check(root, session);
  add_forget(root, session);
  add_prune(root, session);
  add_stats(root, session);
  add_unlock(root, session);
  add_serve_repository(root, session);
  add_verify_packs(root, session);
  add_key(root, session);
  add_completion(root, session);
  add_man_pages(root, session);
}

// A second signal does not wait for the work to come to an order.
void watch_signals(const os::TerminationSignals& signals,
                   std::stop_source& source,
                   const StopToken& stop) {
  while (signals.wait(stop)) {
    if (!source.request_stop()) _exit(130);
  }
}

// Not from the parsed options: a command line that cannot be parsed is a failure to tell, too.
FailureForm failure_form(int count, const char* const* arguments) {
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]) == "--json") return FailureForm::json;
  }
  return FailureForm::text;
}

int run_command_line(CommandLine& root, Console& console, int count, char** arguments) {
  const FailureForm form = failure_form(count, arguments);
  try {
    const int code = root.run(count, arguments);
    if (code == 0 && console.reader_is_gone()) return os::exit_code_of_signal(SIGPIPE);
    if (!console.reader_is_gone()) console.finish();
    return code;
  } catch (const Error& error) {
    return report_failure(console, form, error, exit_code(error));
  } catch (const Cancelled&) {
    return report_interruption(console, form);
  } catch (const std::exception& error) {  // memory, or a defect of ours: say so and fail
    const Error failure(ErrorCode::io, text("cli.unexpected", {{"reason", error.what()}}));
    return report_failure(console, form, failure, 1);
  }
}

int run(int count, char** arguments) {
  open_standard_streams();
  os::ignore_broken_pipes();
  raise_file_limit();
  return_large_buffers();
  const os::TerminationSignals signals;
  const Language language = choose_language(
      {variable("HIKAE_LANGUAGE"), variable("LC_ALL"), variable("LC_MESSAGES"), variable("LANG")});
  Console console(language, os::is_terminal(STDERR_FILENO) ? Colour::terminal : Colour::none);
  const SystemClock clock;
  const os::LocalOffsets offsets;
  KnownKeys known_keys;
  Environment environment{clock,
                          console,
                          this_process(),
                          variable_or("HIKAE_STATE_DIR", "/var/lib/hikae"),
                          variable_or("HIKAE_CACHE_DIR", "/var/cache/hikae"),
                          working_directory(),
                          kVersion,
                          variable,
                          [&](std::int64_t seconds) { return offsets.at(seconds); }};
  environment.known_keys = &known_keys;
  GlobalOptions options;
  std::stop_source source;
  const Session session{console, environment, options, source.get_token()};
  const auto root = CommandLine::make(text("cli.description"), kVersion, language);
  add_global_options(*root, options);
  add_verbs(*root, session);
  TaskGroup watcher{StopToken()};
  watcher.spawn("signals", [&](const StopToken& stop) { watch_signals(signals, source, stop); });
  return run_command_line(*root, console, count, arguments);
}

}  // namespace
}  // namespace hikae::cli

int main(int count, char** arguments) {
  return hikae::cli::run(count, arguments);
}
