// SPDX-License-Identifier: Apache-2.0
// The text format: prometheus.io/docs/instrumenting/exposition_formats. restic_…: the names that
// exporters for restic made usual.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "service/metrics.h"

namespace hikae {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

double seconds_of(Instant time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// 0 ok, 1 warning, 2 partial, 3 failed.
double number_of(Verdict verdict) {
  return static_cast<double>(static_cast<int>(verdict));
}

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n')
      out += "\\n";
    else
      out.push_back(c);
  }
  return out;
}

// One metric: its lines stand together under HELP and TYPE, as the format demands.
class Family {
 public:
  Family(std::string& out, std::string name, std::string_view type, std::string_view help)
      : out_(out), name_(std::move(name)) {
    head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
  }

  void add(const Labels& labels, double value) {
    out_ += std::exchange(head_, "");
    out_ += name_ + "{";
    for (std::size_t i = 0; i < labels.size(); ++i)
      out_ +=
          fmt::format("{}{}=\"{}\"", i == 0 ? "" : ",", labels[i].first, escaped(labels[i].second));
    out_ += fmt::format("}} {}\n", value);
  }
  void add(const Labels& labels, const std::optional<Instant>& time) {
    if (time) add(labels, seconds_of(*time));
  }

 private:
  std::string& out_;
  std::string name_;
  std::string head_;
};

class Encoder {
 public:
  explicit Encoder(const MetricsFacts& facts) : facts_(facts) {}

  void encode_own() {
    family("hikae_build_info", "gauge", "The program and host that wrote this.")
        .add({{"policy", facts_.policy},
              {"version", facts_.program_version},
              {"host", facts_.hostname}},
             1);
    encode_times();
    encode_generations();
    encode_fillings();
    encode_jobs();
    encode_trouble();
  }

  void encode_restic();
  std::string take() && { return std::move(out_); }

 private:
  Family family(std::string name, std::string_view type, std::string_view help) {
    return {out_, std::move(name), type, help};
  }

  Labels labels(const GenerationFigures& one) const {
    return {{"policy", facts_.policy},
            {"job", "backup"},
            {"source", one.source},
            {"destination", one.destination}};
  }
  // The same names for a job as a whole: nobody need know which jobs have sources.
  Labels labels(const JobFigures& job) const {
    return {{"policy", facts_.policy}, {"job", job.job}, {"source", ""}, {"destination", ""}};
  }
  Labels job_labels(const JobFigures& job) const {
    return {{"policy", facts_.policy}, {"job", job.job}};
  }

  void encode_times() {
    Family success = family("hikae_last_success_timestamp_seconds",
                            "gauge",
                            "Start of the last run with a good result, read back.");
    for (const auto& one : facts_.generations) success.add(labels(one), one.last_success);
    for (const auto& job : facts_.jobs) success.add(labels(job), job.last_success);
    Family attempt = family(
        "hikae_last_attempt_timestamp_seconds", "gauge", "Start of the last run of any result.");
    for (const auto& one : facts_.generations) attempt.add(labels(one), one.last_attempt);
    for (const auto& job : facts_.jobs) attempt.add(labels(job), job.last_attempt);
    Family status = family("hikae_last_status",
                           "gauge",
                           "Verdict of the last run: 0 ok, 1 warning, 2 partial, 3 failed.");
    for (const auto& one : facts_.generations) {
      if (one.last_verdict) status.add(labels(one), number_of(*one.last_verdict));
    }
    for (const auto& job : facts_.jobs) {
      if (job.last_verdict) status.add(labels(job), number_of(*job.last_verdict));
    }
  }

  void add_figure(std::string name, std::string_view help, std::uint64_t RunItem::*member) {
    Family figure = family(std::move(name), "gauge", help);
    for (const auto& one : facts_.generations) {
      if (one.last_success) figure.add(labels(one), static_cast<double>(one.good.*member));
    }
  }

  void encode_generations() {
    add_figure("hikae_source_files",
               "Files of the source in its newest good generation.",
               &RunItem::files);
    add_figure(
        "hikae_source_bytes", "Size of the source in its newest good generation.", &RunItem::bytes);
    add_figure("hikae_bytes_added",
               "What the newest good generation added to the destination.",
               &RunItem::bytes_stored);
    add_figure("hikae_unreadable_items",
               "Items that the newest good generation lacks.",
               &RunItem::unreadable);
    Family count = family("hikae_snapshots", "gauge", "Generations in the destination.");
    for (const auto& one : facts_.generations) {
      if (one.generations) count.add(labels(one), static_cast<double>(*one.generations));
    }
    Family free = family("hikae_destination_free_bytes", "gauge", "Free space there.");
    for (const auto& [name, space] : facts_.space)
      free.add({{"policy", facts_.policy}, {"destination", name}},
               static_cast<double>(space.free_bytes));
    Family total = family("hikae_destination_size_bytes", "gauge", "Whole space there.");
    for (const auto& [name, space] : facts_.space)
      total.add({{"policy", facts_.policy}, {"destination", name}},
                static_cast<double>(space.total_bytes));
  }

