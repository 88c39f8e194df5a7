// What a record must keep beyond its fields' types, as in core/messages.py.
#pragma once

#include "m2t3/messages.hpp"

namespace m2t3 {

inline void require_rows(const std::string& of, const char* where, std::size_t numbers,
                         std::size_t width, std::size_t rows) {
  if (numbers != width * rows) {
    throw WireError(of + "_count", std::string(where) + " has " + std::to_string(numbers) +
                                       " numbers where " + std::to_string(rows) + " " + of +
                                       "s need " + std::to_string(width * rows));
  }
}

inline void require_length(const char* where, std::size_t numbers, std::size_t expected) {
  if (numbers != expected) {
    throw WireError("schema", std::string(where) + " has " + std::to_string(numbers) +
                                  " numbers, not " + std::to_string(expected));
  }
}

inline void check(const Pose& pose) {
  const std::size_t joints = pose.confidence.size();
  require_rows("joint", "Pose.positions_world_m", pose.positions_world_m.size(), 3, joints);
  require_rows("joint", "Pose.valid", pose.valid.size(), 1, joints);
  require_length("Pose.contact", pose.contact.size(), 2);
  if (pose.body) {
    require_rows("joint", "Body.joint_offsets_m", pose.body->joint_offsets_m.size(), 3, joints);
  }
}

inline void check(const Body& body) {
  require_length("Body.root_world_m", body.root_world_m.size(), 3);
  const std::size_t bones = body.rotations_xyzw.size() / 4;
  require_rows("bone", "Body.rotations_xyzw", body.rotations_xyzw.size(), 4, bones);
  require_rows("bone", "Body.offsets_m", body.offsets_m.size(), 3, bones);
}

inline void check(const Humanoid& humanoid) {
  const std::size_t bones = humanoid.bone_names.size();
  require_rows("bone", "Humanoid.parents", humanoid.parents.size(), 1, bones);
  require_rows("bone", "Humanoid.rest_directions", humanoid.rest_directions.size(), 1, bones);
  bool ordered = bones > 0 && humanoid.parents[0] == -1;
  for (std::size_t bone = 1; bone < bones; ++bone) {
    const std::int64_t parent = humanoid.parents[bone];
    ordered = ordered && parent >= 0 && parent < static_cast<std::int64_t>(bone);
  }
  if (!ordered) throw WireError("schema", "Humanoid.parents do not come before their children");
  for (const std::uint64_t bone : humanoid.joint_bones) {
    if (bone >= bones) {
      throw WireError("bone_count", "Humanoid.joint_bones: bone " + std::to_string(bone) + " of " +
                                        std::to_string(bones));
    }
  }
}

}  // namespace m2t3
