// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

namespace hikae::restore {

// Keeps the `capacity` entries that were used last. An entry that somebody still holds is never
// dropped, so that there is at most one object per key. Not thread-safe.
template <typename Value>
class LruCache {
 public:
  explicit LruCache(std::size_t capacity) : capacity_(capacity) {}

  // Null when it is not there.
  std::shared_ptr<Value> find(std::uint32_t key) {
    const auto entry = places_.find(key);
    if (entry == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, entry->second);
    return entry->second->second;
  }

  // The value that is kept: the given one, or what another thread put there meanwhile.
  std::shared_ptr<Value> insert(std::uint32_t key, std::shared_ptr<Value> value) {
    if (auto known = find(key)) return known;
    order_.emplace_front(key, value);
    places_[key] = order_.begin();
    shrink();
    return value;
  }

  void erase(std::uint32_t key) {
    const auto entry = places_.find(key);
    if (entry == places_.end()) return;
    order_.erase(entry->second);
    places_.erase(entry);
  }

 private:
  void shrink() {
    auto place = order_.end();
    while (places_.size() > capacity_ && place != order_.begin()) {
      --place;
      if (place->second.use_count() > 1) continue;
      places_.erase(place->first);
      place = order_.erase(place);
    }
  }

  using Order = std::list<std::pair<std::uint32_t, std::shared_ptr<Value>>>;
  std::size_t capacity_;
  Order order_;
  std::unordered_map<std::uint32_t, typename Order::iterator> places_;
};

}  // namespace hikae::restore
