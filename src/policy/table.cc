// SPDX-License-Identifier: Apache-2.0
#include "policy/table.h"

#include <algorithm>

#include "policy/bind.h"
#include "policy/policy.h"

namespace hikae::policy {
namespace {

const Section& encryption_section() {
  static const Section kSection = [] {
    SectionBuilder<Encryption> keys("encryption");
    keys.section("password", &Encryption::password, secret_section, "{file: /etc/hikae/password}")
        .required();
    keys.one("at_rest", &Encryption::at_rest, Kind::word, "AES-256", {"AES-256"});
    keys.one("in_transit", &Encryption::in_transit, Kind::word, "AES-256", {"AES-256", "any"});
    keys.one("keys", &Encryption::keys, Kind::word, "separate", {"shared", "separate"});
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& schedule_section() {
  static const Section kSection = [] {
    SectionBuilder<PolicySchedule> keys("schedule");
    keys.one("backup", &PolicySchedule::backup, Kind::schedule, "daily 02:00");
    keys.one("check", &PolicySchedule::check, Kind::schedule, "weekly");
    keys.one("drill", &PolicySchedule::drill, Kind::schedule, "monthly");
    keys.one("review", &PolicySchedule::review, Kind::schedule, "yearly");
    keys.one("prune", &PolicySchedule::prune, Kind::schedule, "weekly Sat 22:00");
    keys.one("window", &PolicySchedule::window, Kind::duration, "6h");
    keys.one("catch_up", &PolicySchedule::catch_up, Kind::duration, "2d");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& retry_section() {
  static const Section kSection = [] {
    SectionBuilder<RetryRule> keys("retry");
    keys.one("attempts", &RetryRule::attempts, Kind::number, "3").range(1, 100);
    keys.one("wait", &RetryRule::wait, Kind::duration, "10m");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& prune_section() {
  static const Section kSection = [] {
    SectionBuilder<PruneRules> keys("prune");
    keys.one("max_unused", &PruneRules::max_unused, Kind::percent, "10%");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& drill_section() {
  static const Section kSection = [] {
    SectionBuilder<DrillRules> keys("drill");
    keys.one("directory", &DrillRules::directory, Kind::path, "/var/tmp/hikae-drill");
    keys.one("files", &DrillRules::files, Kind::number, "300").range(1, 1000000);
    keys.one("max_size", &DrillRules::max_size, Kind::size, "20G");
    keys.one("generation", &DrillRules::generation, Kind::word, "random", {"random", "latest"});
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& review_section() {
  static const Section kSection = [] {
    SectionBuilder<ReviewRules> keys("review");
    keys.one("owner", &ReviewRules::owner, Kind::line, "it-team@company.local");
    keys.one("approver", &ReviewRules::approver, Kind::line, "ciso@company.local");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& documents_section() {
  static const Section kSection = [] {
    SectionBuilder<Documents> keys("documents");
    keys.one("write_to", &Documents::write_to, Kind::path, "/srv/share/backup-documents");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& evidence_section() {
  static const Section kSection = [] {
    SectionBuilder<EvidenceRules> keys("evidence");
    keys.one("keep", &EvidenceRules::keep, Kind::period, "3y");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& limits_section() {
  static const Section kSection = [] {
    SectionBuilder<Limits> keys("limits");
    keys.one("memory", &Limits::memory, Kind::size, "512M");
    keys.one("cpu", &Limits::cpu, Kind::number, "2").range(1, 1024);
    keys.one("io", &Limits::io, Kind::rate, "50M");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& anomaly_section() {
  static const Section kSection = [] {
    SectionBuilder<AnomalyRules> keys("anomaly");
    keys.one("max_shrink", &AnomalyRules::max_shrink, Kind::percent, "30%");
    keys.one("max_growth", &AnomalyRules::max_growth, Kind::percent, "200%");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& logs_section() {
  static const Section kSection = [] {
    SectionBuilder<LogRules> keys("logs");
    keys.one("classic", &LogRules::classic, Kind::path, "/var/log/backup.log");
    keys.one("max_size", &LogRules::max_size, Kind::size, "50M");
    keys.one("keep", &LogRules::keep, Kind::number, "30").range(1, 10000);
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& metrics_section() {
  static const Section kSection = [] {
    SectionBuilder<MetricsRules> keys("metrics");
    keys.one("textfile",
             &MetricsRules::textfile,
             Kind::path,
             "/var/lib/prometheus/node-exporter/hikae.prom");
    keys.one("restic_names", &MetricsRules::restic_names, Kind::boolean, "true");
    keys.one("listen", &MetricsRules::listen, Kind::listen, "9188");
    return std::move(keys).done();
  }();
  return kSection;
}

template <typename T>
void add_later_sections(SectionBuilder<T>& keys) {
  keys.section("prune", &Policy::prune, prune_section, "{max_unused: 10%}");
  keys.section("drill", &Policy::drill, drill_section, "{files: 300}");
  keys.section("review", &Policy::review, review_section, "{owner: it-team@company.local}");
  keys.section(
      "documents", &Policy::documents, documents_section, "{write_to: /srv/share/documents}");
  keys.section("evidence", &Policy::evidence, evidence_section, "{keep: 3y}");
  keys.section("limits", &Policy::limits, limits_section, "{memory: 512M}");
  keys.section("hooks", &Policy::hooks, hooks_section, "{before: [/usr/local/sbin/flush]}");
  keys.section("anomaly", &Policy::anomaly, anomaly_section, "{max_shrink: 30%}");
  keys.section("logs", &Policy::logs, logs_section, "{classic: /var/log/backup.log}");
  keys.section("metrics",
               &Policy::metrics,
               metrics_section,
               "{textfile: /var/lib/prometheus/node-exporter}");
}

}  // namespace

const Field* find_field(const Section& section, std::string_view key) {
  const auto found = std::find_if(section.fields.begin(),
                                  section.fields.end(),
                                  [&](const Field& field) { return field.key == key; });
  return found == section.fields.end() ? nullptr : &*found;
}

std::string description_key(const Section& section, const Field& field) {
  return "policy.key." + std::string(section.name) + "." + std::string(field.key);
}

const Section& root_section() {
  static const Section kSection = [] {
    SectionBuilder<Policy> keys("policy");
    keys.one("version", &Policy::version, Kind::version, "1").required();
    keys.one("name", &Policy::name, Kind::name, "internal-systems").required();
    keys.one("language", &Policy::language, Kind::word, "ja", {"en", "ja"});
    keys.one("timezone", &Policy::timezone, Kind::timezone, "Asia/Tokyo").required();
    keys.named_sections("sources", &Policy::sources, source_section, "{config: {files: [/etc]}}")
        .required();
    keys.named_sections("destinations",
                        &Policy::destinations,
                        destination_section,
                        "{nas: {url: /mnt/nas/hikae}}")
        .required();
    keys.section("encryption",
                 &Policy::encryption,
                 encryption_section,
                 "{password: {file: /etc/hikae/password}}")
        .required();
    keys.section("schedule", &Policy::schedule, schedule_section, "{backup: daily 02:00}");
    keys.section("retention", &Policy::retention, retention_section, "{daily: 3, weekly: 4}");
    keys.section("retry", &Policy::retry, retry_section, "{attempts: 3, wait: 10m}");
    keys.section("notify", &Policy::notify, notify_section, "{email: {to: [root]}}");
    add_later_sections(keys);
    return std::move(keys).done();
  }();
  return kSection;
}

}  // namespace hikae::policy
