// What the peer has at its ports: a broker that sends back what is published, the same behind TLS, and two that show
// what lwIP costs alone.
#pragma once

#include <array>

#include "tcp_peer.hpp"

namespace recado::measure {

/// Bytes that wait, first come, first served.
class byte_queue {
 public:
  /// Appends; what has no room is a mistake of the script, and is left out.
  void put(bytes what);
  /// The first bytes, as many as there is room for, are taken away; how many.
  std::size_t take(mutable_bytes out);
  void drop(std::size_t count);                            ///< takes the first ones away
  void clear() { used_ = 0; }                              ///< nothing waits any more
  bytes all() const { return bytes{data_}.first(used_); }  ///< all that wait

 private:
  std::array<std::byte, 4096> data_{};
  std::size_t used_ = 0;
};

/// As much of a broker as a client needs that publishes with QoS 0 and listens to itself.
class echo_broker final : public service {
 public:
  void begin() override { heard_.clear(), said_.clear(); }
  void hear(bytes what) override;
  std::size_t say(mutable_bytes room) override { return said_.take(room); }
  /// The same bytes, left in their place.
  bytes waiting() const { return said_.all(); }
  /// They have been said.
  void said(std::size_t count) { said_.drop(count); }
  /// How long the last PUBLISH was, with its header.
  std::size_t published_bytes() const { return published_bytes_; }

 private:
  void on_packet(bytes packet);

  byte_queue heard_, said_;
  std::size_t published_bytes_ = 0;
};

/// A broker behind TLS.
class secured_broker final : public service {
 public:
  /// `failed` is told the error of Mbed TLS, negative, with which the peer gave up.
  secured_broker(echo_broker& broker, void (*failed)(int why)) : broker_(broker), failed_(failed) {}
  /// What the next connection gets.
  void choose(bool with_1_3, int suite) { with_1_3_ = with_1_3, suite_ = suite; }
  void begin() override;
  void hear(bytes what) override;
  std::size_t say(mutable_bytes room) override;

 private:
  void check(int result) {
    if (result != 0) failed_(result);
  }

  echo_broker& broker_;
  void (*failed_)(int why);
  bool with_1_3_ = true;
  int suite_ = 0;
};

/// Hears, and says nothing.
class listener final : public service {
 public:
  void begin() override {}
  void hear(bytes) override {}
  std::size_t say(mutable_bytes) override { return 0; }
};

/// Is asked for a number of bytes (two octets), and says so many.
class speaker final : public service {
 public:
  void begin() override { asked_ = 0; }
  void hear(bytes what) override;
  std::size_t say(mutable_bytes room) override;

 private:
  std::size_t asked_ = 0;
};

}  // namespace recado::measure
