// SPDX-License-Identifier: Apache-2.0
#include "service/hooks.h"

#include <algorithm>
#include <array>

#include "os/process.h"

namespace hikae {
namespace {

constexpr int kSoftSkip = 75;  // EX_TEMPFAIL of sysexits.h
constexpr std::chrono::seconds kTimeWhenStopped{60};
constexpr std::size_t kOutputLimit = std::size_t{256} * 1024;
constexpr std::size_t kMostLines = 200;

// Where programs lie, who we are, how words and times are written; where this program keeps things.
constexpr std::array kPassedOn = {"PATH",
                                  "HOME",
                                  "USER",
                                  "LOGNAME",
                                  "LANG",
                                  "LC_ALL",
                                  "TZ",
                                  "TMPDIR",
                                  "HIKAE_LANGUAGE",
                                  "HIKAE_STATE_DIR",
                                  "HIKAE_CACHE_DIR",
                                  "HIKAE_LOG_DIR"};
constexpr const char* kUsualPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_empty(const policy::Hooks& hooks) {
  return hooks.before.empty() && hooks.after.empty() && hooks.on_error.empty() &&
         hooks.finally.empty();
}

void log_output(Log& log, const std::string& path, const std::string& output) {
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    if (++lines <= kMostLines) {
      log.info(text("service_hooks.output",
                    {{"path", path}, {"line", output.substr(begin, end - begin)}}));
    }
    begin = end + 1;
  }
  if (lines > kMostLines) {
    log.info(text("service_hooks.output_cut",
                  {{"path", path}, {"count", std::to_string(lines - kMostLines)}}));
  }
}

}  // namespace

std::optional<Error> first_failure(const RunReport& report, const HookPlace& place) {
  const auto counts = [](const std::optional<Error>& failure) {
    return failure && failure->code() != ErrorCode::skipped;
  };
  if (counts(report.failure)) return report.failure;
  for (const RunOutcome& outcome : report.outcomes) {
    const bool is_there = (place.source.empty() || place.source == outcome.source) &&
                          (place.destination.empty() || place.destination == outcome.destination);
    if (is_there && counts(outcome.failure)) return outcome.failure;
  }
  return std::nullopt;
}

HookScope::HookScope(RunContext& run, const policy::Hooks& hooks, HookPlace place, StopToken stop)
    : run_(run), hooks_(hooks), place_(std::move(place)), stop_(std::move(stop)) {}

HookScope::~HookScope() {
  end();
}

void HookScope::before() {
  begun_ = true;
  try {
    run_list("before", hooks_.before);
  } catch (const Error& error) {
    left_out_ = error.code() == ErrorCode::skipped;
    throw;
  }
}

void HookScope::finish(Verdict verdict, const std::optional<Error>& failure) {
  if (!begun_ || is_empty(hooks_)) return;
  verdict_ = to_string(verdict);
  if (failure) error_ = render(*failure, run_.policy.language);
  if (left_out_) return;
  if (verdict >= Verdict::partial)
    run_noting("on_error", hooks_.on_error);
  else
    run_noting("after", hooks_.after);
}

void HookScope::end() noexcept {
  if (!begun_) return;
  begun_ = false;
  try {
    run_noting("finally", hooks_.finally);
  } catch (const std::exception&) {
    // Only memory can run out here; there is nobody left to tell.
    return;
  }
}

void HookScope::run_list(const char* hook, const std::vector<std::string>& commands) {
  for (const std::string& command : commands) run_command(hook, command, stop_);
}

void HookScope::run_noting(const char* hook, const std::vector<std::string>& commands) {
  // finally must not be cut short by the very stop that it cleans up after.
  const bool is_last = std::string_view(hook) == "finally";
  for (const std::string& command : commands) {
    try {
      run_command(hook, command, is_last ? StopToken() : stop_);
    } catch (const Error& error) {
      const Text problem =
          text("service_hooks.problem", {{"reason", render(error, run_.policy.language)}});
      run_.report.frozen.push_back(problem);
    }
  }
}

