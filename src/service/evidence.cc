// SPDX-License-Identifier: Apache-2.0
#include "service/evidence.h"

#include <algorithm>
#include <vector>

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

}  // namespace

void save_evidence(Repository& repository, const Evidence& evidence, const StopToken& stop) {
  repository.save_unpacked(FileType::evidence, encode(evidence), stop);
}

std::optional<Evidence> find_good_evidence(Repository& repository,
                                           const std::string& policy,
                                           const std::string& job,
                                           const StopToken& stop) {
  std::vector<FileInfo> files;
  repository.backend().list(
      FileType::evidence, [&](const FileInfo& file) { files.push_back(file); }, stop);
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
