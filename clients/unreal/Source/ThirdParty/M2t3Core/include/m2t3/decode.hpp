// MessagePack to the records of messages.hpp, within the schema's bounds.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <msgpack.hpp>
#include <string_view>
#include <type_traits>

#include "m2t3/check.hpp"

namespace m2t3 {

/// Reads one value of the schema out of an unpacked object, or throws WireError.
class Decoder {
 public:
  using Object = msgpack::object;

  template <class Record>
  static Record record(const Object& object) {
    Record value;
    read(object, value, Anything{}, Record::type_name);
    return value;
  }

  /// The value under `key`, the last if there are several; null if there is none.
  static const Object* find(const Object& map, std::string_view key, const std::string& where) {
    if (map.type != msgpack::type::MAP) unexpected(where, "map");
    const Object* found = nullptr;
    for (std::uint32_t i = 0; i < map.via.map.size; ++i) {
      const auto& item = map.via.map.ptr[i];
      if (item.key.type != msgpack::type::STR) unexpected(where, "str as key");
      if (std::string_view(item.key.via.str.ptr, item.key.via.str.size) == key) found = &item.val;
    }
    return found;
  }

  template <class Rule>
  static void read(const Object& object, std::int64_t& value, Rule rule, const std::string& where) {
    if (object.type == msgpack::type::NEGATIVE_INTEGER) {
      value = object.via.i64;
    } else if (object.type == msgpack::type::POSITIVE_INTEGER) {
      if (object.via.u64 > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        schema(where, std::to_string(object.via.u64) + " is beyond 2^63 - 1");
      }
      value = static_cast<std::int64_t>(object.via.u64);
    } else {
      unexpected(where, "int");
    }
    if constexpr (std::is_same_v<Rule, Between>) {
      if (value < rule.low || value > rule.high) {
        schema(where, std::to_string(value) + " is outside of " + std::to_string(rule.low) +
                          " to " + std::to_string(rule.high));
      }
    } else {
      static_assert(std::is_same_v<Rule, Anything>);
    }
  }

  static void read(const Object& object, std::int32_t& value, Between rule,
                   const std::string& where) {
    std::int64_t wide = 0;
    read(object, wide, rule, where);
    value = static_cast<std::int32_t>(wide);
  }

  static void read(const Object& object, std::uint64_t& value, Anything, const std::string& where) {
    if (object.type == msgpack::type::NEGATIVE_INTEGER) {
      schema(where, std::to_string(object.via.i64) + " is below 0");
    }
    if (object.type != msgpack::type::POSITIVE_INTEGER) unexpected(where, "int");
    value = object.via.u64;
  }

  static void read(const Object& object, double& value, Anything, const std::string& where) {
    switch (object.type) {
      case msgpack::type::FLOAT32:
      case msgpack::type::FLOAT64:
        value = object.via.f64;
        return;
      case msgpack::type::POSITIVE_INTEGER:
        value = static_cast<double>(object.via.u64);
        return;
      case msgpack::type::NEGATIVE_INTEGER:
        value = static_cast<double>(object.via.i64);
        return;
      default:
        unexpected(where, "number");
    }
  }

  template <class Rule>
  static void read(const Object& object, std::string& value, Rule rule, const std::string& where) {
    const std::string_view text = str(object, where);
    const std::size_t length = characters(text, where);
    if constexpr (std::is_same_v<Rule, Characters>) {
      require_length(where, "characters", length, rule.shortest, rule.longest);
    } else if constexpr (std::is_same_v<Rule, Word>) {
      require_length(where, "characters", length, 1, rule.longest);
      const auto valid = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '-';
      };
      if (!std::all_of(text.begin(), text.end(), valid)) {
        schema(where, "valid are letters, digits, _ and -");
      }
    } else {
      static_assert(std::is_same_v<Rule, Anything>);
    }
    value.assign(text);
  }

