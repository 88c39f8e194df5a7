// Written by `python -m m2t3.clients.schema` from core/messages.py and core/topics.py: edit those.
//
// `each_field(record, visit)` calls visit(key on the wire, field, what is valid, is it required).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "m2t3/rules.hpp"

namespace m2t3 {

inline constexpr std::int64_t protocol_version = 1;
inline constexpr const char* default_endpoint = "tcp://127.0.0.1:5571";
inline constexpr std::int64_t max_message_bytes = 1048576;

enum class SkeletonDefinitionUnit { M };
constexpr std::array<const char*, 1> words_of(SkeletonDefinitionUnit) {
  return {"m"};
}

enum class PoseState { Tracked, Left };
constexpr std::array<const char*, 2> words_of(PoseState) {
  return {"tracked", "left"};
}

enum class Clock { Monotonic, Unix, Media };
constexpr std::array<const char*, 3> words_of(Clock) {
  return {"monotonic", "unix", "media"};
}

enum class StatusState { Waiting, Running, Stopping };
constexpr std::array<const char*, 3> words_of(StatusState) {
  return {"waiting", "running", "stopping"};
}

/// The camera, so that a subscriber can draw it and project into its picture.
struct CameraModel {
  static constexpr const char* type_name = "CameraModel";

  std::string name{};
  /// (width, height)
  std::array<std::int32_t, 2> image_size_px{};
  /// 3 x 3 intrinsics, row by row, px
  std::array<double, 9> K{};
  /// "plumb_bob", "rational_polynomial" or "equidistant"
  std::string distortion_model{};
  /// coefficients, OpenCV order
  std::vector<double> distortion{};
  /// camera centre in the world
  std::array<double, 3> translation_m{};
  /// camera axes (x right, y down, z forward) to world axes
  std::array<double, 4> quaternion_xyzw{};

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("name", self.name, Characters{1, 128}, required);
    visit("image_size_px", self.image_size_px, each(2, 2, Between{1, 65536}), required);
    visit("K", self.K, each(9, 9, Anything{}), required);
    visit("distortion_model", self.distortion_model, Characters{1, 128}, required);
    visit("distortion", self.distortion, each(0, 14, Anything{}), required);
    visit("translation_m", self.translation_m, each(3, 3, Anything{}), required);
    visit("quaternion_xyzw", self.quaternion_xyzw, each(4, 4, Anything{}), required);
  }
};

/// The weights that make the poses, and what runs them.
struct ModelInfo {
  static constexpr const char* type_name = "ModelInfo";

  /// name in the manifest
  std::string weights{};
  /// what the weights may be used for
  std::string licence{};
  /// "onnxruntime", "openvino", ...
  std::string engine{};
  /// of the weights file
  std::string sha256{};

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("weights", self.weights, Characters{1, 128}, required);
    visit("licence", self.licence, Characters{0, 1024}, required);
    visit("engine", self.engine, Characters{1, 128}, required);
    visit("sha256", self.sha256, Anything{}, required);
  }
};

/// The bones that the bodies of a skeleton have, in the T-pose of core/humanoid.py.
struct Humanoid {
  static constexpr const char* type_name = "Humanoid";

  /// Unity's HumanBodyBones
  std::vector<std::string> bone_names{};
  /// -1: the hips; parents first
  std::vector<std::int64_t> parents{};
  /// in the T-pose
  std::vector<std::array<double, 3>> rest_directions{};
  /// which carries a joint
  std::vector<std::uint64_t> joint_bones{};

  static constexpr bool has_rules = true;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("bone_names", self.bone_names, each(0, 64, Characters{1, 128}), required);
    visit("parents", self.parents, each(0, 64, Anything{}), required);
    visit("rest_directions", self.rest_directions, each(0, 64, each(3, 3, Anything{})), required);
    visit("joint_bones", self.joint_bones, each(0, 256, Anything{}), required);
  }
};

/// What does not change from frame to frame; sent once a second and to every new subscriber.
struct SkeletonDefinition {
  static constexpr const char* topic_prefix = "m2t3.def";
  static constexpr std::size_t max_bytes = 65536;
  static constexpr const char* type_name = "SkeletonDefinition";

