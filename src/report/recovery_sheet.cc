// SPDX-License-Identifier: Apache-2.0
#include "report/recovery_sheet.h"

#include <algorithm>

#include "policy/time_zone.h"
#include "report/restic_location.h"
#include "report/text_layout.h"

namespace hikae::report {
namespace {

using policy::Policy;

constexpr std::size_t kWidth = 80;
constexpr std::string_view kIndent = "    ";

class Page {
 public:
  explicit Page(Language language) : language_(language) {}

  void rule() { out_ += std::string(kWidth, '=') + "\n"; }
  void blank() { out_ += "\n"; }
  void heading(const Text& title) {
    blank();
    out_ += "■ " + render(title, language_) + "\n";
  }
  void paragraph(const Text& content, std::string_view first = "") {
    out_ += wrap(render(content, language_), first, kWidth);
  }
  // A step with its number, broken below its own first word.
  void step(int number, const Text& content) {
    const std::string digits = std::to_string(number) + ".";
    paragraph(content, digits + std::string(kIndent.size() - digits.size(), ' '));
  }
  // To be typed or copied as it is: never broken.
  void command(const std::string& line) { out_ += std::string(kIndent) + "  " + line + "\n"; }
  void value(const std::string& line) { out_ += std::string(kIndent) + line + "\n"; }
  std::string finish() { return std::move(out_); }

 private:
  Language language_;
  std::string out_;
};

std::string local_time(const Policy& policy, Instant time) {
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  const auto minute = std::chrono::floor<std::chrono::minutes>(time);
  return policy::format_local(zone.to_local(minute)) + " " + zone.name();
}

void add_head(Page& page, const Policy& policy, const RecoverySheet& sheet) {
  page.rule();
  page.paragraph(text("report.sheet_title", {{"policy", policy.name}}), " ");
  page.rule();
  page.paragraph(text("report.sheet_host", {{"host", sheet.hostname}}));
  page.paragraph(
      text("report.sheet_made",
           {{"time", local_time(policy, sheet.made)}, {"program", sheet.program_version}}));
  page.paragraph(text("report.sheet_policy_file", {{"path", sheet.policy_path}}));
  page.blank();
  page.paragraph(text("report.sheet_keep"));
}

void add_password(Page& page, const Policy& policy, const RecoverySheet& sheet) {
  page.heading(text("report.sheet_password"));
  page.value(sheet.password);
  if (policy.encryption.password.kind == policy::SecretReference::Kind::file) {
    page.paragraph(text("report.sheet_password_file", {{"path", policy.encryption.password.value}}),
                   kIndent);
  }
}

std::string kind_word(policy::SourceKind kind) {
  switch (kind) {
    case policy::SourceKind::files:
      return "files";
    case policy::SourceKind::postgres:
      return "postgres";
    case policy::SourceKind::docker_volume:
      return "docker_volume";
    case policy::SourceKind::docker_postgres:
      return "docker_postgres";
  }
  return "files";
}

std::string contents_of(const policy::Source& source) {
  if (source.kind() != policy::SourceKind::files) return kind_word(source.kind());
  std::string paths;
  for (const std::string& path : source.files) paths += (paths.empty() ? "" : " ") + path;
  return paths;
}

void add_sources(Page& page, const Policy& policy) {
  page.heading(text("report.sheet_sources"));
  std::size_t longest = 0;
  for (const policy::Source& source : policy.sources)
    longest = std::max(longest, source.name.size());
  for (const policy::Source& source : policy.sources) {
    const std::string space(longest - source.name.size() + 2, ' ');
    page.paragraph(text("report.sheet_line", {{"content", contents_of(source)}}),
                   std::string(kIndent) + source.name + space);
  }
}

void add_places(Page& page, const Policy& policy) {
  page.heading(text("report.sheet_places"));
  for (const policy::Destination& destination : policy.destinations) {
    page.paragraph(
        text("report.sheet_place." + location_kind(destination), {{"name", destination.name}}),
        kIndent);
    page.command("export RESTIC_REPOSITORY=" + shell_word(restic_location(destination)));
    if (destination.ca_file.empty()) continue;
    // The variable for newer versions of restic and for hikae; the option for all.
    page.paragraph(text("report.sheet_ca_file", {{"file", destination.ca_file}}), kIndent);
    page.command("export RESTIC_CACERT=" + shell_word(destination.ca_file));
  }
}

std::string names_of_sources(const Policy& policy) {
  std::string names;
  for (const policy::Source& source : policy.sources)
    names += (names.empty() ? "" : " ") + source.name;
  return names;
}

// What restic brings back of a server are files that the server's own programs read.
void add_databases(Page& page, const policy::Source& source) {
  const bool is_plain = source.postgres->format == policy::PostgresFormat::plain;
  page.step(7, text("report.sheet_step_databases"));
  page.command("cd /restore/" + source.name + "/postgres/logical");
  page.command("runuser -u postgres -- psql -d postgres < globals.sql");
  page.command(is_plain ? "runuser -u postgres -- psql -d NAME < database-NAME.sql"
                        : "runuser -u postgres -- pg_restore -C -d postgres < database-NAME.dump");
}

void add_steps(Page& page, const Policy& policy, const RecoverySheet& sheet) {
  const std::string host = shell_word(sheet.hostname);
  const std::string tag = "hikae:policy=" + policy.name;
  page.heading(text("report.sheet_without_hikae"));
  page.step(1, text("report.sheet_step_install"));
  page.command("apt install restic");
  page.step(2, text("report.sheet_step_place"));
  page.step(3, text("report.sheet_step_list"));
  page.command("restic snapshots --host " + host + " --tag " + tag);
  page.step(4, text("report.sheet_step_check"));
  page.command("restic check --read-data");
  page.step(5, text("report.sheet_step_restore"));
  page.command("for S in " + names_of_sources(policy) + "; do");
  page.command("  restic restore latest --host " + host + " --target /restore/$S \\");
  page.command("    --tag " + tag + ",hikae:source=$S");
  page.command("done");
  page.step(6, text("report.sheet_step_compare"));
  for (const policy::Source& source : policy.sources) {
    if (!source.postgres) continue;
    add_databases(page, source);
    return;
  }
}

void add_hikae_way(Page& page, const Policy& policy) {
  page.heading(text("report.sheet_with_hikae"));
  page.paragraph(text("report.sheet_init_from"), kIndent);
  if (!policy.destinations.empty()) {
    const policy::Destination& first = policy.destinations.front();
    // The URL alone does not tell the endpoint.
    const bool in_s3 = location_kind(first) == "s3";
    page.command("hikae init --from " + shell_word(in_s3 ? restic_location(first) : first.url));
  }
  page.command("hikae restore");
}

}  // namespace

std::string render_recovery_sheet(const Policy& policy, const RecoverySheet& sheet) {
  Page page(policy.language);
  add_head(page, policy, sheet);
  add_password(page, policy, sheet);
  add_sources(page, policy);
  add_places(page, policy);
  add_steps(page, policy, sheet);
  add_hikae_way(page, policy);
  page.blank();
  page.paragraph(text("report.sheet_kept_by"));
  page.rule();
  return page.finish();
}

}  // namespace hikae::report
