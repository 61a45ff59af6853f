// SPDX-License-Identifier: Apache-2.0
#include "source/physical_stream.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace hikae {
namespace {

using postgres::Connection;
using postgres::ConnectionKind;
using postgres::TarEntry;

// Beyond so many there is nothing to find out any more.
constexpr std::size_t kMostSuspicious = 10'000;

std::int64_t unix_seconds(const Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
}

std::optional<std::chrono::steady_clock::time_point> deadline_of(std::chrono::milliseconds limit) {
  if (limit.count() == 0) return std::nullopt;
  return std::chrono::steady_clock::now() + limit;
}

// Nothing without the right to see them: the tablespace's size is then taken for its folders'.
std::map<std::string, std::uint64_t> load_database_sizes(const PhysicalBackupOptions& options,
                                                         Log& log,
                                                         const StopToken& stop) {
  std::map<std::string, std::uint64_t> sizes;
  try {
    Connection connection(*options.server, options.database, ConnectionKind::ordinary, log, stop);
    const postgres::Result result = connection.query(
        "SELECT oid, pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database", stop);
    for (std::size_t row = 0; row < result.rows(); ++row)
      sizes[result.text(row, 0)] = static_cast<std::uint64_t>(result.number(row, 1));
  } catch (const Error&) {
    log.write(LogLevel::debug, text("source.physical_sizes_unknown"));
  }
  return sizes;
}

// "5" of "base/5/16384" and of "pg_tblspc/16385/PG_15_202209061/5/16386"; empty in global/.
std::string database_of(const std::string& server_path) {
  const SplitPath file = split_path(server_path);
  return file.folder == "global" ? "" : split_path(file.folder).name;
}

}  // namespace

// Content of a file in an archive, which is looked at as it passes.
class PhysicalStream::TarFile final : public SourceFile {
 public:
  TarFile(PhysicalStream& stream, std::string server_path, format::Node node)
      : stream_(stream), server_path_(std::move(server_path)), node_(std::move(node)) {
    piece_size_ = stream_.piece_size(server_path_);
    const auto segment = postgres::segment_number(split_path(server_path_).name);
    const postgres::ReplicationFacts& cluster = stream_.cluster_;
    if (!cluster.checksums || !segment || cluster.block_size != postgres::kPageSize ||
        !postgres::has_page_checksums(server_path_)) {
      return;
    }
    const auto first =
        static_cast<std::uint32_t>(cluster.segment_size / cluster.block_size) * *segment;
    checker_.emplace(first, stream_.backup_.start().lsn, [this, first](std::uint32_t block) {
      note_suspicious(block, block - first);
    });
  }

  std::size_t read(MutableByteView out) override {
    stream_.check_time();
    const std::size_t size = stream_.tar_->read(out);
    const ByteView passed = out.first(size);
    if (size > 0) {
      sum_.update(passed);
      if (checker_) checker_->update(passed);
    } else if (!std::exchange(done_, true)) {
      finish();
    }
    return size;
  }
  format::Node stat() override { return node_; }
  std::optional<std::size_t> piece_size() const override { return piece_size_; }

 private:
  void finish() {
    if (checker_) checker_->finish();
    if (PassedWal::is_segment(server_path_)) {
      stream_.wal_.add(server_path_, node_.size);
    } else {
      stream_.passed_.add(server_path_, node_.size, sum_.value());
    }
  }
  void note_suspicious(std::uint32_t block, std::uint32_t block_in_file) {
    if (stream_.suspicious_.size() == kMostSuspicious) return;
    stream_.suspicious_.push_back({server_path_,
                                   stream_.shown_path_ + "/" + stream_.folder_ + "/" +
                                       server_path_.substr(stream_.server_folder_.size()),
                                   block,
                                   std::uint64_t{block_in_file} * postgres::kPageSize});
  }

  PhysicalStream& stream_;
  std::string server_path_;
  format::Node node_;
  std::optional<std::size_t> piece_size_;
  Crc32c sum_;
  std::optional<postgres::PageChecker> checker_;
  bool done_ = false;
};

// Its size is known at its end only; every line is held against what passed.
class PhysicalStream::ManifestFile final : public SourceFile {
 public:
  ManifestFile(PhysicalStream& stream, format::Node node)
      : stream_(stream),
        node_(std::move(node)),
        reader_([&stream](const postgres::ManifestFile& file) { stream.passed_.check(file); }) {}