  /// protocol version
  std::int32_t v = 1;
  /// which camera, e.g. "cam0"
  std::string stream{};
  /// random, new each time the sender starts
  std::string session{};
  /// hash of all that follows the two times; frames name the definition they fit
  std::string def_id{};
  /// CLOCK_MONOTONIC of the publisher's host
  std::int64_t t_publish_ns{};
  /// adds up with any `t_*_ns` of this host to Unix time
  std::int64_t unix_minus_monotonic_ns{};
  std::string skeleton{};
  std::vector<std::string> joint_names{};
  /// pairs to draw as segments
  std::vector<std::array<std::uint64_t, 2>> bones{};
  /// (left, right) pairs that a mirror image exchanges
  std::vector<std::array<std::uint64_t, 2>> left_right{};
  SkeletonDefinitionUnit unit = SkeletonDefinitionUnit::M;
  std::string axes = "world, right-handed, z up, ground at z = 0";
  CameraModel camera{};
  ModelInfo model{};
  /// what `Pose.body` means; None: the publisher sends no bodies
  std::optional<Humanoid> humanoid;

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("v", self.v, Between{1, 1}, required);
    visit("stream", self.stream, Word{64}, required);
    visit("session", self.session, Word{64}, required);
    visit("def_id", self.def_id, Characters{1, 128}, required);
    visit("t_publish_ns", self.t_publish_ns, Between{0, INT64_MAX}, required);
    visit("unix_minus_monotonic_ns", self.unix_minus_monotonic_ns, Anything{}, required);
    visit("skeleton", self.skeleton, Characters{1, 128}, required);
    visit("joint_names", self.joint_names, each(0, 256, Characters{1, 128}), required);
    visit("bones", self.bones, each(0, 256, each(2, 2, Anything{})), required);
    visit("left_right", self.left_right, each(0, 256, each(2, 2, Anything{})), required);
    visit("unit", self.unit, Anything{}, optional);
    visit("axes", self.axes, Anything{}, optional);
    visit("camera", self.camera, Anything{}, required);
    visit("model", self.model, Anything{}, required);
    visit("humanoid", self.humanoid, Anything{}, optional);
  }
};

/// A person as a humanoid: how its bones are turned, and this person's lengths of them.
struct Body {
  static constexpr const char* type_name = "Body";

  /// (3,) the hips
  std::vector<float> root_world_m{};
  /// where the hips face: turn about +z, from +x towards +y
  double heading_rad{};
  /// (B, 4) unit, local: relative to the parent's, T-pose is identity
  std::vector<float> rotations_xyzw{};
  /// (B, 3) each bone's origin in its parent's frame; 0 for the hips
  std::vector<float> offsets_m{};
  /// (J, 3) each joint in its bone's frame; NaN where not learned
  std::vector<float> joint_offsets_m{};

  static constexpr bool has_rules = true;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("root_world_m", self.root_world_m, Anything{}, required);
    visit("heading_rad", self.heading_rad, Anything{}, required);
    visit("rotations_xyzw", self.rotations_xyzw, Anything{}, required);
    visit("offsets_m", self.offsets_m, Anything{}, required);
    visit("joint_offsets_m", self.joint_offsets_m, Anything{}, required);
  }
};

/// One person in the world. Whoever leaves is sent once more, with state "left" and no joint.
struct Pose {
  static constexpr const char* type_name = "Pose";

  /// stays with the person, never used again in this session
  std::int64_t id{};
  PoseState state{};
  /// (J, 3); NaN where not valid
  std::vector<float> positions_world_m{};
  /// (J,) 0..1
  std::vector<float> confidence{};
  /// (J,)
  std::vector<std::uint8_t> valid{};
  /// (2,) chance that the left and the right foot stands still on something; NaN where unknown
  std::vector<float> contact = floats_of_bits({0x7fc00000u, 0x7fc00000u});
  /// None: not known yet, or a publisher that sends no bodies
  std::optional<Body> body;

  static constexpr bool has_rules = true;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("id", self.id, Anything{}, required);
    visit("state", self.state, Anything{}, required);
    visit("positions_world_m", self.positions_world_m, Anything{}, required);
    visit("confidence", self.confidence, Anything{}, required);
    visit("valid", self.valid, Anything{}, required);
    visit("contact", self.contact, Anything{}, optional);
    visit("body", self.body, Anything{}, optional);
  }
};

/// The answer to one keypoints frame.
struct PoseFrame {
  static constexpr const char* topic_prefix = "m2t3.pose";
  static constexpr std::size_t max_bytes = 131072;
  static constexpr const char* type_name = "PoseFrame";

