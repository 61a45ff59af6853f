// SPDX-License-Identifier: Apache-2.0
// The keys of sources and destinations.
#include "policy/bind.h"
#include "policy/policy.h"

namespace hikae::policy {
namespace {

std::vector<std::string_view> quiesce_words() {
  return {"none", "pause", "stop"};
}

const Section& postgres_section() {
  static const Section kSection = [] {
    using P = PostgresSource;
    SectionBuilder<P> keys("postgres");
    keys.one("data_directory", &P::data_directory, Kind::path, "/var/lib/postgresql/15/main");
    keys.one("host", &P::host, Kind::line, "db01");
    keys.one("port", &P::port, Kind::number, "5432").range(1, 65535);
    keys.one("user", &P::user, Kind::line, "postgres");
    keys.one("run_as", &P::run_as, Kind::line, "postgres");
    keys.section("password", &P::password, secret_section, "{file: /etc/hikae/postgres}");
    keys.list("databases", &P::databases, Kind::line, "[shop, crm]", {}, Shape::one_or_list);
    keys.list("method", &P::method, Kind::word, "[logical, physical]", {"logical", "physical"});
    keys.one("format", &P::format, Kind::word, "plain", {"custom", "plain"});
    keys.one("sslmode",
             &P::sslmode,
             Kind::word,
             "verify-full",
             {"verify-full", "verify-ca", "require", "prefer", "disable"});
    keys.one("ca_file", &P::ca_file, Kind::path, "/etc/hikae/ca.pem");
    keys.one("programs", &P::programs, Kind::path, "/usr/lib/postgresql/15/bin");
    keys.one("lock_timeout", &P::lock_timeout, Kind::duration, "30s");
    keys.one("statement_timeout", &P::statement_timeout, Kind::duration, "10m");
    keys.one("blocking_limit", &P::blocking_limit, Kind::duration, "5m");
    keys.one("time_limit", &P::time_limit, Kind::duration, "4h");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& docker_volume_section() {
  static const Section kSection = [] {
    using V = DockerVolumeSource;
    SectionBuilder<V> keys("docker_volume");
    keys.one("name", &V::name, Kind::line, "myapp_data").required();
    keys.one("quiesce", &V::quiesce, Kind::word, "pause", quiesce_words());
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& docker_postgres_section() {
  static const Section kSection = [] {
    using P = DockerPostgresSource;
    SectionBuilder<P> keys("docker_postgres");
    keys.one("container", &P::container, Kind::line, "postgres").required();
    keys.one("user", &P::user, Kind::line, "postgres");
    keys.section("password", &P::password, secret_section, "{file: /etc/hikae/postgres}");
    keys.list("databases", &P::databases, Kind::line, "[shop, crm]", {}, Shape::one_or_list);
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& objectives_section() {
  static const Section kSection = [] {
    SectionBuilder<Objectives> keys("objectives");
    keys.one("rpo", &Objectives::rpo, Kind::duration, "24h");
    keys.one("rto", &Objectives::rto, Kind::duration, "4h");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& source_schedule_section() {
  static const Section kSection = [] {
    SectionBuilder<SourceSchedule> keys("source_schedule");
    keys.one("backup", &SourceSchedule::backup, Kind::schedule, "hourly").required();
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& object_lock_section() {
  static const Section kSection = [] {
    SectionBuilder<ObjectLock> keys("object_lock");
    keys.one("mode", &ObjectLock::mode, Kind::word, "compliance", {"governance", "compliance"});
    keys.one("keep", &ObjectLock::keep, Kind::period, "30d").required();
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& credentials_section() {
  static const Section kSection = [] {
    using C = Credentials;
    SectionBuilder<C> keys("credentials");
    keys.one("access_key_id", &C::access_key_id, Kind::line, "AKIAIOSFODNN7EXAMPLE");
    keys.section(
        "secret_access_key", &C::secret_access_key, secret_section, "{file: /etc/hikae/s3-secret}");
    keys.section("session_token", &C::session_token, secret_section, "{env: AWS_SESSION_TOKEN}");
    keys.one("profile", &C::profile, Kind::line, "backup");
    keys.one("user", &C::user, Kind::line, "backup");
    keys.section("password", &C::password, secret_section, "{file: /etc/hikae/rest-password}");
    return std::move(keys).done();
  }();
  return kSection;
}

void add_files_keys(SectionBuilder<Source>& keys) {
  keys.list("exclude", &Source::exclude, Kind::line, "[\"*.tmp\"]");
  keys.list("iexclude", &Source::iexclude, Kind::line, "[\"*.bak\"]");
  keys.list("exclude_file", &Source::exclude_file, Kind::path, "[/etc/hikae/exclude]");
  keys.list("exclude_if_present", &Source::exclude_if_present, Kind::line, "[.nobackup]");
  keys.one("exclude_caches", &Source::exclude_caches, Kind::boolean, "true");
  keys.one("exclude_larger_than", &Source::exclude_larger_than, Kind::size, "4G");
  keys.one("one_file_system", &Source::one_file_system, Kind::boolean, "true");
  keys.one("require_mount", &Source::require_mount, Kind::boolean, "true");
  keys.one("allow_empty", &Source::allow_empty, Kind::boolean, "true");
}

}  // namespace

const Section& source_section() {
  static const Section kSection = [] {
    SectionBuilder<Source> keys("source");
    keys.list("files", &Source::files, Kind::path, "[/srv/fileshare, /etc]");
    keys.section("postgres", &Source::postgres, postgres_section, "{run_as: postgres}");
    keys.section(
        "docker_volume", &Source::docker_volume, docker_volume_section, "{name: myapp_data}");
    keys.section("docker_postgres",
                 &Source::docker_postgres,
                 docker_postgres_section,
                 "{container: postgres}");
    keys.exactly_one_of({"files", "postgres", "docker_volume", "docker_postgres"});
    add_files_keys(keys);
    keys.one("importance",
             &Source::importance,
             Kind::word,
             "high",
             {"critical", "high", "normal", "low"});
    keys.section("schedule", &Source::schedule, source_schedule_section, "{backup: hourly}");
    keys.section("retention", &Source::retention, retention_section, "{daily: 14}");
    keys.section("objectives", &Source::objectives, objectives_section, "{rpo: 24h, rto: 4h}");
    keys.section("hooks", &Source::hooks, hooks_section, "{before: [/usr/local/sbin/flush]}");
    keys.one("quiesce", &Source::quiesce, Kind::word, "stop", quiesce_words());
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& destination_section() {
  static const Section kSection = [] {
    using D = Destination;
    SectionBuilder<D> keys("destination");
    keys.one("url", &D::url, Kind::location, "sftp://backup@nas/backup/hikae").required();
    keys.one("require_mount", &D::require_mount, Kind::boolean, "true");
    keys.section("retention", &D::retention, retention_section, "{daily: 3, monthly: 12}");
    keys.one("may_delete", &D::may_delete, Kind::boolean, "false");
    keys.one("min_free", &D::min_free, Kind::share, "50G");
    keys.list("limit_upload", &D::limit_upload, Kind::rate_rule, "10M", {}, Shape::one_or_list);
    keys.list("limit_download", &D::limit_download, Kind::rate_rule, "50M", {}, Shape::one_or_list);
    keys.one("connections", &D::connections, Kind::number, "8").range(1, 1000);
    keys.one("endpoint", &D::endpoint, Kind::line, "https://s3.example.com");
    keys.one("region", &D::region, Kind::line, "ap-northeast-1");
    keys.one("addressing", &D::addressing, Kind::word, "path", {"automatic", "path", "host"});
    keys.one("ca_file", &D::ca_file, Kind::path, "/etc/hikae/ca.pem");
    keys.one("storage_class", &D::storage_class, Kind::line, "STANDARD_IA");
    keys.one("server_side_encryption",
             &D::server_side_encryption,
             Kind::word,
             "AES256",
             {"AES256", "aws:kms"});
    keys.one("kms_key_id", &D::kms_key_id, Kind::line, "alias/backup");
    keys.section("object_lock", &D::object_lock, object_lock_section, "{keep: 30d}");
    keys.section("credentials", &D::credentials, credentials_section, "{profile: backup}");
    keys.section("hooks", &D::hooks, hooks_section, "{before: [/usr/local/sbin/wake-nas]}");
    return std::move(keys).done();
  }();
  return kSection;
}

}  // namespace hikae::policy
