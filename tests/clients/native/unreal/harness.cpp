// The C++ client as a program, for the tests that compare it with Python.
//
//   harness decode                                 topic and payload in hex, a line each on stdin
//   harness convert                                x y z qx qy qz qw of the world, lines on stdin
//   harness bones                                  as `decode`: a definition, then a frame
//   harness listen ENDPOINT STREAM [KEY KEY KEY | FOLDER]   until stdin ends
//
// `listen` prints `frame SESSION T_NS MEANING` for every good frame, and at the end
// `age T_NS AGE_MS SINCE_MS` for every sample of the newest frame, then the counters.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "m2t3/humanoid.hpp"
#include "m2t3/keys.hpp"
#include "m2t3/subscriber.hpp"

namespace {

using std::chrono::steady_clock;

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  char digits[3];
  for (std::size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

std::string bytes(const std::string& digits) {
  std::string result;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    result += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return result;
}

// As clients/schema/meaning.py has it.
std::string meaning(std::int32_t value) { return std::to_string(value); }
std::string meaning(std::int64_t value) { return std::to_string(value); }
std::string meaning(std::uint64_t value) { return std::to_string(value); }

std::string meaning(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  char text[24];
  std::snprintf(text, sizeof text, "f64:%016llx", static_cast<unsigned long long>(bits));
  return text;
}

std::string meaning(const std::string& value) {
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
    quoted += plain ? std::string(1, c) : "\\x" + hex(&byte, 1);
  }
  return quoted + "\"";
}

std::string meaning(const std::vector<float>& value) {
  return "f32:" + hex(reinterpret_cast<const unsigned char*>(value.data()), 4 * value.size());
}

std::string meaning(const std::vector<std::uint8_t>& value) {
  return "u8:" + hex(value.data(), value.size());
}

template <class Enum, std::enable_if_t<std::is_enum_v<Enum>, int> = 0>
std::string meaning(Enum value) {
  return meaning(std::string(words_of(value)[static_cast<std::size_t>(value)]));
}

template <class Record, class = decltype(Record::type_name)>
std::string meaning(const Record& record);
template <class T>
std::string meaning(const std::optional<T>& value);
template <class T>
std::string meaning(const std::map<std::string, T>& value);
template <class T, std::size_t N>
std::string meaning(const std::array<T, N>& value);

template <class List>
std::string list(const List& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + meaning(item);
  return "[" + text + "]";
}

template <class T>
std::string meaning(const std::vector<T>& value) {
  return list(value);
}

template <class T, std::size_t N>
std::string meaning(const std::array<T, N>& value) {
  return list(value);
}

template <class T>
std::string meaning(const std::optional<T>& value) {
  return value ? meaning(*value) : "nil";
}

template <class T>
std::string meaning(const std::map<std::string, T>& value) {
  std::string text;
  for (const auto& [key, item] : value) {
    text += (text.empty() ? "" : ",") + meaning(key) + ":" + meaning(item);
  }
  return "{" + text + "}";
}

template <class Record, class>
std::string meaning(const Record& record) {
  std::string text;
  Record::each_field(record, [&](const char*, const auto& field, auto, bool) {
    text += (text.empty() ? "" : ",") + meaning(field);
  });
  return "(" + text + ")";
}

long long now_ns() { return steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

void decode_lines() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto space = line.find(' ');
    const auto topic = bytes(line.substr(0, space));
    const auto payload = bytes(line.substr(space + 1));
    try {
      const auto message = m2t3::decode(topic, payload);
      std::cout << "means " << std::visit([](const auto& each) { return meaning(each); }, message);
    } catch (const m2t3::WireError& refusal) {
      std::cout << "refused " << refusal.kind();
    }
    std::cout << std::endl;
  }
}

void write(const m2t3::Vec3& at_cm, const m2t3::Quat& turn) {
  std::printf("%.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", at_cm[0], at_cm[1], at_cm[2], turn[0],
              turn[1], turn[2], turn[3]);
}

void convert() {
  m2t3::Vec3 p;
  m2t3::Quat q;
  while (std::cin >> p[0] >> p[1] >> p[2] >> q[0] >> q[1] >> q[2] >> q[3]) {
    write(m2t3::unreal::position_cm(p), m2t3::unreal::rotation(q));
  }
}

m2t3::Message read() {
  std::string line;
  std::getline(std::cin, line);
  const auto space = line.find(' ');
  return m2t3::decode(bytes(line.substr(0, space)), bytes(line.substr(space + 1)));
}

// Each bone against its parent: its name, position and rotation.
void bones() {
  const auto definition = std::get<m2t3::SkeletonDefinition>(read());
  const auto frame = std::get<m2t3::PoseFrame>(read());
  const auto& humanoid = definition.humanoid.value();
  const auto poses = m2t3::unreal::bones(humanoid, frame.people.at(0).body.value());
  for (std::size_t i = 0; i < poses.size(); ++i) {
    std::printf("%s ", humanoid.bone_names[i].c_str());
    write(poses[i].position_cm, poses[i].rotation);
  }
}

void listen(const std::vector<std::string>& arguments) {
  m2t3::SubscriberOptions options;
  options.endpoint = arguments.at(1);
  options.stream = arguments.at(2);
  if (arguments.size() == 4) {
    m2t3::read_keys(arguments.at(3), options);
  } else if (arguments.size() > 4) {
    options.server_key = arguments.at(3);
    options.public_key = arguments.at(4);
    options.secret_key = arguments.at(5);
  }
  std::atomic<bool> ended{false};
  std::thread watcher([&] {
    for (std::string line; std::getline(std::cin, line);) continue;
    ended = true;
  });
  std::ostringstream rest;  // printed when no frame can come in between
  try {
    m2t3::PoseSubscriber poses(options, [](m2t3::PoseSubscriber::FramePtr frame) {
      std::cout << "frame " << frame->message.session << " " << now_ns() << " "
                << meaning(frame->message) << std::endl;
    });
    while (!ended) {
      if (const auto newest = poses.latest()) {
        rest << "age " << now_ns() << " " << newest->age_ms() << " " << newest->since_arrival_ms()
             << "\n";
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
    for (const auto& [kind, count] : poses.refused()) {
      rest << "refused " << kind << " " << count << "\n";
    }
    for (const auto& [kind, count] : poses.dropped()) {
      rest << "dropped " << kind << " " << count << "\n";
    }
    rest << "restarts " << poses.restarts() << "\n";
    if (!poses.unwelcome().empty()) rest << "unwelcome " << poses.unwelcome() << "\n";
    if (!poses.failure().empty()) rest << "failure " << poses.failure() << "\n";
  } catch (...) {
    watcher.detach();
    throw;
  }
  watcher.join();
  std::cout << rest.str();
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  try {
    if (arguments.at(0) == "decode") {
      decode_lines();
    } else if (arguments.at(0) == "convert") {
      convert();
    } else if (arguments.at(0) == "bones") {
      bones();
    } else {
      listen(arguments);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cout << "error " << error.what() << std::endl;
    return 2;
  }
}
