// SPDX-License-Identifier: Apache-2.0
#include "storage/backend.h"

#include "base/error.h"
#include "storage/pace.h"

namespace hikae {

void Backend::extend_lock(const FileHandle& /*file*/,
                          Instant /*until*/,
                          const StopToken& /*stop*/) {
  throw Error(ErrorCode::unsupported, text("storage.no_object_lock", {{"place", location()}}));
}

Backend::Pacing Backend::keep_pace(const Paces& /*paces*/) {
  return Pacing::whole;
}

}  // namespace hikae
