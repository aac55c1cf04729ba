// Which subscriptions does a topic match? A trie over memory that the caller gives.
//
// Each level of a filter is a node; its children are found in one hash table by (parent, text), and the wildcards `+`
// and `#` by links, so that a topic costs as many look-ups as it has levels, times two where a `+` stands beside a
// name, however many subscriptions there are. The trie is walked without a stack: the way back is in the parents and
// in the topic itself, so that a topic of 65,535 levels costs no more memory than a short one.
//
// A shared filter ($share/{name}/{filter}) is filed as the filter behind its share name. Topics whose first level
// begins with $ are matched by no wildcard in that place [MQTT-4.7.2-1]. Nothing is normalised [MQTT-4.7.3-4].
// One thread at a time; no call allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <type_traits>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::chain {

/// A place for one level of a filter. The router's own.
struct route_node {
  std::uint32_t parent = 0;    ///< the level above
  std::uint32_t chain = 0;     ///< the next one in its bucket, or on the free list
  std::uint32_t text = 0;      ///< where its level stands
  std::uint32_t plus = 0;      ///< the child +
  std::uint32_t rest = 0;      ///< the child #
  std::uint32_t routes = 0;    ///< the first route that ends here
  std::uint32_t children = 0;  ///< of any kind
  std::uint32_t hash = 0;      ///< of parent and text
  std::uint16_t length = 0;    ///< of its text
  std::uint8_t kind = 0;       ///< free, a name, + or #
};

/// A place for one subscription. The router's own.
struct route {
  std::uint32_t node = 0;   ///< 0: free
  std::uint32_t next = 0;   ///< the next one on the same node, or on the free list
  std::uint32_t value = 0;  ///< what `add` was given
};

/// The memory that a router works in; it must outlive the router and be used by nobody else.
struct router_memory {
  std::span<route_node> nodes;       ///< one for each distinct level, and two
  std::span<std::uint32_t> buckets;  ///< about as many as nodes; at least one
  std::span<route> routes;           ///< one for each subscription, and one
  mutable_bytes text;                ///< 6 bytes and the text for each distinct level
};

/// The arrays of a router for about so many subscriptions with three levels of their own each.
template <std::size_t Subscriptions>
struct router_storage {
  std::array<route_node, 3 * Subscriptions + 2> nodes;       ///< see `router_memory`
  std::array<std::uint32_t, 3 * Subscriptions + 2> buckets;  ///< see `router_memory`
  std::array<route, Subscriptions + 1> routes;               ///< see `router_memory`
  std::array<std::byte, 64 * Subscriptions + 64> text;       ///< see `router_memory`
  /// All of it.
  router_memory get() { return {nodes, buckets, routes, text}; }
};

/// Names a subscription until it is removed; 0 is none.
using route_id = std::uint32_t;

/// What matching one topic took.
struct router_cost {
  std::size_t matched = 0;   ///< subscriptions that match
  std::size_t visited = 0;   ///< nodes of the trie that were entered
  std::size_t compared = 0;  ///< entries of the hash table that were looked at
};

/// The trie. One thread at a time; no call allocates.
class router {
 public:
  /// Empty; all of the memory is its own from now on.
  explicit router(const router_memory& given);
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  /// Files `value` under a filter, which is copied; the same filter may be added several times. Errors: `no_room`
  /// (nothing was changed), and what `mqtt::check_topic_filter` finds. In 3.1.1 "$share/x" is a filter like any other.
  std::expected<route_id, mqtt::error> add(std::string_view filter, std::uint32_t value,
                                           mqtt::version protocol = mqtt::version::v5_0);
  /// Takes it out again; false if there is no such subscription.
  bool remove(route_id which);
  /// Takes all out.
  void clear();
  /// How many subscriptions there are.
  std::size_t size() const { return size_; }

  /// Calls `found(std::uint32_t value)` for each subscription that matches, in no order. `found` must not change the
  /// router. Returns how many matched.
  template <class Found>
  std::size_t match(std::string_view topic, Found&& found) const {
    const auto call = [](void* to, std::uint32_t value) { (*static_cast<std::remove_reference_t<Found>*>(to))(value); };
    return walk(topic, call, const_cast<void*>(static_cast<const void*>(&found))).matched;
  }
  /// True if the topic matches any subscription.
  bool any(std::string_view topic) const {
    return match(topic, [](std::uint32_t) {}) != 0;
  }
  /// What it takes to match that topic, counted while doing so.
  router_cost cost(std::string_view topic) const {
    return walk(
        topic, [](void*, std::uint32_t) {}, nullptr);
  }

 private:
  using callback = void (*)(void* to, std::uint32_t value);
  router_cost walk(std::string_view topic, callback call, void* to) const;
  std::size_t tell(std::uint32_t node, callback call, void* to) const;
  std::uint32_t find(std::uint32_t parent, std::string_view level, std::size_t& compared) const;
  std::uint32_t child(std::uint32_t parent, std::string_view level) const;
  std::uint32_t make(std::uint32_t parent, std::string_view level);
  std::uint32_t store(std::uint32_t node, std::string_view level);
  void compact();
  void prune(std::uint32_t node);
  void unlink(std::uint32_t node);
  std::string_view level_of(const route_node& node) const;
  std::uint32_t& bucket(std::uint32_t hash) const { return memory_.buckets[hash % memory_.buckets.size()]; }

  router_memory memory_;
  std::uint32_t free_nodes_ = 0;
  std::uint32_t free_routes_ = 0;
  std::size_t text_end_ = 0;
  std::size_t text_dead_ = 0;
  std::size_t size_ = 0;
};

}  // namespace recado::chain