  template <class Enum, std::enable_if_t<std::is_enum_v<Enum>, int> = 0>
  static void read(const Object& object, Enum& value, Anything, const std::string& where) {
    const std::string_view word = str(object, where);
    const auto words = words_of(Enum{});
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) schema(where, "no such word");
    value = static_cast<Enum>(found - words.begin());
  }

  /// Little-endian float32s.
  static void read(const Object& object, std::vector<float>& value, Anything,
                   const std::string& where) {
    static_assert(sizeof(float) == 4 && std::numeric_limits<float>::is_iec559);
    const std::string_view bytes = bin(object, where);
    if (bytes.size() % 4 != 0) {
      schema(where, std::to_string(bytes.size()) + " bytes are no whole float32s");
    }
    value.resize(bytes.size() / 4);
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::uint32_t bits = 0;
      for (std::size_t b = 4; b-- > 0;) {
        bits = bits << 8 | static_cast<unsigned char>(bytes[4 * i + b]);
      }
      std::memcpy(&value[i], &bits, 4);
    }
  }

  /// One byte each; all but 0 become 1.
  static void read(const Object& object, std::vector<std::uint8_t>& value, Anything,
                   const std::string& where) {
    const std::string_view bytes = bin(object, where);
    value.resize(bytes.size());
    std::transform(bytes.begin(), bytes.end(), value.begin(),
                   [](char byte) { return static_cast<std::uint8_t>(byte != 0); });
  }

  template <class T, class Rule>
  static void read(const Object& object, std::vector<T>& value, Each<Rule> rule,
                   const std::string& where) {
    value.resize(count(object, rule, where));
    for (std::size_t i = 0; i < value.size(); ++i) {
      read(object.via.array.ptr[i], value[i], rule.rule, where);
    }
  }

  template <class T, std::size_t N, class Rule>
  static void read(const Object& object, std::array<T, N>& value, Each<Rule> rule,
                   const std::string& where) {
    count(object, rule, where);
    for (std::size_t i = 0; i < N; ++i) {
      read(object.via.array.ptr[i], value[i], rule.rule, where);
    }
  }

  template <class T, class Rule>
  static void read(const Object& object, std::map<std::string, T>& value, Each<Rule> rule,
                   const std::string& where) {
    if (object.type != msgpack::type::MAP) unexpected(where, "map");
    for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
      std::string key;
      read(object.via.map.ptr[i].key, key, Anything{}, where);
      T each{};
      read(object.via.map.ptr[i].val, each, rule.rule, where);
      value[key] = std::move(each);
    }
  }

  template <class T, class Rule>
  static void read(const Object& object, std::optional<T>& value, Rule rule,
                   const std::string& where) {
    value.reset();
    if (object.type != msgpack::type::NIL) read(object, value.emplace(), rule, where);
  }

  template <class Record, class = decltype(Record::type_name)>
  static void read(const Object& object, Record& value, Anything, const std::string& where) {
    if (object.type != msgpack::type::MAP) unexpected(where, "map");
    Record::each_field(value, [&](const char* key, auto& field, auto rule, bool needed) {
      const std::string path = std::string(Record::type_name) + "." + key;
      if (const Object* found = find(object, key, Record::type_name)) {
        read(*found, field, rule, path);
      } else if (needed) {
        schema(Record::type_name, std::string("lacks the key ") + key);
      }
    });
    if constexpr (Record::has_rules) check(value);
  }

 private:
  [[noreturn]] static void schema(const std::string& where, const std::string& problem) {
    throw WireError("schema", where + ": " + problem);
  }

  [[noreturn]] static void unexpected(const std::string& where, const char* expected) {
    schema(where, std::string("expected ") + expected);
  }

  static std::string_view str(const Object& object, const std::string& where) {
    if (object.type != msgpack::type::STR) unexpected(where, "str");
    return {object.via.str.ptr, object.via.str.size};
  }

  static std::string_view bin(const Object& object, const std::string& where) {
    if (object.type != msgpack::type::BIN) unexpected(where, "bin");
    return {object.via.bin.ptr, object.via.bin.size};
  }

  template <class Rule>
  static std::size_t count(const Object& object, Each<Rule> rule, const std::string& where) {
    if (object.type != msgpack::type::ARRAY) unexpected(where, "array");
    require_length(where, "items", object.via.array.size, rule.shortest, rule.longest);
    return object.via.array.size;
  }

  static void require_length(const std::string& where, const char* what, std::size_t length,
                             std::size_t shortest, std::size_t longest) {
    if (length < shortest || length > longest) {
      schema(where, std::to_string(length) + " " + what + " where " + std::to_string(shortest) +
                        " to " + std::to_string(longest) + " are valid");
    }
  }

  /// Number of characters of UTF-8 (Unicode 15, table 3-7), which msgpack-cxx does not look at.
  static std::size_t characters(std::string_view text, const std::string& where) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++characters) {
      const auto lead = static_cast<unsigned char>(text[i]);
      const std::size_t length = lead < 0x80                    ? 1
                                 : lead >= 0xc2 && lead <= 0xdf ? 2
                                 : lead >= 0xe0 && lead <= 0xef ? 3
                                 : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                                : 0;
      bool valid = length != 0 && i + length <= text.size();
      for (std::size_t k = 1; valid && k < length; ++k) {
        const auto byte = static_cast<unsigned char>(text[i + k]);
        // The second byte keeps out overlong forms, surrogates and what is beyond U+10FFFF.
        const unsigned low = k > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = k > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        valid = byte >= low && byte <= high;
      }
      if (!valid) throw WireError("malformed", where + ": no UTF-8");
      i += length;
    }
    return characters;
  }
};

}  // namespace m2t3
