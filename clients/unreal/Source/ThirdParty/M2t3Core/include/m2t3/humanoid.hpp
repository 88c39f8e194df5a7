// A person's bones in Unreal's axes.
#pragma once

#include "m2t3/axes.hpp"
#include "m2t3/messages.hpp"

namespace m2t3 {
namespace unreal {

/// One bone against its parent; the first one, the hips, against the world. Left-handed, z up,
/// centimetres. In the T-pose, in which the person faces +x, every rotation is the identity.
struct BonePose {
  Vec3 position_cm;
  Quat rotation;
};

/// The bones of a body in the order of `humanoid.bone_names`, which are Unity's HumanBodyBones;
/// parents come before their children. The body must fit the humanoid: PoseSubscriber sees to it.
inline std::vector<BonePose> bones(const Humanoid& humanoid, const Body& body) {
  std::vector<BonePose> poses(humanoid.bone_names.size());
  for (std::size_t bone = 0; bone < poses.size(); ++bone) {
    const float* at = bone == 0 ? body.root_world_m.data() : &body.offsets_m[3 * bone];
    const float* turn = &body.rotations_xyzw[4 * bone];
    poses[bone].position_cm = position_cm({at[0], at[1], at[2]});
    poses[bone].rotation = rotation({turn[0], turn[1], turn[2], turn[3]});
  }
  return poses;
}

}  // namespace unreal
}  // namespace m2t3
