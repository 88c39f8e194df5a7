// The newest poses of a stream, whatever happens to the publisher.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <zmq.hpp>

#include "m2t3/wire.hpp"

namespace m2t3 {

/// Where the poses come from.
struct SubscriberOptions {
  /// ZeroMQ endpoint of the publisher, which need not be there yet.
  std::string endpoint = default_endpoint;
  /// Which of its streams: the name of the camera.
  std::string stream = "cam0";
  /// For an encrypted stream: the publisher's public key and this client's pair, 40 characters
  /// each as `m2t3 keys` writes them. All three, or none.
  std::string server_key, public_key, secret_key;
};

/// One pose frame together with the definition that it refers to.
struct Frame {
  PoseFrame message;
  std::shared_ptr<const SkeletonDefinition> definition;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();

  /// Time since the frame came here.
  double since_arrival_ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - arrived)
        .count();
  }

  /// Time since the stream published the frame; on another host only as true as its clock and
  /// ours agree.
  double age_ms() const {
    using std::chrono::nanoseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto unix_ns = std::chrono::duration_cast<nanoseconds>(now).count();
    const auto sent_ns = message.t_publish_ns + definition->unix_minus_monotonic_ns;
    return static_cast<double>(unix_ns - sent_ns) / 1e6;
  }
};

/// A thread owns the socket, takes in all that comes and keeps the newest frame. The publisher may
/// start later, freeze, die and come back; bad messages are refused and counted. Thread-safe.
class PoseSubscriber {
 public:
  using FramePtr = std::shared_ptr<const Frame>;
  using Counts = std::map<std::string, std::uint64_t>;

  /// Start listening. `on_frame`, if given, is called for every good frame, in order, on the
  /// reading thread: be quick. Throws std::invalid_argument for bad options.
  explicit PoseSubscriber(SubscriberOptions options, std::function<void(FramePtr)> on_frame = {})
      : options_(std::move(options)),
        on_frame_(std::move(on_frame)),
        socket_(open()),
        thread_([this] { read(); }) {}

  ~PoseSubscriber() {
    stop_ = true;
    thread_.join();
  }

  PoseSubscriber(const PoseSubscriber&) = delete;
  PoseSubscriber& operator=(const PoseSubscriber&) = delete;

  const SubscriberOptions& options() const { return options_; }

  /// The newest frame so far; null before the first.
  FramePtr latest() const { return locked(latest_); }

  /// The newest frame if it came within the last `limit_ms`, else null.
  FramePtr newest(double limit_ms) const {
    auto frame = latest();
    return frame && frame->since_arrival_ms() <= limit_ms ? frame : nullptr;
  }

  /// What the frames mean, the newest one; null until the first arrives.
  std::shared_ptr<const SkeletonDefinition> definition() const { return locked(definition_); }

  /// The publisher's last report; null until the first arrives.
  std::shared_ptr<const Status> status() const { return locked(status_); }

  /// Bad messages, by the kinds of WireError.
  Counts refused() const { return locked(refused_); }

  /// Good frames that were not handed out: "lost" on the way, "out_of_order", or "undefined"
  /// (their definition had not come yet).
  Counts dropped() const { return locked(dropped_); }

  /// What was wrong with the last message that was refused; empty if none was.
  std::string refusal() const { return locked(refusal_); }

  /// Why the reading thread ended before its time; empty while it runs.
  std::string failure() const { return locked(failure_); }

  /// Why the publisher does not let this client in; empty if it does, or is not there.
  std::string unwelcome() const { return locked(unwelcome_); }

  /// How often the publisher came back as a new session.
  std::uint64_t restarts() const { return restarts_; }

  /// Names of all streams that this publisher has.
  std::set<std::string> streams_heard() const { return locked(streams_); }

 private:
  static constexpr int wait_ms = 100;  // how soon the thread notices the end
  // After so long without a word the connection is made anew: ZeroMQ itself never returns to a peer
  // that once sent more than `maxmsgsize`.
  static constexpr std::chrono::milliseconds silent{1500};