void HookScope::run_command(const char* hook, const std::string& command, const StopToken& stop) {
  os::ProcessRequest request;
  // One stream, so that what it printed stands in the order in which it was printed.
  request.argv = {"/bin/sh", "-c", "exec 2>&1\n" + command};
  request.environment = variables(hook);
  request.timeout =
      stop_.stop_requested() ? std::min(hooks_.timeout, kTimeWhenStopped) : hooks_.timeout;
  request.output_limit = kOutputLimit;
  request.overflow = os::ProcessRequest::Overflow::drop;
  const Text::Arguments names{{"path", path(hook)}, {"command", command}};
  try {
    const os::ProcessResult result = os::run_process(request, stop);
    log_output(run_.environment.log, path(hook), result.output);
    if (result.exit_code == 0) return;
    if (result.exit_code == kSoftSkip && std::string_view(hook) == "before")
      throw Error(ErrorCode::skipped, text("service_hooks.skipped", {{"path", path(hook)}}));
    throw Error(ErrorCode::hook_failed,
                text("service_hooks.failed",
                     {{"path", path(hook)},
                      {"code", std::to_string(result.exit_code)},
                      {"command", command}}),
                Retry::after_backoff)
        .with_hint(text("service_hooks.failed_hint"));
  } catch (Error& error) {
    if (error.code() == ErrorCode::timeout) {
      error.add_context(text("service_hooks.running", names));
      error.set_hint(text("service_hooks.timeout_hint",
                          {{"seconds", std::to_string(request.timeout->count() / 1000)}}));
    }
    throw;
  }
}

std::vector<std::string> HookScope::variables(const char* hook) const {
  std::vector<std::string> variables;
  for (const char* name : kPassedOn) {
    const auto value = run_.environment.variable(name);
    if (value) variables.push_back(name + ("=" + *value));
    if (!value && std::string_view(name) == "PATH") variables.emplace_back(kUsualPath);
  }
  const auto tell = [&variables](const char* name, const std::string& value) {
    if (!value.empty()) variables.push_back(name + ("=" + value));
  };
  tell("HIKAE_HOOK", hook);
  tell("HIKAE_POLICY", run_.environment.policy_file);
  tell("HIKAE_POLICY_NAME", run_.policy.name);
  tell("HIKAE_JOB", "backup");
  tell("HIKAE_RUN", run_.report.run_id);
  tell("HIKAE_SOURCE", place_.source);
  tell("HIKAE_DESTINATION", place_.destination);
  if (std::string_view(hook) != "before") {
    tell("HIKAE_VERDICT", verdict_);
    tell("HIKAE_ERROR", error_);
  }
  return variables;
}

std::string HookScope::path(const char* hook) const {
  std::string path;
  if (!place_.source.empty()) path = "sources." + place_.source + ".";
  if (!place_.destination.empty()) path = "destinations." + place_.destination + ".";
  return path + "hooks." + hook;
}

std::vector<OpenDestination> DestinationHooks::open(OpenRequest request) {
  const auto wanted = [&request](const policy::Destination& destination) {
    return request.only.empty() ||
           std::find(request.only.begin(), request.only.end(), destination.name) !=
               request.only.end();
  };
  std::vector<OpenDestination> failed;
  std::vector<std::string> usable;
  for (const policy::Destination& destination : run_.policy.destinations) {
    if (!wanted(destination)) continue;
    try {
      scopes_.push_back({destination.name,
                         std::make_unique<HookScope>(
                             run_, destination.hooks, HookPlace{"", destination.name}, stop_)});
      scopes_.back().scope->before();
      usable.push_back(destination.name);
    } catch (const Error& error) {
      OpenDestination& one = failed.emplace_back();
      one.destination = &destination;
      one.failure = error;
    }
  }
  if (failed.empty()) return open_destinations(run_.policy, request, run_.environment, stop_);
  std::vector<OpenDestination> opened;
  if (!usable.empty()) {
    request.only = usable;
    opened = open_destinations(run_.policy, request, run_.environment, stop_);
  }
  std::move(failed.begin(), failed.end(), std::back_inserter(opened));
  return opened;
}

void DestinationHooks::finish() {
  for (One& one : scopes_) {
    Verdict verdict = Verdict::ok;
    for (const RunOutcome& outcome : run_.report.outcomes) {
      if (outcome.destination == one.destination) verdict = worse(verdict, outcome.verdict);
    }
    one.scope->finish(verdict, first_failure(run_.report, {"", one.destination}));
    one.scope->end();
  }
}

}  // namespace hikae
