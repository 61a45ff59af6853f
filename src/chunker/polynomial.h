// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace hikae {

// A polynomial over GF(2): bit i is the coefficient of x^i.
using Polynomial = std::uint64_t;

// -1 for the zero polynomial.
int degree(Polynomial p);
// a modulo m. REQUIRES: m != 0.
Polynomial remainder(Polynomial a, Polynomial m);
// False for the constants.
bool is_irreducible(Polynomial p);
// An irreducible polynomial of degree 53 with odd constant term, from uniformly random 64-bit
// words. Throws Error{io} if the words are so far from random that none is found.
Polynomial random_polynomial(const std::function<std::uint64_t()>& random_word);

}  // namespace hikae
