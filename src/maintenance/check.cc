// SPDX-License-Identifier: Apache-2.0
#include "maintenance/check.h"

#include <algorithm>
#include <unordered_set>

#include "concurrency/task_group.h"
#include "maintenance/check_packs.h"
#include "maintenance/copy_packs.h"
#include "maintenance/rewrite_index.h"
#include "repository/keys.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using Severity = CheckFinding::Severity;
using format::BlobType;

// Report and damage, filled by all threads of a check.
struct Findings {
  CheckReport report;
  std::unordered_set<BlobId> bad_blobs;  // data or tree; what a damaged snapshot is told by

  void add(CheckFinding finding) {
    if (finding.severity == Severity::error) ++report.errors;
    report.findings.push_back(std::move(finding));
  }
};

class Checker {
 public:
  Checker(Repository& repository,
          const CheckOptions& options,
          CheckProgress& progress,
          const StopToken& stop)
      : repository_(repository), options_(options), progress_(progress), stop_(stop) {}

  CheckReport run() {
    check_keys();
    const std::vector<SnapshotRecord> snapshots = load_snapshots();
    // Snapshots before the index: one that is written meanwhile is then not looked for in an older
    // index.
    bool index_damaged = false;
    const Index index = repository_.load_index(
        [&](const Error& error) {
          index_damaged = true;
          add_error(error);
        },
        stop_);
    if (index_damaged) find_damaged_index_files();
    const auto files = list_packs(repository_, stop_);
    check_pack_list(index, files, sink());
    note_pack_list(index, files);
    mark_lost_blobs(index, files);
    if (options_.read_data) read_packs(index, files);
    check_trees(index, snapshots);
    // Every finding is known now; which snapshots it hurts follows from the trees.
    find_damaged_snapshots(index, snapshots);
    auto findings = findings_.lock();
    findings->report.snapshots = snapshots.size();
    findings->report.packs = files.size();
    findings->report.trees = progress_.trees;
    findings->report.packs_read = progress_.packs_read;
    findings->report.bytes_read = progress_.bytes_read;
    return std::move(findings->report);
  }

 private:
  FindingSink sink() {
    return [this](CheckFinding finding) { findings_.lock()->add(std::move(finding)); };
  }
  void add_error(const Error& error) { findings_.lock()->add({Severity::error, error.message()}); }

  void check_keys() {
    std::vector<std::string> names;
    repository_.backend().list(
        FileType::key, [&](const FileInfo& file) { names.push_back(file.name); }, stop_);
    for (const std::string& name : names) {
      try {
        const Bytes content = repository_.backend().load({FileType::key, name}, stop_);
        const bool named_rightly = sha256(content).hex() == name;
        if (named_rightly) format::decode_key_file(as_text(content));
        if (!named_rightly) {
          findings_.lock()->add(
              {Severity::error, text("repository.key_damaged", {{"key", name.substr(0, 8)}})});
        }
      } catch (const Error& error) {
        if (error.code() != ErrorCode::corrupt) throw;
        add_error(error);
      }
    }
  }

  std::vector<SnapshotRecord> load_snapshots() {
    std::vector<SnapshotRecord> snapshots;
    std::vector<std::string> names;
    repository_.backend().list(
        FileType::snapshot, [&](const FileInfo& file) { names.push_back(file.name); }, stop_);
    for (const std::string& name : names) {
      try {
        snapshots.push_back(
            {*SnapshotId::parse(name),
             format::decode_snapshot(repository_.load_unpacked(FileType::snapshot, name, stop_))});
      } catch (const Error& error) {
        if (error.code() == ErrorCode::not_found) continue;
        if (error.code() != ErrorCode::corrupt) throw;
        add_error(error);
        findings_.lock()->report.damage.snapshot_files.push_back(name);
      }
    }
    return snapshots;
  }

  // Which ones, since what is wrong with an index file may be told without its name.
  void find_damaged_index_files() {
    for (const std::string& name : list_names(repository_, FileType::index, stop_)) {
      try {
        format::decode_index(repository_.load_unpacked(FileType::index, name, stop_),
                             [](format::IndexedPack&&) {});
      } catch (const Error& error) {
        if (error.code() != ErrorCode::corrupt) throw;
        findings_.lock()->report.damage.index_files.push_back(name);
      }
    }
  }

  void note_pack_list(const Index& index, const std::map<PackId, std::uint64_t>& files) {
    auto findings = findings_.lock();
    Damage& damage = findings->report.damage;
    index.for_each_pack([&](const format::IndexedPack& pack) {
      const auto file = files.find(pack.id);
      if (file == files.end()) {
        damage.packs.emplace(pack.id, Damage::Pack::missing);
      } else if (file->second != expected_pack_size(pack.blobs)) {
        damage.packs.emplace(pack.id, Damage::Pack::wrong_size);
      }
    });
    for (const auto& [id, size] : files) {
      if (!index.has_pack(id)) damage.not_indexed.push_back(id);
    }
  }
  static Damage::Pack damage_told_by(const Error& error) {
    if (error.code() == ErrorCode::not_found) return Damage::Pack::missing;
    return error.code() == ErrorCode::corrupt ? Damage::Pack::damaged : Damage::Pack::unreadable;
  }