  std::size_t read(MutableByteView out) override {
    if (done_ || out.empty()) return 0;
    if (rest_.empty()) rest_ = stream_.backup_.next();
    if (rest_.empty()) {
      done_ = true;
      stream_.take_manifest(reader_.finish());
      return 0;
    }
    const std::size_t size = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), size, out.begin());
    reader_.update(rest_.first(size));
    rest_ = rest_.subspan(size);
    node_.size += size;
    return size;
  }
  format::Node stat() override { return node_; }

 private:
  PhysicalStream& stream_;
  format::Node node_;
  postgres::ManifestReader reader_;
  ByteView rest_;
  bool done_ = false;
};

class PhysicalStream::TextFile final : public SourceFile {
 public:
  TextFile(std::string content, format::Node node)
      : content_(std::move(content)), node_(std::move(node)) {}
  std::size_t read(MutableByteView out) override {
    const std::size_t size = std::min(out.size(), content_.size() - at_);
    std::copy_n(content_.data() + at_, size, out.data());
    at_ += size;
    return size;
  }
  format::Node stat() override { return node_; }

 private:
  std::string content_;
  format::Node node_;
  std::size_t at_ = 0;
};

PhysicalStream::PhysicalStream(const PhysicalBackupOptions& options,
                               const std::string& shown_path,
                               ItemErrorSink& errors,
                               Log& log,
                               const Clock& clock,
                               const StopToken& stop)
    : options_(options),
      shown_path_(shown_path),
      errors_(errors),
      log_(log),
      stop_(stop),
      begun_(unix_seconds(clock)),
      clock_(clock),
      deadline_(deadline_of(options.time_limit)),
      connection_(*options.server, "", ConnectionKind::replication, log, stop),
      cluster_(postgres::load_replication_facts(connection_, stop)),
      backup_(connection_, options.label, stop),
      database_sizes_(load_database_sizes(options, log, stop)),
      wal_(cluster_.wal_segment_size) {
  if (deadline_) connection_.set_deadline(*deadline_);
  if (!cluster_.checksums) log_.info(text("source.physical_no_checksums"));
}

PhysicalStream::~PhysicalStream() = default;

std::optional<StreamedItem> PhysicalStream::next() {
  while (ready_.empty()) {
    if (!advance()) return std::nullopt;
  }
  StreamedItem item = std::move(ready_.front());
  ready_.pop_front();
  return item;
}

// While it runs the server keeps all WAL that is written.
void PhysicalStream::check_time() const {
  if (deadline_ && std::chrono::steady_clock::now() >= *deadline_)
    throw Error(ErrorCode::timeout, text("source.postgres_too_long"));
}

// archives ─▶ manifest ─▶ the server's last word, and ours ─▶ facts.json
bool PhysicalStream::advance() {
  if (ended_) return false;
  if (tar_ && next_tar_entry()) return true;
  if (begin_archive()) return true;
  end_backup();
  ended_ = true;
  return true;
}

bool PhysicalStream::begin_archive() {
  tar_.reset();
  archive_ = backup_.next_archive();
  if (!archive_) return false;
  if (archive_->is_manifest) {
    bring_manifest();
    return true;
  }
  const auto& oid = archive_->tablespace.oid;
  folder_ = oid ? "tablespaces/" + std::to_string(*oid) : "data";
  server_folder_ = oid ? "pg_tblspc/" + std::to_string(*oid) + "/" : "";
  not_begun_.push_back(archive_->tablespace);
  tar_.emplace(backup_);
  return true;
}

bool PhysicalStream::next_tar_entry() {
  std::optional<TarEntry> entry = tar_->next();
  if (!entry) return false;
  nodes_.set_owner(*entry);
  begin_folders();
  if (entry->path.empty()) return true;
  const SplitPath place = split_path(folder_ + "/" + entry->path);
  if (entry->kind == TarEntry::Kind::link && split_path(entry->path).folder == "pg_tblspc")
    entry->link_target = "../../tablespaces/" + place.name;
  std::unique_ptr<SourceFile> content;
  if (entry->kind == TarEntry::Kind::file) content = open_content(entry->path, *entry);
  bring(folder_ + "/" + entry->path, nodes_.from_tar(*entry, place.name), std::move(content));
  return true;
}

