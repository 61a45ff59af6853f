// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>

#include "health/doctor.h"
#include "os/acting_user.h"
#include "os/users.h"
#include "postgres/diagnose.h"
#include "postgres/live_clusters.h"
#include "service/files_options.h"
#include "service/postgres_source.h"
#include "source/files_source.h"
#include "survey/measure.h"

namespace hikae {
namespace {

using survey::Finding;
using survey::Measure;
using survey::Severity;

// Beyond that the numbers are a lower bound; counting millions of files takes longer than a person
// waits.
constexpr std::uint64_t kMostEntries = 500'000;

// "drwxr-x---", as ls -ld writes it.
std::string mode_text(mode_t mode) {
  std::string text = S_ISDIR(mode) ? "d" : S_ISLNK(mode) ? "l" : "-";
  constexpr std::string_view kLetters = "rwxrwxrwx";
  for (unsigned bit = 0; bit < 9; ++bit) text += (mode & (0400U >> bit)) != 0 ? kLetters[bit] : '-';
  return text;
}

// The very guards of a run: what it would refuse, is refused here.
std::optional<Error> refusal_of(const policy::Source& source, const Environment& environment) {
  try {
    make_files_source(files_options(source, environment))->open_root();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

class Sources {
 public:
  Sources(const policy::Policy& policy,
          const Environment& environment,
          std::vector<Finding>& findings,
          const StopToken& stop)
      : policy_(policy), environment_(environment), findings_(findings), stop_(stop) {}

  void look_at(const policy::Source& source) {
    switch (source.kind()) {
      case policy::SourceKind::files:
        return look_at_files(source);
      case policy::SourceKind::postgres:
        return look_at_postgres(source);
      case policy::SourceKind::docker_volume:
      case policy::SourceKind::docker_postgres:
        findings_.push_back({Severity::hint,
                             "source",
                             source.name,
                             text("doctor.source_not_examined"),
                             text("doctor.source_not_examined_fix")});
    }
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  void look_at_files(const policy::Source& source) {
    if (const auto refusal = refusal_of(source, environment_)) {
      findings_.push_back(
          survey::failed_probe("source", source.name, *refusal, text("doctor.source_fix")));
      return;
    }
    for (const LiveClusterFinding& found :
         live_clusters_in(source, postgres::find_live_clusters())) {
      findings_.push_back({Severity::error,
                           "source",
                           source.name,
                           text("doctor.live_cluster", {{"path", found.path}}),
                           replacing_yaml(found.cluster)});
    }
    for (const std::string& path : source.files) look_at_path(source, path);
  }

  void look_at_path(const policy::Source& source, const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return;  // the guards have told it
    const Measure measure = survey::measure_tree(path, kMostEntries);
    bytes_ += measure.bytes;
    Finding finding{
        Severity::ok,
        "source",
        source.name,
        text("doctor.source",
             {{"mode", mode_text(status.st_mode)},
              {"owner", accounts_.user_name(status.st_uid)},
              {"group", accounts_.group_name(status.st_gid)},
              {"path", path},
              {"files", (measure.is_complete ? "" : ">") + std::to_string(measure.files)},
              {"size", survey::shown_size(measure)}}),
        {}};
    findings_.push_back(std::move(finding));
    if (measure.unreadable > 0) {
      findings_.push_back({Severity::error,
                           "source",
                           source.name,
                           text("doctor.source_unreadable",
                                {{"path", path}, {"count", std::to_string(measure.unreadable)}}),
                           text("doctor.not_root_fix")});
    } else if (measure.files == 0 && !source.allow_empty) {
      // The guards look at all folders together; one of them alone may be empty.
      findings_.push_back({Severity::warning,
                           "source",
                           source.name,
                           text("doctor.source_empty", {{"path", path}}),
                           text("doctor.source_empty_fix")});
    }
  }

  void look_at_postgres(const policy::Source& source) {
    try {
      look_at_server(source, *source.postgres);
    } catch (const Error& error) {
      findings_.push_back(
          survey::failed_probe("source", source.name, error, text("doctor.postgres_fix")));
    }
  }

  void look_at_server(const policy::Source& source, const policy::PostgresSource& given) {
    postgres::Server server = find_server(given, environment_, stop_);
    server.connect_timeout = std::chrono::seconds(10);
    const auto wanted = [&](policy::PostgresMethod method) {
      const bool named = std::count(given.method.begin(), given.method.end(), method) > 0;
      return named ? postgres::Wanted::yes : postgres::Wanted::no;
    };
    postgres::DiagnoseOptions options;
    options.databases = given.databases;
    options.logical = wanted(policy::PostgresMethod::logical);
    options.physical = wanted(policy::PostgresMethod::physical);
    options.data_directory = given.host.empty() ? given.data_directory : "";
    options.programs = given.programs;
    for (const policy::Source& other : policy_.sources)
      options.files.insert(options.files.end(), other.files.begin(), other.files.end());
    const auto seen = postgres::observe_server(server, options, environment_.log, stop_);
    bytes_ += seen.bytes;
    for (postgres::Finding& finding : postgres::diagnose(seen, options)) {
      findings_.push_back({severity_of(finding.level),
                           "source",
                           source.name,
                           std::move(finding.message),
                           std::move(finding.fix)});
    }
  }

  static Severity severity_of(postgres::Finding::Level level) {
    switch (level) {
      case postgres::Finding::Level::good:
        return Severity::ok;
      case postgres::Finding::Level::hint:
        return Severity::hint;
      case postgres::Finding::Level::warning:
        return Severity::warning;
      case postgres::Finding::Level::failure:
        return Severity::error;
    }
    return Severity::error;
  }

  const policy::Policy& policy_;
  const Environment& environment_;
  std::vector<Finding>& findings_;
  const StopToken& stop_;
  os::Accounts accounts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::uint64_t examine_sources(const policy::Policy& policy,
                              const Environment& environment,
                              std::vector<Finding>& findings,
                              const StopToken& stop) {
  Sources sources(policy, environment, findings, stop);
  for (const policy::Source& source : policy.sources) sources.look_at(source);
  return sources.bytes();
}

}  // namespace hikae
