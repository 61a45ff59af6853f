// SPDX-License-Identifier: Apache-2.0
// Cutting 256 MiB of random data that lie in memory; bytes per second include those that the
// minimum size lets a chunker skip.
#include <random>

#include <benchmark/benchmark.h>

#include "chunker/chunker.h"
#include "chunker/rolling_hash.h"

namespace hikae {
namespace {

constexpr std::size_t kSize = std::size_t{256} << 20;
constexpr Polynomial kPolynomial = 0x3DA3358B4DC173;

const Bytes& data() {
  static const Bytes kData = [] {
    std::mt19937_64 engine(1);
    Bytes bytes(kSize);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine() >> 24);
    return bytes;
  }();
  return kData;
}

template <typename Cut>
void cut_all(benchmark::State& state, const Cut& cut) {
  data();  // made before the clock starts
  for (auto _ : state) {
    for (ByteView rest = data(); !rest.empty();) rest = rest.subspan(cut(rest));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
}

void next_cut(benchmark::State& state) {
  const ChunkerTables tables(kPolynomial);
  cut_all(state, [&](ByteView rest) { return tables.next_cut(rest); });
}
BENCHMARK(next_cut);

void next_cut_reference(benchmark::State& state) {
  const ChunkerTables tables(kPolynomial);
  cut_all(state, [&](ByteView rest) { return tables.next_cut_reference(rest); });
}
BENCHMARK(next_cut_reference);

// The two ways to search, over all bytes of a buffer that fits the cache and has no cut.
template <typename Search>
void search_cached(benchmark::State& state, const Search& search) {
  const Bytes bytes(1 << 20, 0xff);
  for (auto _ : state) benchmark::DoNotOptimize(search(bytes.data(), bytes.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void search_lanes(benchmark::State& state) {
  const chunking::Tables tables(kPolynomial);
  search_cached(state, [&](const std::uint8_t* bytes, std::size_t size) {
    return chunking::search_lanes(tables, bytes, kChunkWindow, size);
  });
}
BENCHMARK(search_lanes);

void search_gfni(benchmark::State& state) {
  const chunking::Tables tables(kPolynomial);
  const auto gfni = chunking::GfniSearch::create(tables);
  if (!gfni) return state.SkipWithError("this processor has no GFNI");
  search_cached(state, [&](const std::uint8_t* bytes, std::size_t size) {
    return gfni->search(bytes, kChunkWindow, size);
  });
}
BENCHMARK(search_gfni);

}  // namespace
}  // namespace hikae
