// Which server holds which session of a client that is sent from one to another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace recado::client {

/// Servers by their host and port. One that hasn't the session of the one before is another one, not its twin; should
/// that one be asked again, its session and this side's state have nothing to do with each other.
class session_places {
 public:
  /// True if the server there holds an older session than this side's state belongs to: it is to forget it, by Clean
  /// Start [MQTT-3.2.2-4].
  bool stale_at(std::string_view where) const;
  /// The server there accepted a connection, and said so of the session (Session Present).
  void accepted(std::string_view where, bool present);

 private:
  std::string state_at_;                  // whose session this side's state belongs to; empty: nobody's
  std::vector<std::string> left_behind_;  // those who hold an older one
};

}  // namespace recado::client
