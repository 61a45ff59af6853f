// SPDX-License-Identifier: Apache-2.0
#include "service/evidence.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <simdjson.h>

#include "base/json.h"
#include "format/time.h"

namespace hikae {
namespace {

std::string words_of(Instant time) {
  return format::to_rfc3339(format::to_timestamp(time));
}

std::string encode(const Evidence& evidence) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .member("job", evidence.slot.job)
      .member("group", evidence.slot.group)
      .member("slot", words_of(evidence.slot.scheduled))
      .member("policy", evidence.policy)
      .member("host", evidence.host)
      .member("run", evidence.run)
      .member("finished", words_of(evidence.finished))
      .member("verdict", to_string(evidence.verdict))
      .member("summary", evidence.summary)
      .end_object();
  return json;
}

// A word that this program does not know is no good news.
Verdict verdict_of(const std::string& word) {
  for (const Verdict verdict : {Verdict::ok, Verdict::warning, Verdict::partial}) {
    if (word == to_string(verdict)) return verdict;
  }
  return Verdict::failed;
}

std::optional<Evidence> decode(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) return std::nullopt;
  const auto word = [&](const char* key) {
    std::string_view value;
    return root[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  const auto finished = format::parse_rfc3339(word("finished"));
  const auto slot = format::parse_rfc3339(word("slot"));
  if (!finished || !slot) return std::nullopt;
  return Evidence{word("policy"),
                  word("host"),
                  word("run"),
                  {word("job"), word("group"), format::to_instant(*slot)},
                  format::to_instant(*finished),
                  verdict_of(word("verdict")),
                  word("summary")};
}

// Long enough for a year's review. The policy may say otherwise.
constexpr std::chrono::hours kKeep{24 * 400};
// However old: a machine that stood still for a year has not lost what it knew.
constexpr std::size_t kNewest = 20;

std::optional<Evidence> load(Repository& repository,
                             const std::string& name,
                             const StopToken& stop) {
  try {
    return decode(repository.load_unpacked(FileType::evidence, name, stop));
  } catch (const Error& error) {
    // Gone meanwhile, or damaged: an older one may be whole.
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
    return std::nullopt;
  }
}

// Most days none is old enough, and nothing is read.
bool may_be_old(const std::vector<FileInfo>& files, Instant limit) {
  return std::any_of(files.begin(), files.end(), [&](const FileInfo& file) {
    return !file.modified || *file.modified < limit;
  });
}

std::vector<FileInfo> list_evidence(Repository& repository, const StopToken& stop) {
  std::vector<FileInfo> files;
  repository.backend().list(
      FileType::evidence, [&](const FileInfo& file) { files.push_back(file); }, stop);
  return files;
}

// Others' evidence in a shared repository is theirs.
std::vector<StoredEvidence> load_own(Repository& repository,
                                     const std::vector<FileInfo>& files,
                                     const Evidence& like,
                                     const StopToken& stop) {
  std::vector<StoredEvidence> own;
  for (const FileInfo& file : files) {
    auto evidence = load(repository, file.name, stop);
    if (evidence && evidence->policy == like.policy && evidence->host == like.host)
      own.push_back({file.name, std::move(*evidence)});
  }
  return own;
}

void remove_old(Repository& repository,
                const policy::Policy& policy,
                const policy::Destination& destination,
                const Evidence& like,
                const Environment& environment,
                const StopToken& stop) {
  const std::chrono::seconds keep = policy.evidence.keep.value_or(kKeep);
  const Instant now = environment.clock.now();
  const std::vector<FileInfo> files = list_evidence(repository, stop);
  if (files.size() <= kNewest || !may_be_old(files, now - keep)) return;
  const std::vector<StoredEvidence> plan =
      plan_evidence_removal(load_own(repository, files, like, stop), keep, now);
  for (const StoredEvidence& one : plan) {
    repository.backend().remove({FileType::evidence, one.name}, stop);
    environment.log.info(text("service_watch.evidence_removed",
                              {{"destination", destination.name},
                               {"job", one.evidence.slot.job},
                               {"finished", words_of(one.evidence.finished)},
                               {"file", "hikae/evidence/" + one.name}}));
  }
}

// An append-only server, an object lock: no place where this host may delete after all.
bool refuses_deletion(const Error& error) {
  return error.code() == ErrorCode::permission || error.code() == ErrorCode::read_only ||
         error.code() == ErrorCode::unsupported;
}

}  // namespace

std::vector<StoredEvidence> plan_evidence_removal(std::vector<StoredEvidence> stored,
                                                  std::chrono::seconds keep,
                                                  Instant now) {
  std::sort(stored.begin(), stored.end(), [](const StoredEvidence& a, const StoredEvidence& b) {
    return a.evidence.finished > b.evidence.finished;
  });
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> seen;
  std::vector<StoredEvidence> old;
  for (StoredEvidence& one : stored) {
    const Evidence& evidence = one.evidence;
    const std::size_t newer = seen[{evidence.policy, evidence.host, evidence.slot.job}]++;
    if (newer >= kNewest && evidence.finished < now - keep) old.push_back(std::move(one));
  }
  std::reverse(old.begin(), old.end());
  return old;
}

void leave_evidence(Repository& repository,
                    const policy::Policy& policy,
                    const policy::Destination& destination,
                    const Evidence& evidence,
                    const Environment& environment,
                    const StopToken& stop) {
  try {
    save_evidence(repository, evidence, stop);
  } catch (const Error& error) {
    // A stock REST server has no place for it.
    if (error.code() != ErrorCode::unsupported)
      environment.log.warning(
          because(text("service_watch.no_evidence", {{"destination", destination.name}}), error));
    return;
  }
  if (!destination.may_delete) return;
  try {
    remove_old(repository, policy, destination, evidence, environment, stop);
  } catch (const Error& error) {
    if (!refuses_deletion(error))
      environment.log.warning(because(
          text("service_watch.evidence_not_removed", {{"destination", destination.name}}), error));
  }
}

void save_evidence(Repository& repository, const Evidence& evidence, const StopToken& stop) {
  repository.save_unpacked(FileType::evidence, encode(evidence), stop);
}

std::optional<Evidence> find_good_evidence(Repository& repository,
                                           const std::string& policy,
                                           const std::string& job,
                                           const StopToken& stop) {
  std::vector<FileInfo> files = list_evidence(repository, stop);
  const bool has_times =
      std::all_of(files.begin(), files.end(), [](const FileInfo& file) { return file.modified; });
  if (has_times) {
    std::sort(files.begin(), files.end(), [](const FileInfo& a, const FileInfo& b) {
      return *a.modified > *b.modified;
    });
  }
  std::optional<Evidence> newest;
  for (const FileInfo& file : files) {
    auto evidence = load(repository, file.name, stop);
    if (!evidence || evidence->policy != policy || evidence->slot.job != job) continue;
    if (evidence->verdict > Verdict::warning) continue;
    if (newest && newest->finished >= evidence->finished) continue;
    newest = std::move(evidence);
    // Without times of the files, a later one may be newer.
    if (has_times) break;
  }
  return newest;
}

}  // namespace hikae
