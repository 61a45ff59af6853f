// SPDX-License-Identifier: Apache-2.0
#include "source/postgres_source.h"

#include <unistd.h>

#include <functional>
#include <map>

#include "base/units.h"
#include "source/postgres_run.h"

namespace hikae {
namespace {

// A folder whose entries are known beforehand.
class ListedFolder final : public SourceDirectory {
 public:
  using OpenFolder = std::function<std::unique_ptr<SourceDirectory>()>;
  using OpenFile = std::function<std::unique_ptr<SourceFile>()>;

  explicit ListedFolder(std::string path) : path_(std::move(path)) {}

  // In the order of names.
  void add_folder(const PostgresRun& run, const std::string& name, OpenFolder open) {
    add(run.make_node(name, format::NodeType::dir, 0), SourceEntry::Content::stored);
    folders_.emplace(name, std::move(open));
  }
  void add_stream(const PostgresRun& run,
                  const std::string& name,
                  std::uint64_t expected,
                  OpenFile open) {
    add(run.make_node(name, format::NodeType::file, expected), SourceEntry::Content::stream);
    files_.emplace(name, std::move(open));
  }

  std::vector<SourceEntry> read(ItemErrorSink&) override { return entries_; }
  std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) override {
    return folders_.at(entry.node.name)();
  }
  std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) override {
    return std::make_unique<Named>(files_.at(entry.node.name)(), entry.node.name);
  }

 private:
  // A stream's node has its name from here.
  class Named final : public SourceFile {
   public:
    Named(std::unique_ptr<SourceFile> file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    std::size_t read(MutableByteView out) override { return file_->read(out); }
    format::Node stat() override {
      format::Node node = file_->stat();
      node.name = name_;
      return node;
    }

   private:
    std::unique_ptr<SourceFile> file_;
    std::string name_;
  };

  void add(format::Node node, SourceEntry::Content content) {
    const std::string path = path_ + "/" + node.name;
    entries_.push_back({std::move(node), path, content});
  }

  std::string path_;
  std::vector<SourceEntry> entries_;
  std::map<std::string, OpenFolder> folders_;
  std::map<std::string, OpenFile> files_;
};

class PostgresSource final : public Source {
 public:
  PostgresSource(PostgresOptions options, const Clock& clock, Log& log, const StopToken& stop)
      : options_(std::move(options)), run_(options_, clock, log, stop) {}

  std::unique_ptr<SourceDirectory> open_root() override {
    if (!options_.data_directory.empty())
      postgres::locate_server(options_.server, options_.data_directory);
    prepare();
    auto root = std::make_unique<ListedFolder>("");
    root->add_folder(run_, "postgres", [this] { return open_cluster(); });
    return root;
  }

  void finish() override {
    if (options_.logical && !run_.has_all_facts())
      throw Error(ErrorCode::corrupt, text("source.postgres_not_whole"));
  }

  std::vector<Text> summary() override {
    std::vector<Text> lines;
    if (!options_.logical) return lines;
    for (const postgres::DatabaseFacts& database : run_.wait_for_facts().databases) {
      std::uint64_t rows = 0;
      for (const postgres::TableRows& table : database.tables) rows += table.rows;
      lines.push_back(text("source.postgres_summary",
                           {{"database", database.name},
                            {"size", format_bytes(database.bytes)},
                            {"tables", std::to_string(database.tables.size())},
                            {"rows", std::to_string(rows)}}));
    }
    return lines;
  }

  std::string facts() override {
    return options_.logical ? postgres::encode_facts(run_.wait_for_facts()) : "";
  }

  std::vector<std::string> paths() const override { return {"/postgres"}; }
  std::vector<std::string> excludes() const override { return {}; }

 private:
  // Asks the server all that must be known before anything is read.
  void prepare() {
    postgres::AnywhereConnection session =
        postgres::connect_anywhere(options_.server, run_.log, run_.stop());
    postgres::Connection& connection = session.connection;
    if (!options_.data_directory.empty()) {
      postgres::require_cluster_of(
          connection, options_.server, options_.data_directory, run_.stop());
    }
    options_.server.is_superuser = postgres::is_superuser(connection, run_.stop());
    run_.maintenance_database = session.database;
    run_.server_version = connection.server_version();
    if (!options_.logical) return;
    run_.cluster = postgres::load_cluster_facts(connection, run_.stop());
    const auto all = postgres::list_databases(connection, run_.stop());
    run_.databases = postgres::choose_databases(all, options_.databases);
    for (const postgres::DatabaseEntry& entry : all) {
      if (!entry.is_valid)
        run_.log.warning(text("source.postgres_invalid", {{"database", entry.name}}));
    }
    run_.programs = postgres::find_programs(options_.programs, connection.server_major());
    run_.cluster.dump_major = run_.programs.major;
    run_.cluster.format = options_.format;
  }

  std::unique_ptr<SourceDirectory> open_cluster() {
    auto cluster = std::make_unique<ListedFolder>("/postgres");
    if (options_.logical) cluster->add_folder(run_, "logical", [this] { return open_logical(); });
    if (options_.physical)
      cluster->add_folder(run_, "physical", [this] { return open_physical_folder(run_); });
    return cluster;
  }

  // Nothing is expected of facts.json, which waits for all databases.
  std::unique_ptr<SourceDirectory> open_logical() {
    auto logical = std::make_unique<ListedFolder>("/postgres/logical");
    std::map<std::string, postgres::DatabaseEntry> by_file;
    for (const postgres::DatabaseEntry& database : run_.databases)
      by_file.emplace(postgres::dump_file_name(database.name, options_.format), database);
    for (const auto& [file, database] : by_file) {
      logical->add_stream(run_, file, database.bytes, [this, name = database.name] {
        return open_database_dump(run_, name);
      });
    }
    logical->add_stream(run_, "facts.json", 0, [this] { return open_facts_file(run_); });
    logical->add_stream(run_, "globals.sql", 0, [this] { return open_globals_dump(run_); });
    return logical;
  }

  PostgresOptions options_;
  PostgresRun run_;
};

}  // namespace

std::unique_ptr<Source> make_postgres_source(PostgresOptions options,
                                             const Clock& clock,
                                             Log& log,
                                             const StopToken& stop) {
  return std::make_unique<PostgresSource>(std::move(options), clock, log, stop);
}

}  // namespace hikae
