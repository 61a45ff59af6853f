// SPDX-License-Identifier: Apache-2.0
#include "chunker/polynomial.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/chunker_data.h"

namespace hikae {
namespace {

Polynomial product(Polynomial a, Polynomial b) {
  Polynomial result = 0;
  for (int i = 0; i < 64; ++i) {
    if ((b >> i & 1) != 0) result ^= a << i;
  }
  return result;
}

TEST(Polynomial, Degree) {
  EXPECT_EQ(degree(0), -1);
  EXPECT_EQ(degree(1), 0);
  EXPECT_EQ(degree(3), 1);
  EXPECT_EQ(degree(testing::kKnownPolynomial), 53);
  EXPECT_EQ(degree(~Polynomial{0}), 63);
}

TEST(Polynomial, RemainderUndoesMultiplication) {
  std::mt19937_64 engine(1);
  for (int i = 0; i < 1000; ++i) {
    const Polynomial a = engine() >> 34;
    const Polynomial m = (engine() >> 34) | 1;
    const Polynomial rest = remainder(engine(), m);
    EXPECT_LT(degree(rest), degree(m));
    EXPECT_EQ(remainder(product(a, m) ^ rest, m), rest);
  }
}

// Every polynomial of degree <= 10, against trial division.
TEST(Polynomial, IrreducibleAgreesWithTrialDivision) {
  for (Polynomial p = 0; p < 2048; ++p) {
    bool expected = degree(p) >= 1;
    for (Polynomial divisor = 2; expected && degree(divisor) <= degree(p) / 2; ++divisor) {
      if (remainder(p, divisor) == 0) expected = false;
    }
    EXPECT_EQ(is_irreducible(p), expected) << p;
  }
}

TEST(Polynomial, KnownOfDegree53AndMore) {
  EXPECT_TRUE(is_irreducible(testing::kKnownPolynomial));
  EXPECT_FALSE(is_irreducible(testing::kKnownPolynomial ^ 1));
  EXPECT_TRUE(is_irreducible((Polynomial{1} << 63) | 3));  // x^63 + x + 1, a primitive trinomial
  EXPECT_FALSE(is_irreducible((Polynomial{1} << 63) | 1));
}

TEST(Polynomial, ProductsAreReducible) {
  std::mt19937_64 engine(2);
  for (int i = 0; i < 200; ++i) {
    const Polynomial a = (engine() >> 38) | 3;
    const Polynomial b = (engine() >> 38) | 3;
    EXPECT_FALSE(is_irreducible(product(a, b))) << a << ' ' << b;
  }
}

TEST(RandomPolynomial, IsIrreducibleOddAndOfDegree53) {
  std::mt19937_64 engine(3);
  std::vector<Polynomial> seen;
  for (int i = 0; i < 50; ++i) {
    const Polynomial p = random_polynomial([&] { return engine(); });
    EXPECT_EQ(degree(p), 53);
    EXPECT_EQ(p & 1, 1U);
    EXPECT_TRUE(is_irreducible(p));
    for (const Polynomial other : seen) EXPECT_NE(p, other);
    seen.push_back(p);
  }
}

// x^53 + 1 again and again: x + 1 divides it.
TEST(RandomPolynomial, GivesUpWhenTheWordsAreNotRandom) {
  EXPECT_THROW(random_polynomial([] { return std::uint64_t{0}; }), Error);
}

}  // namespace
}  // namespace hikae
