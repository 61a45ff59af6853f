// SPDX-License-Identifier: Apache-2.0
#include "source/physical_backup.h"
#include "source/postgres_run.h"

namespace hikae {

std::unique_ptr<SourceDirectory> open_physical_folder(PostgresRun& run) {
  PhysicalBackupOptions options;
  options.server = std::make_shared<const postgres::Server>(run.options.server);
  options.database = run.maintenance_database;
  options.time_limit = run.options.time_limit;
  return make_physical_backup(
      std::move(options), "/postgres/physical", run.log, run.clock, run.stop());
}

}  // namespace hikae
