// SPDX-License-Identifier: Apache-2.0
#include "survey/proposal.h"

#include <algorithm>
#include <cctype>

#include "base/utf8.h"
#include "policy/table.h"
#include "policy/values.h"

namespace hikae::survey {
namespace {

std::string quoted(std::string_view value) {
  return policy::write_scalar(value, policy::Kind::path);
}

class Writer {
 public:
  Writer(const Proposal& proposal, Language language) : proposal_(proposal), language_(language) {}

  std::string write() && {
    comments(proposal_.head, "");
    line("version: 1");
    line("name: " + proposal_.name);
    line(std::string("language: ") + (language_ == Language::ja ? "ja" : "en"));
    line("timezone: " + quoted(proposal_.timezone));
    section("sources:", proposal_.sources);
    section("destinations:", proposal_.destinations);
    line("");
    comments({text("survey.proposal_password")}, "");
    line("encryption:");
    line("  password: {file: /etc/hikae/password}");
    line("");
    comments(proposal_.schedule_comments, "");
    line("schedule:");
    line("  backup: " + policy::write_scalar(proposal_.backup_schedule, policy::Kind::schedule));
    line("  check: weekly");
    line("");
    comments(proposal_.retention_comments, "");
    line("retention: " + proposal_.retention);
    mail();
    if (!proposal_.tail.empty()) line("");
    comments(proposal_.tail, "");
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }

  // Names that come from files may contain anything; a comment ends with its line.
  void comments(const std::vector<Text>& texts, const std::string& indent) {
    for (const Text& comment : texts) {
      for (const std::string& each : lines_of(render(comment, language_))) {
        line(indent + (each.empty() ? "#" : "# " + printable(each)));
      }
    }
  }

  void section(const std::string& heading, const std::vector<ProposedEntry>& entries) {
    line("");
    line(heading);
    for (const ProposedEntry& entry : entries) {
      comments(entry.comments, "  ");
      // A name that YAML cannot hold is shown, and left to the reader.
      const bool is_plain =
          std::all_of(entry.body.begin(), entry.body.end(), [](const std::string& key) {
            return printable(key) == key;
          });
      const std::string mark = entry.use == ProposedEntry::Use::yes && is_plain ? "  " : "  # ";
      line(mark + entry.name + ":");
      for (const std::string& key : entry.body) line(mark + "  " + printable(key));
    }
  }

  void mail() {
    if (proposal_.mail_to.empty()) return;
    line("");
    comments(proposal_.mail_comments, "");
    std::string to;
    for (const std::string& address : proposal_.mail_to)
      to += (to.empty() ? "" : ", ") + quoted(address);
    line("notify:");
    line("  email: {to: [" + to + "], on: [success, failure]}");
  }

  const Proposal& proposal_;
  Language language_;
  std::string out_;
};

class FromMachine {
 public:
  FromMachine(const Machine& machine, const std::function<Measure(const std::string&)>& measure)
      : machine_(machine), measure_(measure) {}

  void fill(Proposal& proposal) && {
    proposal.head = {text("survey.new_head"), text("survey.proposal_next")};
    files(proposal, "config", "/etc", text("survey.new_config", {{"size", size_of("/etc")}}));
    homes(proposal);
    for (const Share& share : machine_.shares) share_of(proposal, share);
    for (const Mount& mount : machine_.mounts) mount_of(proposal, mount);
    for (const Cluster& cluster : machine_.clusters) cluster_of(proposal, cluster);
    for (const DockerContainer& container : machine_.containers) container_of(proposal, container);
    for (const DockerVolume& volume : machine_.volumes) volume_of(proposal, volume);
    for (const OtherDatabase& database : machine_.other_databases) {
      proposal.tail.push_back(text("survey.new_other_database",
                                   {{"product", database.product}, {"path", database.path}}));
    }
    destinations(proposal);
  }

 private:
  std::string size_of(const std::string& path) const { return shown_size(measure_(path)); }

  bool is_taken(const std::string& path) const {
    return std::any_of(paths_.begin(), paths_.end(), [&](const std::string& other) {
      return lies_in(path, other);
    });
  }

  void files(Proposal& proposal, const std::string& name, const std::string& path, Text comment) {
    if (is_taken(path)) return;
    paths_.push_back(path);
    ProposedEntry entry{proposed_name(name, proposal.sources),
                        {std::move(comment)},
                        {"files: [" + quoted(path) + "]"},
                        {}};
    // Found empty, a run would fail: the administrator decides.
    if (measure_(path).files == 0) entry.use = ProposedEntry::Use::as_comment;
    proposal.sources.push_back(std::move(entry));
  }

  void homes(Proposal& proposal) {
    std::string users;
    for (const Home& home : machine_.homes) {
      if (home.path == "/root") {
        files(proposal, "root", "/root", text("survey.new_root", {{"size", size_of("/root")}}));
      } else if (lies_in(home.path, "/home")) {
        users += (users.empty() ? "" : ", ") + home.user;
      }
    }
    if (!users.empty())
      files(proposal,
            "homes",
            "/home",
            text("survey.new_homes", {{"users", users}, {"size", size_of("/home")}}));
  }

  void share_of(Proposal& proposal, const Share& share) {
    if (is_taken(share.path)) return;
    const std::size_t slash = share.path.rfind('/');
    files(proposal,
          share.name.starts_with('/') ? share.path.substr(slash + 1) : share.name,
          share.path,
          text("survey.new_share",
               {{"share", share.name},
                {"place", share.file + ":" + std::to_string(share.line)},
                {"size", size_of(share.path)}}));
  }

