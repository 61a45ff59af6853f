// SPDX-License-Identifier: Apache-2.0
#include "cli/restore_output.h"

#include <cmath>

#include "base/json.h"
#include "base/units.h"
#include "cli/progress.h"

namespace hikae::cli {
namespace {

using std::chrono::steady_clock;

void report_errors(const Session& session, const std::vector<RestoreItemError>& errors) {
  for (const RestoreItemError& error : errors) {
    const std::string message = render(error.message, session.console.language());
    if (!session.options.json) {
      session.console.write(
          LogLevel::error,
          text("cli_restore.item_error", {{"path", printable(error.path)}, {"message", message}}));
      continue;
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("message_type", "error").key("error").begin_object();
    json.member("message", message).end_object();
    json.member("during", "restore").member("item", error.path).end_object();
    session.console.print_error(out + "\n");
  }
}

void print_summary_json(const Session& session,
                        const RestoreJob& job,
                        const RestoreReport& report,
                        const RestoreProgress& progress,
                        double seconds) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary");
  json.member("seconds_elapsed", static_cast<std::uint64_t>(seconds));
  json.member("total_files",
              report.files_restored + report.files_unchanged + report.directories + report.others);
  json.member("files_restored", report.files_restored + report.directories + report.others);
  json.member("files_skipped", report.files_unchanged);
  json.member("files_deleted", report.deleted);
  json.member("total_bytes", progress.bytes_total.load());
  json.member("bytes_restored", report.bytes_written);
  json.member("files_verified", report.files_verified);
  json.member("errors", std::uint64_t{report.errors.size()});
  json.member("snapshot_id", job.record.id.hex()).member("target", job.options.target);
  if (job.options.others != nullptr) {
    json.key("stood_in").begin_array();
    for (const FallbackBlobs::Use& use : job.options.others->uses()) {
      if (use.blobs == 0) continue;
      json.begin_object().member("destination", use.name).member("blobs", use.blobs);
      json.member("bytes", use.bytes).end_object();
    }
    json.end_array();
  }
  json.end_object();
  session.console.print(out + "\n");
}

// The restore is whole, but one of the copies is not.
void warn_of_stand_ins(const Session& session, const RestoreJob& job) {
  if (job.options.others == nullptr) return;
  for (const FallbackBlobs::Use& use : job.options.others->uses()) {
    if (use.blobs == 0) continue;
    session.console.warning(text("cli_restore.stood_in",
                                 {{"destination", use.name},
                                  {"blobs", std::to_string(use.blobs)},
                                  {"bytes", format_bytes(use.bytes)},
                                  {"place", job.repository.backend().location()}}));
  }
}

void print_summary(const Session& session,
                   const RestoreJob& job,
                   const RestoreReport& report,
                   double seconds) {
  Console& console = session.console;
  console.say(text("cli_restore.summary",
                   {{"snapshot", job.record.id.short_hex()},
                    {"files", std::to_string(report.files_restored)},
                    {"directories", std::to_string(report.directories)},
                    {"others", std::to_string(report.others)},
                    {"bytes", format_bytes(report.bytes_written)},
                    {"target", printable(job.options.target)},
                    {"time", format_duration(std::chrono::seconds(std::llround(seconds)))}}));
  if (report.files_unchanged > 0)
    console.say(text("cli_restore.unchanged", {{"files", std::to_string(report.files_unchanged)}}));
  if (report.deleted > 0)
    console.say(text("cli_restore.deleted", {{"items", std::to_string(report.deleted)}}));
  if (job.options.verify == VerifyAfter::yes)
    console.say(text("cli_restore.verified", {{"files", std::to_string(report.files_verified)}}));
  if (!report.errors.empty()) {
    console.say(
        text("cli_restore.items_failed", {{"count", std::to_string(report.errors.size())}}));
  }
}

std::string_view action_word(RestorePlanItem::Action action) {
  switch (action) {
    case RestorePlanItem::Action::create:
      return "restored";
    case RestorePlanItem::Action::update:
      return "updated";
    case RestorePlanItem::Action::keep:
      return "unchanged";
    case RestorePlanItem::Action::remove:
      return "deleted";
  }
  return "restored";
}

Text action_text(RestorePlanItem::Action action) {
  switch (action) {
    case RestorePlanItem::Action::create:
      return text("cli_restore.would_create");
    case RestorePlanItem::Action::update:
      return text("cli_restore.would_update");
    case RestorePlanItem::Action::keep:
      return text("cli_restore.would_keep");
    case RestorePlanItem::Action::remove:
      return text("cli_restore.would_remove");
  }
  return text("cli_restore.would_create");
}

void append_item(const Session& session, const RestorePlanItem& item, std::string& out) {
  if (session.options.json) {
    JsonWriter json(out);
    json.begin_object().member("message_type", "verbose_status");
    json.member("action", action_word(item.action)).member("item", item.path);
    json.member("size", item.size).end_object();
  } else {
    out +=
        render(action_text(item.action), session.console.language()) + "  " + printable(item.path);
  }
  out += "\n";
}

// Each item with -v; what would be deleted in any case, since that is what a plan is looked at for.
void print_items(const Session& session, const RestorePlanSummary& plan) {
  const GlobalOptions& global = session.options;
  std::string out;
  for (const RestorePlanItem& item : plan.items) {
    const bool is_removal = item.action == RestorePlanItem::Action::remove;
    if (global.verbose > 0 || (is_removal && !global.json && !global.quiet))
      append_item(session, item, out);
  }
  session.console.print(out);
}

void print_plan_json(const Session& session,
                     const RestoreJob& job,
                     const RestorePlanSummary& plan) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary").key("dry_run").boolean(true);
  json.member("total_files", plan.files + plan.directories + plan.others);
  json.member("files_deleted", plan.to_delete);
  json.member("total_bytes", plan.bytes).member("bytes_to_write", plan.bytes_to_write);
  json.member("errors", std::uint64_t{plan.errors.size()});
  json.member("snapshot_id", job.record.id.hex()).member("target", job.options.target);
  json.end_object();
  session.console.print(out + "\n");
}

// A mistyped pattern must not look like a restore.
void warn_of_nothing(const Session& session, const RestoreJob& job, std::uint64_t selected) {
  const RestoreOptions& options = job.options;
  const bool is_limited = !options.include.empty() || !options.include_any_case.empty() ||
                          !options.exclude.empty() || !options.exclude_any_case.empty();
  if (selected == 0 && is_limited) session.console.warning(text("cli_restore.nothing_selected"));
}

}  // namespace