  /// protocol version
  std::int32_t v = 1;
  /// which camera, e.g. "cam0"
  std::string stream{};
  /// random, new each time the sender starts
  std::string session{};
  /// counts the answers of this session; a gap is a loss on the way
  std::uint64_t seq{};
  std::string def_id{};
  /// of the keypoints frame that is answered
  std::string source_session{};
  std::uint64_t source_seq{};
  /// copied from the keypoints frame, on `capture_clock`
  std::int64_t t_capture_ns{};
  Clock capture_clock{};
  /// CLOCK_MONOTONIC of the publisher's host
  std::int64_t t_receive_ns{};
  /// same clock
  std::int64_t t_publish_ns{};
  /// what each stage took
  std::map<std::string, std::int64_t> timing_ns{};
  std::vector<Pose> people{};

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("v", self.v, Between{1, 1}, required);
    visit("stream", self.stream, Word{64}, required);
    visit("session", self.session, Word{64}, required);
    visit("seq", self.seq, Anything{}, required);
    visit("def_id", self.def_id, Characters{1, 128}, required);
    visit("source_session", self.source_session, Word{64}, required);
    visit("source_seq", self.source_seq, Anything{}, required);
    visit("t_capture_ns", self.t_capture_ns, Between{0, INT64_MAX}, required);
    visit("capture_clock", self.capture_clock, Anything{}, required);
    visit("t_receive_ns", self.t_receive_ns, Between{0, INT64_MAX}, required);
    visit("t_publish_ns", self.t_publish_ns, Between{0, INT64_MAX}, required);
    visit("timing_ns", self.timing_ns, each(0, SIZE_MAX, Anything{}), required);
    visit("people", self.people, each(0, 64, Anything{}), required);
  }
};

/// Milliseconds over the last ten seconds.
struct Percentiles {
  static constexpr const char* type_name = "Percentiles";

  double p50{};
  double p95{};
  double p99{};

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("p50", self.p50, Anything{}, required);
    visit("p95", self.p95, Anything{}, required);
    visit("p99", self.p99, Anything{}, required);
  }
};

/// How the stream is, once a second.
struct Status {
  static constexpr const char* topic_prefix = "m2t3.status";
  static constexpr std::size_t max_bytes = 65536;
  static constexpr const char* type_name = "Status";

  /// protocol version
  std::int32_t v = 1;
  /// which camera, e.g. "cam0"
  std::string stream{};
  /// random, new each time the sender starts
  std::string session{};
  /// CLOCK_MONOTONIC of the publisher's host
  std::int64_t t_publish_ns{};
  std::int64_t unix_minus_monotonic_ns{};
  /// waiting: no frame for a second
  StatusState state{};
  double uptime_s{};
  double input_rate_hz{};
  double output_rate_hz{};
  std::uint64_t frames_in{};
  std::uint64_t frames_out{};
  std::uint64_t people_in_view{};
  /// by stage; "total" is receive to publish
  std::map<std::string, Percentiles> latency_ms{};
  /// bad messages and values, by kind
  std::map<std::string, std::int64_t> refused{};
  /// good frames that got no answer, by kind
  std::map<std::string, std::int64_t> dropped{};
  ModelInfo model{};
  std::vector<std::string> warnings{};

  static constexpr bool has_rules = false;  // rules.hpp
  template <class Self, class Visit>
  static void each_field(Self& self, Visit&& visit) {
    visit("v", self.v, Between{1, 1}, required);
    visit("stream", self.stream, Word{64}, required);
    visit("session", self.session, Word{64}, required);
    visit("t_publish_ns", self.t_publish_ns, Between{0, INT64_MAX}, required);
    visit("unix_minus_monotonic_ns", self.unix_minus_monotonic_ns, Anything{}, required);
    visit("state", self.state, Anything{}, required);
    visit("uptime_s", self.uptime_s, Anything{}, required);
    visit("input_rate_hz", self.input_rate_hz, Anything{}, required);
    visit("output_rate_hz", self.output_rate_hz, Anything{}, required);
    visit("frames_in", self.frames_in, Anything{}, required);
    visit("frames_out", self.frames_out, Anything{}, required);
    visit("people_in_view", self.people_in_view, Anything{}, required);
    visit("latency_ms", self.latency_ms, each(0, SIZE_MAX, Anything{}), required);
    visit("refused", self.refused, each(0, SIZE_MAX, Anything{}), required);
    visit("dropped", self.dropped, each(0, SIZE_MAX, Anything{}), required);
    visit("model", self.model, Anything{}, required);
    visit("warnings", self.warnings, each(0, SIZE_MAX, Anything{}), required);
  }
};

}  // namespace m2t3
