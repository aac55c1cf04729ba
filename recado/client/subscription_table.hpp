// The subscriptions of one client, under its mutex. An entry is found by its number, by the answer that it waits for
// and by its filter, and the next one for which something is to be sent is found, too, without a look at the others:
// so ten thousand subscriptions cost each what one costs, but for the logarithm in two ordered sets of places.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <recado/chain/router.hpp>
#include <recado/client/blocking_client.hpp>
#include <recado/mqtt/options.hpp>

namespace recado::client {

/// One subscription. Whoever uses a pointer to it in the I/O thread may: it ends there, between two turns.
struct entry {
  /// Where it stands with the server.
  enum class phase : std::uint8_t { wanted, asked, active, refused, leaving, leaving_asked, gone };
  std::uint64_t number = 0;          ///< never given again; its low bits are the place
  std::string filter;                ///< as it was subscribed
  mqtt::subscription how;            ///< its filter points to the string
  message_handler handler;           ///< none: into the queue
  phase at = phase::wanted;          ///< changed by `subscription_table::enter` alone
  chain::route_id route = 0;         ///< in the router; 0: not there
  std::uint32_t identifier = 0;      ///< Subscription Identifier, the same for all with that filter
  mqtt::token asked;                 ///< the packet that was sent for it last
  failure why;                       ///< it was refused
  bool awaited = false;              ///< a call waits for the answer to it
  mqtt::reason granted{};            ///< by SUBACK
  std::atomic<bool> silent = false;  ///< no handler is called any more; set by `subscription_table::silence` alone
};

class subscription_table {
 public:
  using entry_ptr = std::shared_ptr<entry>;
  using phase = entry::phase;

  /// A new one, in the phase `wanted` and at the lowest place that is free. It has the Subscription Identifier of
  /// those with the same filter, else a new one.
  entry_ptr add(const mqtt::subscription& what, message_handler handler);
  /// Gives its place back: the answer is the caller's to destroy. Nothing if that was done before.
  entry_ptr remove(entry& one);

  /// The one of that number; nullptr if there is none any more.
  entry_ptr find(std::uint64_t number) const;
  /// The one that waits in that phase, `asked` or `leaving_asked`, for the answer to that packet; else nullptr.
  entry_ptr find(mqtt::token asked, phase at) const;
  /// By place; nullptr where a place is free.
  std::span<const entry_ptr> places() const { return places_; }
  /// The place of an entry, which is what the router is told.
  static std::uint32_t place_of(const entry& one);

  /// The only way from phase to phase. For `asked` and `leaving_asked` the packet is in `entry::asked` already.
  void enter(entry& one, phase next);
  /// The entry's messages go nowhere from now on.
  void silence(entry& one);
  /// What the server is to be told of it: of all with the same filter it knows one, so with the highest QoS that any of
  /// them was made with, lest one takes from another what that was promised.
  mqtt::subscription wish_of(const entry& one) const;
  /// True if another one that isn't silent has the same filter.
  bool filter_in_use(const entry& besides) const;

  /// The first place from there on whose entry waits for something to be sent: `wanted` or `leaving`.
  std::optional<std::uint32_t> next_unsettled(std::uint32_t from) const;
  /// How many such entries there are.
  std::size_t unsettled() const { return unsettled_.size(); }

 private:
  /// What those with the same filter share.
  struct filter_use {
    std::uint32_t identifier = 0;
    mqtt::qos qos{};
    std::uint32_t entries = 0;
    std::uint32_t heard = 0;  // of them: not silent
  };

  std::vector<entry_ptr> places_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_places_;
  std::set<std::uint32_t> unsettled_;
  std::unordered_map<std::uint16_t, std::uint32_t> asked_;  // packet identifier to place
  std::unordered_map<std::string, filter_use> filters_;
  std::uint64_t last_number_ = 0;
  std::uint32_t last_identifier_ = 0;
};

}  // namespace recado::client