  // The bytes are series that end with what they tell of.
  void encode_fillings() {
    Family state = family("hikae_filling",
                          "gauge",
                          "1 while the newest generation is on its way there over a slow line.");
    for (const auto& one : facts_.generations) state.add(labels(one), one.filling ? 1 : 0);
    Family done = family("hikae_filling_done_bytes",
                         "gauge",
                         "Over a slow line: what has arrived of the newest generation.");
    for (const auto& one : facts_.generations) {
      if (one.filling) done.add(labels(one), static_cast<double>(one.filling->bytes_done));
    }
    Family total =
        family("hikae_filling_total_bytes", "gauge", "Over a slow line: how large it is in all.");
    for (const auto& one : facts_.generations) {
      if (one.filling) total.add(labels(one), static_cast<double>(one.filling->bytes_total));
    }
    Family expected = family("hikae_filling_expected_timestamp_seconds",
                             "gauge",
                             "Over a slow line: when it will probably be complete.");
    for (const auto& one : facts_.generations) {
      if (one.filling) expected.add(labels(one), one.filling->expected);
    }
  }

  void encode_jobs() {
    Family duration = family("hikae_duration_seconds", "gauge", "Length of the last run.");
    for (const auto& job : facts_.jobs) {
      if (job.duration)
        duration.add(job_labels(job), std::chrono::duration<double>(*job.duration).count());
    }
    Family due = family("hikae_next_due_timestamp_seconds",
                        "gauge",
                        "When the job was due next as this was written.");
    for (const auto& job : facts_.jobs) due.add(job_labels(job), job.next_due);
    add_count(
        "hikae_slot_missed_total", "Due moments that nothing was made of.", &JobFigures::missed);
    add_count("hikae_slot_failed_total", "Due moments whose last try failed.", &JobFigures::failed);
    add_count("hikae_retries_total", "Tries beyond the first.", &JobFigures::retries);
  }

  void add_count(std::string name, std::string_view help, std::uint64_t JobFigures::*member) {
    Family count = family(std::move(name), "counter", help);
    for (const auto& job : facts_.jobs)
      count.add(job_labels(job), static_cast<double>(job.*member));
  }

  void encode_trouble() {
    const Labels policy{{"policy", facts_.policy}};
    family("hikae_unacknowledged_slots", "gauge", "Failed and missed slots nobody acknowledged.")
        .add(policy, static_cast<double>(facts_.unacknowledged));
    Family frozen =
        family("hikae_deletion_frozen", "gauge", "1 while deletion waits for hikae ack anomaly.");
    for (const auto& [source, paths] : facts_.paths) {
      const bool is_frozen =
          std::find(facts_.frozen.begin(), facts_.frozen.end(), source) != facts_.frozen.end();
      frozen.add({{"policy", facts_.policy}, {"source", source}}, is_frozen ? 1 : 0);
    }
    family("hikae_notifications_waiting", "gauge", "Messages that are not delivered yet.")
        .add(policy, static_cast<double>(facts_.notices_waiting));
    family("hikae_notification_failures_total", "counter", "Messages that never were delivered.")
        .add(policy, static_cast<double>(facts_.notices_given_up));
  }

  const MetricsFacts& facts_;
  std::string out_;
};

void Encoder::encode_restic() {
  const auto labels_of = [this](const GenerationFigures& one) -> Labels {
    const auto paths = facts_.paths.find(one.source);
    const std::string tag = "hikae:source=" + one.source;
    return {{"client_hostname", facts_.hostname},
            {"client_username", facts_.username},
            {"client_version", facts_.program_version},
            {"snapshot_hash", one.good.snapshot},
            {"snapshot_tag", tag},
            {"snapshot_tags", "hikae:policy=" + facts_.policy + "," + tag},
            {"snapshot_paths", paths == facts_.paths.end() ? std::string() : paths->second},
            {"destination", one.destination}};
  };
  Family check = family("restic_check_success", "gauge", "Result of the last check: 1 is good.");
  for (const auto& job : facts_.jobs) {
    if (job.job == "check" && job.last_verdict)
      check.add({{"policy", facts_.policy}}, *job.last_verdict <= Verdict::warning ? 1 : 0);
  }
  Family time = family("restic_backup_timestamp", "gauge", "Time of the newest backup.");
  for (const auto& one : facts_.generations) time.add(labels_of(one), one.last_success);
  Family files = family("restic_backup_files_total", "counter", "Files in the newest backup.");
  for (const auto& one : facts_.generations) {
    if (one.last_success) files.add(labels_of(one), static_cast<double>(one.good.files));
  }
  Family size = family("restic_backup_size_total", "counter", "Bytes in the newest backup.");
  for (const auto& one : facts_.generations) {
    if (one.last_success) size.add(labels_of(one), static_cast<double>(one.good.bytes));
  }
  Family count = family("restic_backup_snapshots_total", "counter", "Snapshots of this backup.");
  std::map<std::string, double> totals;
  for (const auto& one : facts_.generations) {
    if (!one.generations) continue;
    count.add(labels_of(one), static_cast<double>(*one.generations));
    totals[one.destination] += static_cast<double>(*one.generations);
  }
  Family total = family("restic_snapshots_total", "counter", "Snapshots of this policy.");
  for (const auto& [destination, sum] : totals)
    total.add({{"policy", facts_.policy}, {"destination", destination}}, sum);
}

}  // namespace

std::string encode_metrics(const MetricsFacts& facts, MetricNames names) {
  Encoder encoder(facts);
  encoder.encode_own();
  if (names == MetricNames::own_and_restic) encoder.encode_restic();
  return std::move(encoder).take();
}

}  // namespace hikae
