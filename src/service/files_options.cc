// SPDX-License-Identifier: Apache-2.0
#include "service/files_options.h"

namespace hikae {

FilesOptions files_options(const policy::Source& source, const Environment& environment) {
  FilesOptions options;
  options.paths = source.files;
  options.working_directory = environment.working_directory;
  options.exclude = source.exclude;
  options.exclude_case_insensitive = source.iexclude;
  options.exclude_files = source.exclude_file;
  options.exclude_if_present = source.exclude_if_present;
  options.exclude_caches = source.exclude_caches;
  options.exclude_larger_than = source.exclude_larger_than;
  options.file_systems = source.one_file_system ? FileSystems::one : FileSystems::all;
  options.require_mount = source.require_mount ? RequireMount::yes : RequireMount::no;
  options.allow_empty = source.allow_empty ? AllowEmpty::yes : AllowEmpty::no;
  return options;
}

}  // namespace hikae
