// m2t3's world to the axes of engines.
#pragma once

#include <array>

namespace m2t3 {

using Vec3 = std::array<double, 3>;
using Quat = std::array<double, 4>;  // x y z w

/// m2t3's world is right-handed: x forward, y left, z up, metres. Unreal's is left-handed: x
/// forward, y right, z up, centimetres. The mirror changes the sign of a rotation's angle.
namespace unreal {

inline Vec3 position_cm(const Vec3& world_m) {
  return {100 * world_m[0], -100 * world_m[1], 100 * world_m[2]};
}

inline Quat rotation(const Quat& world_xyzw) {
  return {-world_xyzw[0], world_xyzw[1], -world_xyzw[2], world_xyzw[3]};
}

}  // namespace unreal
}  // namespace m2t3