  void mount_of(Proposal& proposal, const Mount& mount) {
    const bool is_home = lies_in("/home", mount.path);
    if (mount.is_network() || is_taken(mount.path) || is_home) return;
    const bool holds_more = std::any_of(paths_.begin(), paths_.end(), [&](const std::string& path) {
      return lies_in(path, mount.path);
    });
    if (holds_more) return;
    ProposedEntry entry{
        proposed_name(mount.path.substr(mount.path.rfind('/') + 1), proposal.sources),
        {text("survey.new_mount",
              {{"path", mount.path}, {"device", mount.device}, {"size", size_of(mount.path)}})},
        {"files: [" + quoted(mount.path) + "]", "require_mount: true"},
        ProposedEntry::Use::as_comment};
    proposal.sources.push_back(std::move(entry));
  }

  void cluster_of(Proposal& proposal, const Cluster& cluster) {
    const std::string name =
        cluster.name.empty() ? "database" : "database-" + cluster.version + "-" + cluster.name;
    ProposedEntry entry{
        proposed_name(name, proposal.sources),
        {text(cluster.is_running ? "survey.new_cluster" : "survey.new_cluster_stopped",
              {{"version", cluster.version},
               {"path", cluster.data_directory},
               {"size", size_of(cluster.data_directory)}})},
        {"postgres:", "  data_directory: " + quoted(cluster.data_directory)},
        {}};
    if (cluster.port != 5432) entry.body.push_back("  port: " + std::to_string(cluster.port));
    entry.body.emplace_back("  run_as: postgres");
    entry.body.emplace_back("  databases: all");
    proposal.sources.push_back(std::move(entry));
  }

  void container_of(Proposal& proposal, const DockerContainer& container) {
    if (!container.is_postgres) return;
    ProposedEntry entry{
        proposed_name(container.name, proposal.sources),
        {text("survey.new_container", {{"container", container.name}, {"image", container.image}})},
        {"docker_postgres: {container: " + quoted(container.name) +
         ", user: " + quoted(container.postgres_user) + "}"},
        {}};
    proposal.sources.push_back(std::move(entry));
  }

  bool is_postgres(const std::string& container) const {
    return std::any_of(
        machine_.containers.begin(), machine_.containers.end(), [&](const DockerContainer& other) {
          return other.name == container && other.is_postgres;
        });
  }

  void volume_of(Proposal& proposal, const DockerVolume& volume) {
    std::string users;
    for (const std::string& user : volume.used_by) users += (users.empty() ? "" : ", ") + user;
    const bool dumped =
        !volume.used_by.empty() && std::all_of(volume.used_by.begin(),
                                               volume.used_by.end(),
                                               [&](const auto& user) { return is_postgres(user); });
    ProposedEntry entry{proposed_name(volume.name, proposal.sources),
                        {text(dumped ? "survey.new_volume_dumped" : "survey.new_volume",
                              {{"volume", volume.name},
                               {"users", users.empty() ? "-" : users},
                               {"size", size_of(volume.path)}})},
                        {"docker_volume: {name: " + quoted(volume.name) + "}"},
                        dumped ? ProposedEntry::Use::as_comment : ProposedEntry::Use::yes};
    proposal.sources.push_back(std::move(entry));
  }

  void destinations(Proposal& proposal) const {
    for (const Mount& mount : machine_.mounts) {
      if (!mount.is_network()) continue;
      proposal.destinations.push_back(
          {proposed_name(mount.path.substr(mount.path.rfind('/') + 1), proposal.destinations),
           {text("survey.new_network_mount", {{"path", mount.path}, {"device", mount.device}})},
           {"url: " + quoted(mount.path + "/hikae"), "require_mount: true"},
           {}});
    }
    proposal.destinations.push_back(
        {proposed_name("nas", proposal.destinations),
         {text("survey.new_nas")},
         {"url: sftp://backupuser@nas/backup/hikae"},
         proposal.destinations.empty() ? ProposedEntry::Use::yes : ProposedEntry::Use::as_comment});
    proposal.destinations.push_back(
        {proposed_name("cloud", proposal.destinations),
         {text("survey.new_cloud")},
         {"url: s3://company-backup-bucket/hikae", "server_side_encryption: AES256"},
         ProposedEntry::Use::as_comment});
  }

  const Machine& machine_;
  const std::function<Measure(const std::string&)>& measure_;
  std::vector<std::string> paths_;
};

}  // namespace

std::string proposed_name(std::string_view text, const std::vector<ProposedEntry>& taken) {
  std::string name;
  for (const char given : text) {
    const auto c = static_cast<unsigned char>(given);
    const bool fits = c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-');
    if (fits) {
      name += static_cast<char>(std::tolower(c));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && (name.front() == '-' || name.front() == '_')) name.erase(0, 1);
  while (!name.empty() && name.back() == '-') name.pop_back();
  if (name.empty()) name = "source";
  const auto is_taken = [&](const std::string& candidate) {
    return std::any_of(taken.begin(), taken.end(), [&](const ProposedEntry& entry) {
      return entry.name == candidate;
    });
  };
  if (!is_taken(name)) return name;
  for (int number = 2;; ++number) {
    const std::string candidate = name + "-" + std::to_string(number);
    if (!is_taken(candidate)) return candidate;
  }
}

std::string render_proposal(const Proposal& proposal, Language language) {
  return Writer(proposal, language).write();
}

Proposal propose_from_machine(const Machine& machine,
                              const std::function<Measure(const std::string& path)>& measure,
                              std::string_view hostname,
                              std::string_view timezone) {
  Proposal proposal;
  proposal.name = proposed_name(hostname, {});
  proposal.timezone = std::string(timezone);
  FromMachine(machine, measure).fill(proposal);
  proposal.schedule_comments = {text("survey.new_schedule")};
  proposal.retention_comments = {text("survey.new_retention")};
  return proposal;
}

}  // namespace hikae::survey
