// SPDX-License-Identifier: Apache-2.0
// The stages of a backup; each is a task's body, run by several threads at once, and ends when its
// input ends.
#pragma once

#include "backup/state.h"

namespace hikae {

// Takes folders from state.folders, lists them, compares with the parent, hands files that must be
// read to state.files and subfolders back to state.folders.
void scan_folders(BackupState& state, const StopToken& stop);

// Takes files from state.files, reads and cuts them; chunks of large files go to state.chunks.
void save_files(BackupState& state, const StopToken& stop);

// Hashes, compresses and stores chunks from state.chunks.
void save_chunks(BackupState& state, const StopToken& stop);

// Stores all that a streamed folder brings, as it comes. One thread; chunks go to state.chunks.
// Throws Error when the stream breaks, or brings what it must not: then the source has failed.
// REQUIRES: `folder` holds no entry yet.
void save_stream(BackupState& state,
                 const std::shared_ptr<Folder>& folder,
                 SourceStream& stream,
                 BlobScratch& scratch,
                 const StopToken& stop);

// Called by whoever finished the last entry of `folder`: stores its tree, and those above that this
// completes. When the root is complete, all queues are closed.
void complete_folder(BackupState& state, std::shared_ptr<Folder> folder, BlobScratch& scratch);

// One entry of `folder` is complete (or left out); completes the folder if it was the last.
void finish_entry(BackupState& state, const std::shared_ptr<Folder>& folder, BlobScratch& scratch);
void leave_out_entry(BackupState& state,
                     const std::shared_ptr<Folder>& folder,
                     std::size_t slot,
                     BlobScratch& scratch);

}  // namespace hikae
