// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <type_traits>

#include "policy/table.h"
#include "policy/values.h"

// Ties keys of the table to members of the model, so that a line of the table is all that a key
// needs.
namespace hikae::policy {

template <typename V>
struct IsOptional : std::false_type {};
template <typename V>
struct IsOptional<std::optional<V>> : std::true_type {};

// From checked text to the member's type and back. `words` are those of the key, in the order of
// the enum.
template <typename V>
V from_value(const std::string& value, Kind kind, const std::vector<std::string_view>& words) {
  if constexpr (IsOptional<V>::value) {
    return from_value<typename V::value_type>(value, kind, words);
  } else if constexpr (std::is_enum_v<V>) {
    return static_cast<V>(index_of(words, value));
  } else {
    V result{};
    decode_value(value, kind, result);
    return result;
  }
}

template <typename V>
std::optional<std::string> to_value(const V& member,
                                    Kind kind,
                                    const std::vector<std::string_view>& words) {
  if constexpr (IsOptional<V>::value) {
    if (!member) return std::nullopt;
    return to_value(*member, kind, words);
  } else if constexpr (std::is_enum_v<V>) {
    return std::string(words.at(static_cast<std::size_t>(member)));
  } else {
    return encode_value(member, kind);
  }
}

// Collects the keys of the section that describes T.
template <typename T>
class SectionBuilder {
 public:
  // Sets what few keys have, after the key was added.
  class Tuner {
   public:
    explicit Tuner(Field& field) : field_(field) {}
    Tuner& required() {
      field_.presence = Presence::required;
      field_.initial.reset();
      return *this;
    }
    Tuner& range(std::int64_t minimum, std::int64_t maximum) {
      field_.minimum = minimum;
      field_.maximum = maximum;
      return *this;
    }

   private:
    Field& field_;
  };

  explicit SectionBuilder(std::string_view name) { section_.name = name; }

  template <typename V>
  Tuner one(std::string_view key,
            V T::*member,
            Kind kind,
            std::string_view example,
            std::vector<std::string_view> words = {}) {
    Field field = make(key, Shape::one, kind, example, std::move(words));
    field.store = [member, kind, words = field.words](void* object, const Values& values) {
      static_cast<T*>(object)->*member = from_value<V>(values.front(), kind, words);
    };
    field.load = [member, kind, words = field.words](const void* object) -> std::optional<Values> {
      auto value = to_value(static_cast<const T*>(object)->*member, kind, words);
      if (!value) return std::nullopt;
      return Values{std::move(*value)};
    };
    return push(std::move(field));
  }

  template <typename V>
  Tuner list(std::string_view key,
             std::vector<V> T::*member,
             Kind kind,
             std::string_view example,
             std::vector<std::string_view> words = {},
             Shape shape = Shape::list) {
    Field field = make(key, shape, kind, example, std::move(words));
    field.store = [member, kind, words = field.words](void* object, const Values& values) {
      auto& list = static_cast<T*>(object)->*member;
      list.clear();
      for (const auto& value : values) list.push_back(from_value<V>(value, kind, words));
    };
    field.load = [member, kind, words = field.words](const void* object) -> std::optional<Values> {
      Values values;
      for (const auto& element : static_cast<const T*>(object)->*member) {
        values.push_back(to_value(element, kind, words).value_or(""));
      }
      if (values.empty()) return std::nullopt;
      return values;
    };
    return push(std::move(field));
  }

  // A key with a conversion of its own.
  Tuner custom(std::string_view key,
               Kind kind,
               std::string_view example,
               std::function<void(T&, const std::string&)> store,
               std::function<std::optional<std::string>(const T&)> load) {
    Field field = make(key, Shape::one, kind, example, {});
    field.store = [store = std::move(store)](void* object, const Values& values) {
      store(*static_cast<T*>(object), values.front());
    };
    field.load = [load = std::move(load)](const void* object) -> std::optional<Values> {
      auto value = load(*static_cast<const T*>(object));
      if (!value) return std::nullopt;
      return Values{std::move(*value)};
    };
    return push(std::move(field));
  }

  template <typename V>
  Tuner section(std::string_view key,
                V T::*member,
                const Section& (*described_by)(),
                std::string_view example) {
    Field field = make(key, Shape::section, Kind::line, example, {});
    field.section = described_by;
    field.enter = [member](void* object) -> void* {
      auto& part = static_cast<T*>(object)->*member;
      if constexpr (IsOptional<V>::value) {
        return std::addressof(part.emplace());
      } else {
        return std::addressof(part);
      }
    };
    field.look = [member](const void* object) -> const void* {
      const auto& part = static_cast<const T*>(object)->*member;
      if constexpr (IsOptional<V>::value) {
        return part ? std::addressof(*part) : nullptr;
      } else {
        return std::addressof(part);
      }
    };
    return push(std::move(field));
  }

  template <typename V>
  Tuner named_sections(std::string_view key,
                       std::vector<V> T::*member,
                       const Section& (*described_by)(),
                       std::string_view example) {
    Field field = make(key, Shape::named_sections, Kind::line, example, {});
    field.section = described_by;
    field.add = [member](void* object, const std::string& name) -> void* {
      auto& list = static_cast<T*>(object)->*member;
      list.emplace_back();
      list.back().name = name;
      return &list.back();
    };
    field.all = [member](const void* object) {
      std::vector<std::pair<std::string, const void*>> result;
      for (const V& element : static_cast<const T*>(object)->*member) {
        result.emplace_back(element.name, &element);
      }
      return result;
    };
    return push(std::move(field));
  }

  void exactly_one_of(std::vector<std::string_view> keys) { section_.one_of = std::move(keys); }
  void refuses_plain_values() { section_.is_secret = true; }

  Section done() && { return std::move(section_); }

 private:
  static Field make(std::string_view key,
                    Shape shape,
                    Kind kind,
                    std::string_view example,
                    std::vector<std::string_view> words) {
    Field field;
    field.key = key;
    field.shape = shape;
    field.kind = kind;
    field.example = example;
    field.words = std::move(words);
    return field;
  }

  // The default is what a fresh T holds, so it is written in the model only.
  Tuner push(Field field) {
    if (field.load) {
      const T fresh{};
      field.initial = field.load(&fresh);
    }
    section_.fields.push_back(std::move(field));
    return Tuner(section_.fields.back());
  }

  Section section_;
};

}  // namespace hikae::policy
