// SPDX-License-Identifier: Apache-2.0
// Blobs from the size of a small file to the largest chunk.
#include <benchmark/benchmark.h>

#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/random.h"

namespace hikae {
namespace {

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  fill_random(bytes);
  return bytes;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void seal(benchmark::State& state) {
  const Cipher cipher(MasterKey::random());
  const Bytes plaintext = random_bytes(static_cast<std::size_t>(state.range(0)));
  Bytes out;
  for (auto _ : state) {
    out.clear();
    cipher.seal(plaintext, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state);
}
BENCHMARK(seal)->Arg(300)->Arg(16 << 10)->Arg(1 << 20)->Arg(8 << 20);

void open(benchmark::State& state) {
  const Cipher cipher(MasterKey::random());
  Bytes sealed;
  cipher.seal(random_bytes(static_cast<std::size_t>(state.range(0))), sealed);
  Bytes out;
  for (auto _ : state) {
    cipher.open(sealed, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state);
}
BENCHMARK(open)->Arg(300)->Arg(16 << 10)->Arg(1 << 20)->Arg(8 << 20);

void hash(benchmark::State& state) {
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  count_bytes(state);
}
BENCHMARK(hash)->Arg(300)->Arg(16 << 10)->Arg(1 << 20);

void random_iv(benchmark::State& state) {
  std::array<std::uint8_t, 16> iv{};
  for (auto _ : state) {
    fill_random(iv);
    benchmark::DoNotOptimize(iv);
  }
}
BENCHMARK(random_iv);

}  // namespace
}  // namespace hikae
