// Dialogues with the conductor in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <recado/chain/bring_up.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/tls/error.hpp>

namespace recado::chain {

using namespace std::chrono_literals;
using kind = want::kind;

/// Draws the same number again and again: with all ones a back-off takes nearly its ceiling.
class constant_entropy final : public entropy {
 public:
  explicit constant_entropy(std::uint8_t value) : value_(value) {}
  void fill(mutable_bytes out) override {
    for (auto& each : out) each = std::byte{value_};
  }

 private:
  std::uint8_t value_;
};

inline const fault refused = make_fault(stream_error::refused);
inline const fault silent = make_fault(stream_error::timed_out);
inline fault by_server(mqtt::reason code, mqtt::error how = mqtt::error::refused) {
  return make_fault(how, static_cast<std::uint32_t>(code));
}
inline const fault no_rights = by_server(mqtt::reason::not_authorized);

/// A dialogue with the conductor in virtual time.
class dialogue {
 public:
  explicit dialogue(const policy& how, std::uint8_t luck = 0x5a) : random_(luck), conductor(how, random_) {}

  want says(const happening& what = {}) { return conductor.resume(what, now); }

  /// The next want attempts this rung with this server and address.
  void attempts(rung at, unsigned server = 0, unsigned address = 0, const happening& after = {}) {
    const want next = says(after);
    EXPECT_EQ(next.what, kind::attempt) << name_of(at);
    EXPECT_EQ(name_of(next.at), name_of(at));
    EXPECT_EQ(next.server, server) << name_of(at);
    EXPECT_EQ(next.address, address) << name_of(at);
    EXPECT_EQ(next.referred, referred) << name_of(at);
    EXPECT_EQ(says().what, kind::wait) << "an attempt is wanted once";
  }
  /// The same of a server that the broker has named.
  void attempts_named(unsigned server) {
    referred = true;
    attempts(rung::name, server);
    referred = false;
  }
  void ends(const happening& after) {
    undoes(rung::link, after);
    EXPECT_EQ(says().what, kind::end);
  }
  void undoes(rung from, const happening& after) {
    const want next = says(after);
    EXPECT_EQ(next.what, kind::undo);
    EXPECT_EQ(name_of(next.at), name_of(from));
  }
  void pauses() {
    EXPECT_EQ(says().what, kind::wait);
    EXPECT_TRUE(conductor.pausing());
    EXPECT_LT(conductor.until(), never);
    now = conductor.until();
  }
  /// Climbs, everything going well, until `top` is being attempted.
  void climbs_to(rung top) {
    attempts(rung::link);
    climbs_from(rung::link, top);
  }
  void climbs_from(rung below, rung top) {
    for (rung at = below; at != top;) {
      const want next = says(happening::reached(at));
      ASSERT_EQ(next.what, kind::attempt) << "after " << name_of(at);
      ASSERT_GT(next.at, at);
      at = next.at;
    }
  }
  void comes_online() {
    climbs_to(rung::online);
    EXPECT_EQ(says(happening::reached(rung::online)).what, kind::wait);
    EXPECT_TRUE(conductor.is_online());
  }

 private:
  constant_entropy random_;
  bool referred = false;

 public:
  bring_up conductor;
  instant now{1h};
};

inline policy usual() {
  policy how;
  how.has_static = true;
  how.time_servers = 2;
  how.brokers = 2;
  return how;
}

}  // namespace recado::chain
