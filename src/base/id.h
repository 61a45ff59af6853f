// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hikae {

// Fills `out` from exactly 64 lower-case hex digits; false (and `out` unspecified) otherwise.
bool parse_hex_id(std::string_view hex, std::array<std::uint8_t, 32>& out);

// A SHA-256 that names one kind of thing. Ids of different kinds do not convert into each other.
template <typename Tag>
struct StrongId {
  std::array<std::uint8_t, 32> bytes{};

  // Exactly 64 lower-case hex digits; nullopt otherwise.
  static std::optional<StrongId> parse(std::string_view hex) {
    StrongId id;
    if (!parse_hex_id(hex, id.bytes)) return std::nullopt;
    return id;
  }
  std::string hex() const { return to_hex(bytes); }
  // The first 8 digits, as restic shows ids to people.
  std::string short_hex() const { return hex().substr(0, 8); }
  bool is_null() const { return *this == StrongId{}; }
  auto operator<=>(const StrongId&) const = default;
};

// What a pack file or blob, an index file, … is named by: the SHA-256 of its bytes.
using BlobId =
    StrongId<struct BlobTag>;  // SHA-256 of the uncompressed plaintext; a tree's id is one too
using PackId = StrongId<struct PackTag>;
using IndexId = StrongId<struct IndexTag>;
using SnapshotId = StrongId<struct SnapshotTag>;
using KeyId = StrongId<struct KeyTag>;
using LockId = StrongId<struct LockTag>;
using Digest = StrongId<struct DigestTag>;  // a SHA-256 before it is known what it names

template <typename To, typename From>
To id_cast(const From& id) {
  return To{id.bytes};
}

}  // namespace hikae

template <typename Tag>
struct std::hash<hikae::StrongId<Tag>> {
  std::size_t operator()(const hikae::StrongId<Tag>& id) const noexcept {
    // An id is uniformly distributed already.
    std::size_t value;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
