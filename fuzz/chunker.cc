// SPDX-License-Identifier: Apache-2.0
// Differential: every fast way to find the next cut, against the plain definition. The input says
//   polynomial[8] size[3] kind[1] cuts[1] (place[3])* pattern…
// since a chunk is too long to be the input itself.
#include "chunker/chunker.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "chunker/rolling_hash.h"

namespace {

using hikae::Bytes;
using hikae::ByteView;
using hikae::kMinChunkSize;

class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (; size > 0 && !bytes_.empty(); --size) {
      value = value << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    return value;
  }
  ByteView rest() const { return bytes_; }

 private:
  ByteView bytes_;
};

// The pattern again and again, or pseudo-random bytes that it seeds. The part that no search reads
// stays as it is.
void fill(hikae::MutableByteView data, ByteView pattern, bool random) {
  std::seed_seq seed(pattern.begin(), pattern.end());
  std::minstd_rand engine(seed);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::uint8_t repeated = pattern.empty() ? 0 : pattern[i % pattern.size()];
    data[i] = random ? static_cast<std::uint8_t>(engine() >> 8) : repeated;
  }
}

// The last three bytes of a window go into the low 24 bits of its fingerprint as they are, so that
// they can make it zero there.
void plant_cut(const hikae::chunking::Tables& tables, Bytes& data, std::size_t length) {
  for (std::size_t i = 1; i <= 3; ++i) data[length - i] = 0;
  const std::uint64_t digest = tables.window_digest(data.data() + length);
  for (std::size_t i = 1; i <= 3; ++i) {
    data[length - i] = static_cast<std::uint8_t>(digest >> (8 * (i - 1)));
  }
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::size_t kLeast = kMinChunkSize - 200;
  constexpr std::size_t kSearched = 120'000;
  Input input({bytes, count});
  const hikae::Polynomial top = hikae::Polynomial{1} << 53;
  const hikae::Polynomial polynomial = (input.number(8) & (top - 1)) | top;
  const hikae::chunking::Tables tables(polynomial);
  Bytes data(kLeast + input.number(3) % kSearched);
  const bool random = (input.number(1) & 1) != 0;
  std::vector<std::size_t> places(input.number(1) % 8);
  for (std::size_t& place : places) {
    place = kLeast + input.number(3) % (data.size() - kLeast + 1);
  }
  fill(hikae::MutableByteView(data).subspan(kLeast - hikae::kChunkWindow), input.rest(), random);
  for (const std::size_t place : places) plant_cut(tables, data, place);

  const hikae::ChunkerTables chunker(polynomial);
  const std::size_t expected = chunker.next_cut_reference(data);
  require(chunker.next_cut(data) == expected);
  if (data.size() > kMinChunkSize) {
    const auto found =
        hikae::chunking::search_lanes(tables, data.data(), kMinChunkSize - 1, data.size() - 1);
    require(found.value_or(data.size()) == expected);
  }
  return 0;
}
