// The subscriptions that a session's journal remembers, by their filter.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <recado/chain/session_store.hpp>

namespace recado::app::tools {

/// Reads them once: what is asked and told then looks nothing up in the journal, however many there are.
class kept_subscriptions {
 public:
  /// `in` must outlive it, and nobody else change the subscriptions of it meanwhile, except all at once: see `read`.
  explicit kept_subscriptions(chain::session_store& in) : in_(in) { read(); }

  /// Reads them anew: the session forgets all where the server has forgotten it.
  void read();
  /// True if it is remembered just as it is.
  bool holds(const mqtt::subscription& what, std::uint32_t identifier) const;
  /// The server granted it. What the journal can't take is asked for again by the next run.
  void granted(const mqtt::subscription& what, std::uint32_t identifier);
  /// It has ended.
  void ended(std::string_view filter);

 private:
  struct one {
    mqtt::subscription what;  ///< its filter isn't set
    std::uint32_t identifier = 0;
    std::uint32_t number = 0;  ///< its place in the journal
  };

  chain::session_store& in_;
  std::map<std::string, one, std::less<>> all_;
  std::uint32_t next_ = 0;  ///< no place from here on is taken
};

}  // namespace recado::app::tools
