// The topics of a life, and the filters that match them.
#pragma once

#include <array>
#include <string_view>

#include <sim/ledger.hpp>

namespace recado::sim {

inline constexpr std::array<std::string_view, topic_count> up_topics{"up", "up/second", "up/the/third/and/longest"};
inline constexpr std::array<std::string_view, topic_count> down_topics{"down/1", "down/second", "down/the/third"};
inline constexpr std::string_view down_wildcard = "down/#";
inline constexpr std::string_view down_shared = "$share/group/down/#";

inline constexpr std::string_view will_topic = "will";
inline constexpr std::string_view will_text = "gone";

/// The number of a topic, or `topic_count`.
template <std::size_t N>
constexpr std::uint8_t number_of(const std::array<std::string_view, N>& topics, std::string_view name) {
  std::uint8_t at = 0;
  while (at < N && topics[at] != name) ++at;
  return at;
}

}  // namespace recado::sim
