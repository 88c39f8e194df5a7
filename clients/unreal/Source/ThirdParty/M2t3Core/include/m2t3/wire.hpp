// The two parts of a message to what they mean, or a WireError.
#pragma once

#include <variant>

#include "m2t3/decode.hpp"

namespace m2t3 {

using Message = std::variant<SkeletonDefinition, PoseFrame, Status>;

namespace detail {

/// Unpacks a payload that is one whole MessagePack map of our version. Nothing is copied: the
/// object refers to `payload`. Containers are bounded, so a message that claims four billion items
/// costs nothing.
inline msgpack::object_handle unpack(std::string_view payload) {
  const msgpack::unpack_limit limits(4096, 1024, 0x20000, 0x20000, 0x20000, 32);
  const auto refer = [](msgpack::type::object_type, std::size_t, void*) { return true; };
  try {
    std::size_t end = 0;
    auto handle = msgpack::unpack(payload.data(), payload.size(), end, refer, nullptr, limits);
    if (end != payload.size()) throw WireError("malformed", "bytes after the message");
    return handle;
  } catch (const msgpack::unpack_error& error) {
    throw WireError("malformed", error.what());
  }
}

template <class Record>
Message decode(std::string_view topic, std::string_view payload) {
  if (payload.size() > Record::max_bytes) {
    throw WireError("oversize", std::to_string(payload.size()) + " bytes, at most " +
                                    std::to_string(Record::max_bytes) + " are valid");
  }
  const auto handle = unpack(payload);
  // Another version's message need not keep our schema, so its version is looked at first.
  const auto* version = Decoder::find(handle.get(), "v", Record::type_name);
  if (version == nullptr) throw WireError("schema", std::string(Record::type_name) + " lacks the key v");
  std::int64_t v = 0;
  Decoder::read(*version, v, Anything{}, std::string(Record::type_name) + ".v");
  if (v != protocol_version) {
    throw WireError("version", "protocol version " + std::to_string(v) + ", this client speaks " +
                                   std::to_string(protocol_version));
  }
  auto message = Decoder::record<Record>(handle.get());
  if (topic != std::string(Record::topic_prefix) + "." + message.stream) {
    throw WireError("topic", "stream " + message.stream + " on another topic");
  }
  return message;
}

template <class Record>
bool is_on(std::string_view topic) {
  const std::string prefix = std::string(Record::topic_prefix) + ".";
  return topic.substr(0, prefix.size()) == prefix;
}

}  // namespace detail

/// The message in `payload`, which came on `topic`. Throws WireError and nothing else.
inline Message decode(std::string_view topic, std::string_view payload) {
  if (detail::is_on<PoseFrame>(topic)) return detail::decode<PoseFrame>(topic, payload);
  if (detail::is_on<SkeletonDefinition>(topic)) {
    return detail::decode<SkeletonDefinition>(topic, payload);
  }
  if (detail::is_on<Status>(topic)) return detail::decode<Status>(topic, payload);
  throw WireError("topic", "a topic that is none of m2t3's");
}

}  // namespace m2t3
