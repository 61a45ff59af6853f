// SPDX-License-Identifier: Apache-2.0
#include "crypto/crc32c.h"

#include <array>
#include <cstring>

namespace hikae {
namespace {

// Bits are reflected: the highest one stands for x^0.
constexpr std::uint32_t kPolynomial = 0x82F63B78;
constexpr std::uint32_t kOne = std::uint32_t{1} << 31U;

using Step = std::uint32_t (*)(std::uint32_t state, const std::uint8_t* data, std::size_t size);

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1U) != 0 ? value >> 1U ^ kPolynomial : value >> 1U;
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t step_by_table(std::uint32_t state, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) state = state >> 8U ^ kTable[(state ^ data[i]) & 0xFFU];
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t step_by_processor(std::uint32_t state,
                                                                  const std::uint8_t* data,
                                                                  std::size_t size) {
  std::uint64_t wide = state;
  for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
    data += sizeof word;
  }
  return step_by_table(static_cast<std::uint32_t>(wide), data, size);
}

Step choose_step() {
  return __builtin_cpu_supports("sse4.2") != 0 ? &step_by_processor : &step_by_table;
}
#else
Step choose_step() {
  return &step_by_table;
}
#endif

std::uint32_t step(std::uint32_t state, ByteView bytes) {
  static const Step kStep = choose_step();
  return kStep(state, bytes.data(), bytes.size());
}

// The product of two polynomials, modulo the polynomial of the checksum.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1U) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1U) != 0 ? b >> 1U ^ kPolynomial : b >> 1U;
  }
  return product;
}

// x^8, x^16, x^32, …: what 1, 2, 4, … bytes of zeros multiply a remainder by.
constexpr std::array<std::uint32_t, 64> make_powers() {
  std::array<std::uint32_t, 64> powers{};
  std::uint32_t power = kOne >> 8U;
  for (std::uint32_t& entry : powers) {
    entry = power;
    power = multiply(power, power);
  }
  return powers;
}
constexpr std::array<std::uint32_t, 64> kPowers = make_powers();

}  // namespace

void Crc32c::update(ByteView bytes) {
  state_ = step(state_, bytes);
}

std::uint32_t crc32c_remainder(ByteView piece) {
  return step(0, piece);
}

std::uint32_t crc32c_share(std::uint32_t remainder, std::uint64_t bytes_behind) {
  for (std::size_t i = 0; bytes_behind != 0; ++i, bytes_behind >>= 1U) {
    if ((bytes_behind & 1U) != 0) remainder = multiply(kPowers[i], remainder);
  }
  return remainder;
}

// A checksum starts with all bits set, as if a piece of its own stood before the first byte.
std::uint32_t crc32c_of_shares(std::uint32_t shares, std::uint64_t size) {
  return ~(shares ^ crc32c_share(~std::uint32_t{0}, size));
}

}  // namespace hikae