  // Blobs that are in no pack file: it is missing, or ends before them.
  void mark_lost_blobs(const Index& index, const std::map<PackId, std::uint64_t>& files) {
    const auto is_there = [&](const BlobLocation& place) {
      const auto file = files.find(place.pack);
      return file != files.end() &&
             std::uint64_t{place.blob.offset} + place.blob.length <= file->second;
    };
    auto findings = findings_.lock();
    index.for_each([&](const BlobLocation& place) {
      if (is_there(place)) return;
      const auto copies = index.find_all(place.blob.type, place.blob.id);
      if (std::none_of(copies.begin(), copies.end(), is_there))
        findings->bad_blobs.insert(place.blob.id);
    });
  }

  void read_packs(const Index& index, const std::map<PackId, std::uint64_t>& files) {
    const std::vector<PackId> chosen =
        choose_packs(files, *options_.read_data, options_.random_seed);
    std::unordered_set<PackId> wanted(chosen.begin(), chosen.end());
    // Their numbers in the index: a second copy of what it says of them would be as large.
    std::vector<std::uint32_t> packs;
    for (std::uint32_t number = 0; number < index.pack_count(); ++number) {
      // A pack that several index files name is read once.
      if (wanted.erase(index.packs()[number]) > 0) packs.push_back(number);
    }
    progress_.packs_total = packs.size();
    std::atomic<std::size_t> next{0};
    TaskGroup tasks(stop_);
    const std::size_t workers = options_.workers == 0 ? cpu_count() : options_.workers;
    for (std::size_t i = 0; i < workers; ++i) {
      tasks.spawn("read-packs", [&](const StopToken& group) {
        PackBuffers buffers;
        for (std::size_t number = next++; number < packs.size(); number = next++) {
          read_pack(indexed_pack(index, packs[number]), buffers, group);
        }
      });
    }
    tasks.join();
  }

  void read_pack(const format::IndexedPack& pack, PackBuffers& buffers, const StopToken& stop) {
    try {
      progress_.bytes_read += check_pack(
          repository_,
          pack,
          buffers,
          [&](CheckFinding finding) {
            auto findings = findings_.lock();
            for (const auto& [name, value] : finding.message.arguments) {
              const auto blob = name == "blob" ? BlobId::parse(value) : std::nullopt;
              if (blob) findings->bad_blobs.insert(*blob);
            }
            findings->report.damage.packs.emplace(pack.id, Damage::Pack::damaged);
            findings->add(std::move(finding));
          },
          stop);
      ++progress_.packs_read;
    } catch (const Error& error) {
      add_error(error);
      findings_.lock()->report.damage.packs.emplace(pack.id, damage_told_by(error));
    }
  }

  void check_trees(const Index& index, const std::vector<SnapshotRecord>& snapshots) {
    std::vector<BlobId> roots;
    roots.reserve(snapshots.size());
    for (const SnapshotRecord& record : snapshots) roots.push_back(record.snapshot.tree);
    TreeWalkHooks hooks;
    hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
      ++progress_.trees;
      for (const format::Node& node : nodes) check_node(index, tree, node);
    };
    hooks.failed = [&](const BlobId& tree, const Error& error) {
      auto findings = findings_.lock();
      findings->bad_blobs.insert(tree);
      findings->add({Severity::error, error.message()});
      const auto places = index.find_all(BlobType::tree, tree);
      Damage& damage = findings->report.damage;
      if (places.empty()) damage.lost.insert({BlobType::tree, tree});
      for (const BlobLocation& place : places)
        damage.packs.emplace(place.pack, damage_told_by(error));
    };
    walk_trees(repository_, index, roots, hooks, stop_);
  }

  void check_node(const Index& index, const BlobId& tree, const format::Node& node) {
    for (const BlobId& id : node.content) {
      if (index.has(BlobType::data, id)) continue;
      auto findings = findings_.lock();
      findings->report.damage.lost.insert({BlobType::data, id});
      if (!findings->bad_blobs.insert(id).second) continue;
      findings->add({Severity::error,
                     text("maintenance.file_lacks_blob",
                          {{"file", node.name}, {"tree", tree.short_hex()}, {"blob", id.hex()}})});
    }
  }

  void find_damaged_snapshots(const Index& index, const std::vector<SnapshotRecord>& snapshots) {
    const auto bad = findings_.lock()->bad_blobs;
    if (bad.empty()) return;
    for (const SnapshotRecord& record : snapshots) {
      std::atomic<bool> hurt{false};
      TreeWalkHooks hooks;
      hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
        if (bad.contains(tree)) hurt = true;
        for (const format::Node& node : nodes) {
          for (const BlobId& id : node.content) {
            if (bad.contains(id)) hurt = true;
          }
        }
      };
      hooks.failed = [&](const BlobId&, const Error&) { hurt = true; };
      walk_trees(repository_, index, {record.snapshot.tree}, hooks, stop_);
      if (hurt) findings_.lock()->report.damaged_snapshots.push_back(record.id);
    }
  }

  Repository& repository_;
  const CheckOptions& options_;
  CheckProgress& progress_;
  const StopToken& stop_;
  Guarded<Findings> findings_;
};

}  // namespace

CheckReport run_check(Repository& repository,
                      const CheckOptions& options,
                      CheckProgress& progress,
                      const StopToken& stop) {
  return Checker(repository, options, progress, stop).run();
}

}  // namespace hikae