std::string progress_text(const Session& session,
                          const RestoreProgress& progress,
                          steady_clock::duration elapsed) {
  const Pace now = pace(progress.bytes_done, progress.bytes_total, elapsed);
  return render(text("cli_restore.progress",
                     {{"percent", now.percent},
                      {"files", std::to_string(progress.files_done)},
                      {"files_total", std::to_string(progress.files_total)},
                      {"bytes", format_bytes(progress.bytes_done)},
                      {"bytes_total", format_bytes(progress.bytes_total)},
                      {"rate", now.rate},
                      {"left", now.left}}),
                session.console.language());
}

int restore_and_report(const Session& session, const RestoreJob& job) {
  const auto begin = steady_clock::now();
  RestoreProgress progress;
  RestoreReport report;
  {
    const ProgressLine line(
        session, [&] { return progress_text(session, progress, steady_clock::now() - begin); });
    report = run_restore(job.repository,
                         job.index,
                         job.record.snapshot.tree,
                         job.options,
                         progress,
                         session.console,
                         session.stop);
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  report_errors(session, report.errors);
  warn_of_nothing(
      session,
      job,
      report.files_restored + report.files_unchanged + report.directories + report.others);
  if (session.options.json) {
    print_summary_json(session, job, report, progress, seconds);
  } else if (!session.options.quiet) {
    print_summary(session, job, report, seconds);
  }
  warn_of_stand_ins(session, job);
  return report.errors.empty() ? 0 : 1;
}

int report_plan(const Session& session, const RestoreJob& job) {
  const RestorePlanSummary plan =
      plan_restore(job.repository, job.index, job.record.snapshot.tree, job.options, session.stop);
  report_errors(session, plan.errors);
  warn_of_nothing(session, job, plan.files + plan.directories + plan.others);
  print_items(session, plan);
  const int exit_code = plan.errors.empty() ? 0 : 1;
  if (session.options.json) {
    print_plan_json(session, job, plan);
    return exit_code;
  }
  if (plan.to_delete > 0) {
    session.console.say(
        text("cli_restore.would_delete", {{"items", std::to_string(plan.to_delete)}}));
  }
  if (!plan.errors.empty()) {
    session.console.say(
        text("cli_restore.would_fail", {{"count", std::to_string(plan.errors.size())}}));
  }
  session.console.say(text("cli_restore.plan",
                           {{"snapshot", job.record.id.short_hex()},
                            {"files", std::to_string(plan.files)},
                            {"directories", std::to_string(plan.directories)},
                            {"others", std::to_string(plan.others)},
                            {"bytes", format_bytes(plan.bytes)},
                            {"to_write", format_bytes(plan.bytes_to_write)},
                            {"target", printable(job.options.target)}}));
  return exit_code;
}

}  // namespace hikae::cli
