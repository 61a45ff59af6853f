// SPDX-License-Identifier: Apache-2.0
#include "backup/file_reader.h"
#include "backup/stages.h"

namespace hikae {
namespace {

using format::Node;

bool same_content_expected(const Node& before, const Node& after) {
  return before.size == after.size && before.mtime.same_instant(after.mtime) &&
         before.ctime.same_instant(after.ctime);
}

struct Attempt {
  std::shared_ptr<FileInProgress> file;
  enum class Result { still, changed, failed } result = Result::failed;
  std::optional<Error> failure;
};

// One reading of the file, from open to end.
Attempt read_once(const FileJob& job, FileReader& reader, const StopToken& stop) {
  Attempt attempt;
  attempt.file = std::make_shared<FileInProgress>();
  attempt.file->job = job;
  std::unique_ptr<SourceFile> source;
  Node before;
  try {
    source = job.folder->directory().open_file(*job.entry);
    before = source->stat();
  } catch (const Error& error) {
    attempt.failure = error;
    return attempt;
  }
  const std::uint64_t size = reader.read(*source, before.size, attempt.file, stop);
  attempt.failure = reader.failure();
  if (attempt.failure) return attempt;
  bool still = false;
  try {
    still = same_content_expected(before, source->stat()) && size == before.size;
  } catch (const Error& error) {
    attempt.failure = error;
    return attempt;
  }
  attempt.result = still ? Attempt::Result::still : Attempt::Result::changed;
  // The times of before: with later ones the next backup would take a mix of states for the file as
  // it stands, and never read it again.
  attempt.file->node = std::move(before);
  attempt.file->node.size = size;
  return attempt;
}

// Reads until the file held still, or the attempts are used up; then what was read last is kept and
// marked.
void save_file(BackupState& state,
               const FileJob& job,
               FileReader& reader,
               BlobScratch& scratch,
               const StopToken& stop) {
  const std::string path = job.entry->path;
  for (int number = 1;; ++number) {
    const Attempt attempt = read_once(job, reader, stop);
    if (attempt.result == Attempt::Result::failed) {
      state.errors.report({ItemError::Kind::unreadable, path, attempt.failure->message()});
      leave_out_entry(state, job.folder, job.slot, scratch);
      return;
    }
    if (attempt.result == Attempt::Result::changed) {
      // The chunks of this attempt lose their file: its hold is never released, so it finishes
      // nothing.
      if (number < state.plan.attempts_for_changing_file) continue;
      state.errors.report({ItemError::Kind::changed, path, text("backup.file_kept_changing")});
    }
    release_hold(state, *attempt.file, scratch);
    return;
  }
}

// What cannot be read a second time. Its metadata is what it has at its end.
void save_stream_file(BackupState& state,
                      const FileJob& job,
                      FileReader& reader,
                      BlobScratch& scratch,
                      const StopToken& stop) {
  const auto file = std::make_shared<FileInProgress>();
  file->job = job;
  const auto source = job.folder->directory().open_file(*job.entry);
  const std::uint64_t size = reader.read(*source, kMaxChunkSize, file, stop);
  if (reader.failure()) throw Error(*reader.failure());
  file->node = source->stat();
  file->node.size = size;
  release_hold(state, *file, scratch);
}

}  // namespace

void save_files(BackupState& state, const StopToken& stop) {
  BlobScratch scratch(state.plan.blobs.compression);
  FileReader reader(state, scratch);
  while (const auto jobs = state.files.pop(stop)) {
    for (const FileJob& job : *jobs) {
      const bool is_stream = job.entry->content == SourceEntry::Content::stream;
      (is_stream ? save_stream_file : save_file)(state, job, reader, scratch, stop);
    }
  }
}

void save_chunks(BackupState& state, const StopToken& stop) {
  BlobScratch scratch(state.plan.blobs.compression);
  while (auto chunk = state.chunks.pop(stop)) store_chunk(state, *chunk, scratch);
}

}  // namespace hikae