  template <class T>
  T locked(const T& member) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return member;
  }

  zmq::socket_t open() {
    zmq::socket_t socket(context_, zmq::socket_type::sub);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, wait_ms);
    socket.set(zmq::sockopt::maxmsgsize, max_message_bytes);
    // A frozen or vanished host sends no FIN: only heartbeats tell.
    socket.set(zmq::sockopt::heartbeat_ivl, 500);
    socket.set(zmq::sockopt::heartbeat_timeout, 1500);
    socket.set(zmq::sockopt::reconnect_ivl, 100);
    socket.set(zmq::sockopt::reconnect_ivl_max, 1000);
    set_keys(socket);
    socket.set(zmq::sockopt::subscribe, std::string(PoseFrame::topic_prefix) + "." + options_.stream);
    socket.set(zmq::sockopt::subscribe, std::string(Status::topic_prefix) + "." + options_.stream);
    // Of all streams, to be able to name them.
    socket.set(zmq::sockopt::subscribe, std::string(SkeletonDefinition::topic_prefix) + ".");
    constexpr const char* place = "inproc://handshakes";  // within this subscriber's own context
    constexpr int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    if (zmq_socket_monitor(socket.handle(), place, events) != 0) throw zmq::error_t();
    monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
    monitor_.connect(place);
    try {
      socket.connect(options_.endpoint);
    } catch (const zmq::error_t& error) {
      throw std::invalid_argument("cannot connect to '" + options_.endpoint + "' (" +
                                  error.what() + "); valid: tcp://HOST:PORT, such as " +
                                  default_endpoint);
    }
    return socket;
  }

  void set_keys(zmq::socket_t& socket) const {
    const std::array<const std::string*, 3> keys{&options_.server_key, &options_.public_key,
                                                 &options_.secret_key};
    std::size_t given = 0;
    for (const auto* key : keys) {
      if (key->empty()) continue;
      ++given;
      if (key->size() != 40) {
        throw std::invalid_argument("a key has " + std::to_string(key->size()) +
                                    " characters; valid are the 40 that `m2t3 keys` writes");
      }
    }
    if (given == 0) return;
    if (given != keys.size()) {
      throw std::invalid_argument("encryption needs all of server_key, public_key, secret_key");
    }
    if (zmq_has("curve") == 0) {
      throw std::invalid_argument("this libzmq was built without CURVE: use one with libsodium");
    }
    socket.set(zmq::sockopt::curve_serverkey, options_.server_key);
    socket.set(zmq::sockopt::curve_publickey, options_.public_key);
    socket.set(zmq::sockopt::curve_secretkey, options_.secret_key);
  }

  void read() {
    try {
      std::vector<zmq::message_t> parts;
      auto last_word = std::chrono::steady_clock::now();
      while (!stop_) {
        const bool received = receive(parts);
        const auto now = std::chrono::steady_clock::now();
        if (received) {
          last_word = now;
          take(parts);
        } else if (now - last_word > silent) {
          last_word = now;
          socket_.disconnect(options_.endpoint);
          socket_.connect(options_.endpoint);
        }
        attend();
      }
      socket_.close();
    } catch (const std::exception& error) {
      const std::lock_guard<std::mutex> lock(mutex_);
      failure_ = error.what();
    }
  }

  /// Hears what became of handshakes since the last time.
  void attend() {
    zmq::message_t event, address;
    while (monitor_.recv(event, zmq::recv_flags::dontwait)) {
      std::uint16_t kind = 0;
      std::memcpy(&kind, event.data(), sizeof kind);
      if (!monitor_.recv(address)) return;
      const std::lock_guard<std::mutex> lock(mutex_);
      // A refusal's words may be lost with the connection; what an earlier one said holds.
      if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && !unwelcome_.empty()) continue;
      unwelcome_ = words_of(kind);
    }
  }

  std::string words_of(std::uint16_t handshake) const {
    switch (handshake) {
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return "does not know this client's key: make one where the stream runs, with "
               "`m2t3 keys new NAME`";
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return "ends the handshake: it has another key than this client's server_key, or is no "
               "m2t3-stream";
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return options_.server_key.empty()
                   ? "asks for keys: make some where the stream runs, with `m2t3 keys new NAME`"
                   : "has no keys, and this client has: leave them out, or start the stream with "
                     "--keys";
      default:
        return "";
    }
  }

  /// All parts of the next message; false if none came in time.
  bool receive(std::vector<zmq::message_t>& parts) {
    parts.clear();
    do {
      zmq::message_t part;
      try {
        if (!socket_.recv(part)) return false;
      } catch (const zmq::error_t& error) {
        if (error.num() == EINTR) return false;
        throw;
      }
      parts.push_back(std::move(part));
    } while (parts.back().more());
    return true;
  }

  void take(const std::vector<zmq::message_t>& parts) {
    try {
      if (parts.size() != 2) {
        throw WireError("parts", std::to_string(parts.size()) + " parts; valid: 2");
      }
      auto message = decode(parts[0].to_string_view(), parts[1].to_string_view());
      std::visit([this](auto& each) { take(std::move(each)); }, message);
    } catch (const WireError& refusal) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++refused_[refusal.kind()];
      refusal_ = refusal.what();
    }
  }

  // A subscription is a prefix: "cam1" brings "cam10" too, so streams are compared.
  void take(SkeletonDefinition&& definition) {
    const std::lock_guard<std::mutex> lock(mutex_);
    streams_.insert(definition.stream);
    if (definition.stream == options_.stream) {
      definition_ = std::make_shared<const SkeletonDefinition>(std::move(definition));
    }
  }

  void take(Status&& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status.stream == options_.stream) {
      status_ = std::make_shared<const Status>(std::move(status));
    }
  }

  void take(PoseFrame&& message) {
    if (message.stream != options_.stream) return;
    if (!session_.empty() && session_ != message.session) {
      ++restarts_;
    } else if (!session_.empty() && message.seq <= seq_) {
      return count_dropped("out_of_order", 1);
    } else if (!session_.empty() && message.seq > seq_ + 1) {
      count_dropped("lost", message.seq - seq_ - 1);
    }
    session_ = message.session;
    seq_ = message.seq;
    const auto definition = this->definition();
    if (!definition || definition->def_id != message.def_id) return count_dropped("undefined", 1);
    for (const Pose& pose : message.people) {
      if (pose.state != PoseState::Tracked) continue;
      require_rows("joint", "Pose.valid", pose.valid.size(), 1, definition->joint_names.size());
      if (!pose.body) continue;
      const auto& humanoid = definition->humanoid;
      require_rows("bone", "Body.rotations_xyzw", pose.body->rotations_xyzw.size(), 4,
                   humanoid ? humanoid->bone_names.size() : 0);
    }
    const auto frame = std::make_shared<const Frame>(Frame{std::move(message), definition});
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latest_ = frame;
    }
    if (on_frame_) on_frame_(frame);
  }

  void count_dropped(const char* kind, std::uint64_t more) {
    const std::lock_guard<std::mutex> lock(mutex_);
    dropped_[kind] += more;
  }

  const SubscriberOptions options_;
  const std::function<void(FramePtr)> on_frame_;
  zmq::context_t context_;
  zmq::socket_t monitor_;  // tells what became of handshakes; made by open()
  zmq::socket_t socket_;
  mutable std::mutex mutex_;
  FramePtr latest_;
  std::shared_ptr<const SkeletonDefinition> definition_;
  std::shared_ptr<const Status> status_;
  Counts refused_, dropped_;
  std::set<std::string> streams_;
  std::string refusal_, failure_, unwelcome_;
  std::atomic<std::uint64_t> restarts_{0};
  std::string session_;    // of the last frame, also one that was not handed out
  std::uint64_t seq_ = 0;  // likewise
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace m2t3
