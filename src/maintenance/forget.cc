// SPDX-License-Identifier: Apache-2.0
#include "maintenance/forget.h"

namespace hikae {
namespace {

void keep_aside(Repository& repository, const SnapshotRecord& record, const StopToken& stop) {
  const Bytes file = repository.backend().load({FileType::snapshot, record.id.hex()}, stop);
  try {
    repository.backend().save({FileType::forgotten, record.id.hex()}, file, stop);
  } catch (const Error& error) {
    // It is there already from an interrupted run, or the store has no such folder (a stock REST
    // server).
    if (error.code() != ErrorCode::already_exists && error.code() != ErrorCode::unsupported) throw;
  }
}

}  // namespace

void apply_forget(Repository& repository,
                  RepositoryLock& lock,
                  const std::vector<SnapshotRecord>& snapshots,
                  const std::function<void(const SnapshotRecord&)>& forgotten,
                  const StopToken& stop) {
  for (const SnapshotRecord& record : snapshots) {
    throw_if_stopped(stop);
    keep_aside(repository, record, stop);
    lock.confirm(stop);
    repository.backend().remove({FileType::snapshot, record.id.hex()}, stop);
    forgotten(record);
  }
}

void note_forgotten(Repository& repository,
                    const format::Snapshot& snapshot,
                    const StopToken& stop) {
  try {
    repository.save_unpacked(FileType::forgotten, format::encode(snapshot), stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::already_exists && error.code() != ErrorCode::unsupported) throw;
  }
}

}  // namespace hikae