// The archives' own folders, which they do not name. That of a tablespace which was dropped while
// the backup ran holds nothing, so that only the next archive tells whose the folders are.
void PhysicalStream::begin_folders() {
  constexpr std::uint32_t kPrivate = 0700;
  for (const postgres::BackupTablespace& tablespace : std::exchange(not_begun_, {})) {
    if (!tablespace.oid) {
      bring("data", nodes_.folder("data", cluster_.directory_mode, begun_), nullptr);
      continue;
    }
    if (!std::exchange(has_tablespaces_, true))
      bring("tablespaces", nodes_.folder("tablespaces", kPrivate, begun_), nullptr);
    const std::string name = std::to_string(*tablespace.oid);
    bring("tablespaces/" + name, nodes_.folder(name, kPrivate, begun_), nullptr);
  }
}

void PhysicalStream::bring(const std::string& path,
                           format::Node node,
                           std::unique_ptr<SourceFile> content) {
  const SplitPath place = split_path(path);
  for (std::string& folder : folders_.leave_for(place.folder)) {
    ready_.emplace_back();
    ready_.back().folder = std::move(folder);
  }
  if (node.type == format::NodeType::dir) folders_.enter(path);
  ready_.emplace_back();
  StreamedItem& item = ready_.back();
  item.folder = place.folder;
  item.entry.emplace();
  item.entry->node = std::move(node);
  item.entry->path = shown_path_ + "/" + path;
  item.content = std::move(content);
}

std::unique_ptr<SourceFile> PhysicalStream::open_content(const std::string& path,
                                                         const TarEntry& entry) {
  return std::make_unique<TarFile>(
      *this, server_folder_ + path, nodes_.from_tar(entry, split_path(path).name));
}

std::optional<std::size_t> PhysicalStream::piece_size(const std::string& server_path) const {
  if (!postgres::has_page_checksums(server_path)) return std::nullopt;
  const auto known = database_sizes_.find(database_of(server_path));
  if (known != database_sizes_.end()) return relation_piece_size(known->second);
  return relation_piece_size(archive_->tablespace.size);
}

void PhysicalStream::bring_manifest() {
  format::Node node = nodes_.file("backup_manifest", begun_);
  auto content = std::make_unique<ManifestFile>(*this, node);
  bring("data/backup_manifest", std::move(node), std::move(content));
}

void PhysicalStream::take_manifest(postgres::Manifest manifest) {
  passed_.check_all_named(manifest.files);
  wal_.check(manifest.wal);
  manifest_ = std::move(manifest);
}

void PhysicalStream::end_backup() {
  end_ = backup_.finish();
  if (!manifest_) throw Error(ErrorCode::corrupt, text("source.physical_no_manifest"));
  const postgres::Lsn end = manifest_->newest_wal().end;
  if (end != end_.lsn) {
    throw Error(ErrorCode::corrupt,
                text("source.physical_end_differs",
                     {{"server", postgres::to_string_lsn(end_.lsn)},
                      {"manifest", postgres::to_string_lsn(end)}}));
  }
  damaged_ = report_damaged_pages(
      suspicious_, *options_.server, options_.database, backup_.start().lsn, errors_, log_, stop_);
  std::string facts = facts_json();
  format::Node node = nodes_.file("facts.json", begun_);
  node.size = facts.size();
  auto content = std::make_unique<TextFile>(std::move(facts), node);
  bring("facts.json", std::move(node), std::move(content));
}

std::string PhysicalStream::facts_json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("format", std::uint64_t{1})
      .member("server_version", cluster_.version_words)
      .member("server_version_number", std::int64_t{cluster_.server_version})
      .member("system_identifier", cluster_.system_identifier)
      .member("label", options_.label)
      .member("timeline", std::uint64_t{backup_.start().timeline})
      .member("start_lsn", postgres::to_string_lsn(backup_.start().lsn))
      .member("end_lsn", postgres::to_string_lsn(end_.lsn))
      .member("end_timeline", std::uint64_t{end_.timeline})
      .member("wal_segment_size", cluster_.wal_segment_size)
      .member("begun", begun_)
      .member("ended", unix_seconds(clock_))
      .member("damaged_pages", damaged_);
  json.key("standby").boolean(cluster_.standby);
  json.key("page_checksums").boolean(cluster_.checksums);
  json.key("tablespaces").begin_array();
  for (const postgres::BackupTablespace& tablespace : backup_.tablespaces()) {
    if (!tablespace.oid) continue;
    json.begin_object()
        .member("oid", std::uint64_t{*tablespace.oid})
        .member("location", tablespace.location)
        .end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace hikae
