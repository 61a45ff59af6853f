// SPDX-License-Identifier: Apache-2.0
#include "source/physical_backup.h"

#include "source/physical_stream.h"

namespace hikae {
namespace {

class PhysicalDirectory final : public SourceDirectory {
 public:
  PhysicalDirectory(PhysicalBackupOptions options,
                    std::string shown_path,
                    Log& log,
                    const Clock& clock,
                    const StopToken& stop)
      : options_(std::move(options)),
        shown_path_(std::move(shown_path)),
        log_(log),
        clock_(clock),
        stop_(stop) {}

  std::unique_ptr<SourceStream> open_stream(ItemErrorSink& errors) override {
    return std::make_unique<PhysicalStream>(options_, shown_path_, errors, log_, clock_, stop_);
  }
  // Nothing asks a streamed folder for these.
  std::vector<SourceEntry> read(ItemErrorSink&) override { return {}; }
  std::unique_ptr<SourceDirectory> open_directory(const SourceEntry&) override { return nullptr; }
  std::unique_ptr<SourceFile> open_file(const SourceEntry&) override { return nullptr; }

 private:
  PhysicalBackupOptions options_;
  std::string shown_path_;
  Log& log_;
  const Clock& clock_;
  StopToken stop_;
};

}  // namespace

std::unique_ptr<SourceDirectory> make_physical_backup(PhysicalBackupOptions options,
                                                      std::string shown_path,
                                                      Log& log,
                                                      const Clock& clock,
                                                      const StopToken& stop) {
  return std::make_unique<PhysicalDirectory>(
      std::move(options), std::move(shown_path), log, clock, stop);
}

std::size_t relation_piece_size(std::uint64_t folder_bytes) {
  constexpr std::size_t kSmallest = std::size_t{64} << 10U;
  constexpr std::size_t kLargest = std::size_t{8} << 20U;  // kMaxChunkSize
  constexpr std::uint64_t kIdSize = 67;                    // 64 digits, quotes and a comma
  // Of 32 MB: the rest is for metadata, and for what the folder grows until the next doubling.
  constexpr std::uint64_t kMostIds = std::uint64_t{28} * 1000 * 1000 / kIdSize;
  std::size_t size = kSmallest;
  while (size < kLargest && folder_bytes / size > kMostIds) size *= 2;
  return size;
}

}  // namespace hikae
