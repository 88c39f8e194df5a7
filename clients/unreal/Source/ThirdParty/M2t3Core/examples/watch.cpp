// Where everybody is, ten times a second: m2t3_watch [ENDPOINT [STREAM]]
#include <cstdio>

#include "m2t3/subscriber.hpp"

int main(int count, char** values) {
  m2t3::SubscriberOptions options;
  if (count > 1) options.endpoint = values[1];
  if (count > 2) options.stream = values[2];
  m2t3::PoseSubscriber poses(options);
  for (;; std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
    const auto frame = poses.newest(500);
    if (!frame) {
      std::printf("no poses: %s %s %s\n", options.endpoint.c_str(), poses.unwelcome().c_str(),
                  poses.refusal().c_str());
      continue;
    }
    std::printf("%5.1f ms old, %zu people", frame->age_ms(), frame->message.people.size());
    for (const m2t3::Pose& person : frame->message.people) {
      if (person.state != m2t3::PoseState::Tracked || !person.valid[0]) continue;
      const float* joint = person.positions_world_m.data();
      std::printf("; #%lld %s at %.2f %.2f %.2f m", static_cast<long long>(person.id),
                  frame->definition->joint_names[0].c_str(), joint[0], joint[1], joint[2]);
    }
    std::printf("\n");
  }
}
