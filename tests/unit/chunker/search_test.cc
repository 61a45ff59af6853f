// SPDX-License-Identifier: Apache-2.0
// Each way to search, against testing every length by itself.
#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chunker/rolling_hash.h"
#include "support/chunker_data.h"

namespace hikae::chunking {
namespace {

using testing::kKnownPolynomial;
using testing::plant_cut;
using testing::pseudo_random_bytes;

using Search = std::function<Found(const std::uint8_t*, std::size_t, std::size_t)>;

Found search_plainly(const Tables& tables, const Bytes& data, std::size_t from, std::size_t to) {
  for (std::size_t length = from + 1; length <= to; ++length) {
    if (tables.cuts_before(data.data() + length)) return length;
  }
  return std::nullopt;
}

class SearchTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "lanes") {
      search_ = [this](const std::uint8_t* data, std::size_t from, std::size_t to) {
        return search_lanes(tables_, data, from, to);
      };
      return;
    }
    gfni_ = GfniSearch::create(tables_);
    if (!gfni_) GTEST_SKIP() << "this processor has no GFNI";
    search_ = [this](const std::uint8_t* data, std::size_t from, std::size_t to) {
      return gfni_->search(data, from, to);
    };
  }

  const Tables tables_{kKnownPolynomial};
  std::unique_ptr<const GfniSearch> gfni_;
  Search search_;
};

INSTANTIATE_TEST_SUITE_P(All, SearchTest, ::testing::Values("lanes", "gfni"), [](const auto& i) {
  return i.param;
});

TEST_P(SearchTest, FindsNothingWhereNothingIs) {
  const Bytes data = pseudo_random_bytes(1 << 16, 7);
  ASSERT_EQ(search_plainly(tables_, data, 64, data.size()), std::nullopt);
  for (const std::size_t to : {64U, 65U, 100U, 1088U, 2111U, 2112U, 5000U, 1U << 16}) {
    EXPECT_EQ(search_(data.data(), 64, to), std::nullopt) << to;
  }
}

TEST_P(SearchTest, FindsOneCutAnywhere) {
  const Bytes data = pseudo_random_bytes(4500, 7);
  for (std::size_t length = 70; length <= data.size(); ++length) {
    Bytes planted = data;
    plant_cut(tables_, planted, length);
    ASSERT_EQ(search_(planted.data(), 64, data.size()), Found(length));
    ASSERT_EQ(search_(planted.data(), length - 1, data.size()), Found(length));
    ASSERT_EQ(search_(planted.data(), length, data.size()), std::nullopt);
    ASSERT_EQ(search_(planted.data(), 64, length), Found(length));
    ASSERT_EQ(search_(planted.data(), 64, length - 1), std::nullopt);
  }
}

TEST_P(SearchTest, FindsTheFirstOfMany) {
  std::mt19937_64 engine(11);
  for (int round = 0; round < 200; ++round) {
    Bytes data = pseudo_random_bytes(64 + engine() % 300'000, engine());
    for (std::uint64_t cuts = engine() % 20; cuts > 0; --cuts) {
      plant_cut(tables_, data, 64 + engine() % (data.size() - 63));
    }
    const std::size_t from = 64 + engine() % std::min<std::size_t>(data.size() - 63, 1000);
    ASSERT_EQ(search_(data.data(), from, data.size()),
              search_plainly(tables_, data, from, data.size()));
  }
}

TEST_P(SearchTest, FindsCutsInMonotonousData) {
  Bytes data(200'000, 0);
  EXPECT_EQ(search_(data.data(), 64, data.size()), Found(65));
  EXPECT_EQ(search_(data.data(), 150'000, data.size()), Found(150'001));
  std::fill(data.begin(), data.end(), 0xff);
  EXPECT_EQ(search_(data.data(), 64, data.size()), search_plainly(tables_, data, 64, data.size()));
}

// Other polynomials of degree 53, also reducible and sparse ones.
TEST_P(SearchTest, AgreesForOtherPolynomials) {
  std::mt19937_64 engine(5);
  std::vector<Polynomial> polynomials = {Polynomial{1} << 53, (Polynomial{2} << 53) - 1};
  for (int i = 0; i < 20; ++i) {
    polynomials.push_back((engine() >> 11) | (Polynomial{1} << 53));
  }
  for (const Polynomial polynomial : polynomials) {
    const Tables tables(polynomial);
    const auto gfni = GfniSearch::create(tables);
    Bytes data = pseudo_random_bytes(30'000, engine());
    plant_cut(tables, data, 20'000 + engine() % 10'000);
    const Found expected = search_plainly(tables, data, 64, data.size());
    const Found found = GetParam() == "lanes" ? search_lanes(tables, data.data(), 64, data.size())
                                              : gfni->search(data.data(), 64, data.size());
    EXPECT_EQ(found, expected) << std::hex << polynomial;
  }
}

}  // namespace
}  // namespace hikae::chunking
