// SPDX-License-Identifier: Apache-2.0
#include "chunker/polynomial.h"

#include <bit>
#include <string>
#include <utility>

#include "base/error.h"

namespace hikae {

namespace {

constexpr Polynomial kX = 2;

Polynomial gcd(Polynomial a, Polynomial b) {
  while (b != 0) {
    a = remainder(a, b);
    std::swap(a, b);
  }
  return a;
}

// a² modulo m, for degree(a) < degree(m).
Polynomial square(Polynomial a, Polynomial m) {
  const Polynomial top = Polynomial{1} << degree(m);
  Polynomial result = 0;
  for (int i = degree(a); i >= 0; --i) {
    result <<= 1;
    if ((result & top) != 0) result ^= m;
    if ((a >> i & 1) != 0) result ^= a;
  }
  return result;
}

}  // namespace

int degree(Polynomial p) {
  return static_cast<int>(std::bit_width(p)) - 1;
}

Polynomial remainder(Polynomial a, Polynomial m) {
  const int m_degree = degree(m);
  while (degree(a) >= m_degree) a ^= m << (degree(a) - m_degree);
  return a;
}

// Ben-Or's test: a reducible p of degree n has a factor of some degree i <= n/2, and x^(2^i) - x is
// the product of all irreducible polynomials whose degree divides i.
bool is_irreducible(Polynomial p) {
  if (degree(p) < 1) return false;
  Polynomial power = kX;  // x^(2^i) modulo p
  for (int i = 1; i <= degree(p) / 2; ++i) {
    power = square(power, p);
    if (gcd(p, power ^ kX) != 1) return false;
  }
  return true;
}

Polynomial random_polynomial(const std::function<std::uint64_t()>& random_word) {
  // One in about 27 of them is irreducible, so this many fail only if the words are not random.
  constexpr int kTries = 10'000;
  constexpr Polynomial kTop = Polynomial{1} << 53;
  for (int i = 0; i < kTries; ++i) {
    const Polynomial candidate = (random_word() & (kTop - 1)) | kTop | 1;
    if (is_irreducible(candidate)) return candidate;
  }
  throw Error(ErrorCode::io, text("chunker.no_polynomial", {{"tries", std::to_string(kTries)}}));
}

}  // namespace hikae
