// The folder of one client as `m2t3 keys new NAME` makes it: client.key_secret and server.key.
#pragma once

#include <fstream>
#include <regex>

#include "m2t3/subscriber.hpp"

namespace m2t3 {

namespace detail {

/// The public or the secret key in a file, whose lines are such as `public-key = "…"`.
inline std::string read_key(const std::string& path, const std::string& which) {
  std::ifstream file(path);
  const std::regex pattern("\\s*" + which + "-key\\s*=\\s*\"([^\"\\s]{40})\".*");
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, pattern)) return match[1];
  }
  throw std::invalid_argument(path + " has no " + which +
                              " key; `m2t3 keys new NAME` makes a client's folder");
}

}  // namespace detail

/// Puts the folder's three keys into `options`. Throws std::invalid_argument if it lacks one.
inline void read_keys(const std::string& folder, SubscriberOptions& options) {
  options.server_key = detail::read_key(folder + "/server.key", "public");
  options.public_key = detail::read_key(folder + "/client.key_secret", "public");
  options.secret_key = detail::read_key(folder + "/client.key_secret", "secret");
}

}  // namespace m2t3
