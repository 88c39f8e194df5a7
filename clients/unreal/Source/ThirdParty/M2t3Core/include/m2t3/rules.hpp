// What the schema says of single values beyond their type, and the error for those that do not keep
// it. (check.hpp has what it says of records.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace m2t3 {

/// A message that is refused. Kinds are those of the protocol: "parts", "topic", "oversize",
/// "malformed" (no MessagePack), "version", "schema", "joint_count", "bone_count".
class WireError : public std::runtime_error {
 public:
  WireError(std::string kind, const std::string& message)
      : std::runtime_error(message), kind_(std::move(kind)) {}

  const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
};

inline constexpr bool required = true;
inline constexpr bool optional = false;

struct Anything {};
struct Between {
  std::int64_t low, high;  // both valid
};
struct Characters {
  std::size_t shortest, longest;
};
struct Word {
  std::size_t longest;  // letters, digits, _ and -, at least one
};
template <class Rule>
struct Each {
  std::size_t shortest, longest;  // number of items
  Rule rule;                      // for every one of them
};
template <class Rule>
constexpr Each<Rule> each(std::size_t shortest, std::size_t longest, Rule rule) {
  return {shortest, longest, rule};
}

/// float32s by their bits: which NaN it is does matter.
inline std::vector<float> floats_of_bits(std::initializer_list<std::uint32_t> bits) {
  static_assert(sizeof(float) == 4 && std::numeric_limits<float>::is_iec559);
  std::vector<float> values(bits.size());
  std::memcpy(values.data(), bits.begin(), 4 * bits.size());
  return values;
}

}  // namespace m2t3
