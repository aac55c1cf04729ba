#include <recado/drive/tapped.hpp>

#include <gtest/gtest.h>

#include <tests/support/message_machine.hpp>

namespace recado {
namespace {

using test::framed;
using test::message_machine;

struct watcher final : tap {
  std::string seen;
  void datagram_seen(direction, const endpoint&, const endpoint&, bytes, instant) override {}
  void stream_opened(const stream_identity&, instant) override {}
  void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) override {
    EXPECT_EQ(what, content::plaintext);
    EXPECT_EQ(stream.id, 7u);
    seen += (way == direction::in ? "<" : ">") + std::string{as_text(data)} + "@" +
            std::to_string(when.time_since_epoch().count()) + " ";
  }
  void stream_closed(const stream_identity&, fault, instant) override {}
};

constexpr instant at(int us) { return instant{duration{us}}; }

/// One that ends the connection with its last event.
struct ending_machine : message_machine {
  static bool ends(const event& what) { return what.what == event::kind::closed; }
};

TEST(tapped, shows_what_is_consumed_and_what_is_sent) {
  message_machine machine;
  tapped<message_machine> tapped{machine};
  watcher tap;
  const std::string one = framed("abc"), all = one + framed("defg").substr(0, 3);
  bytes in = as_bytes(all);
  ASSERT_TRUE(tapped.receive(in, at(1))) << "nobody looks yet";
  tapped.observe(&tap, {.id = 7, .local = {}, .peer = {}});
  in = as_bytes(all);
  ASSERT_TRUE(tapped.receive(in, at(2)));
  EXPECT_EQ(in.size(), 3u) << "half a message waits";
  EXPECT_FALSE(tapped.receive(in, at(3)));
  EXPECT_EQ(tap.seen, "<" + one + "@2 ");
  tap.seen.clear();
  ASSERT_TRUE(machine.say("xy"));
  EXPECT_EQ(as_text(tapped.pending(at(4))), framed("xy"));
  tapped.sent(0);
  tapped.sent(1);
  EXPECT_EQ(as_text(tapped.pending(at(5))), framed("xy").substr(1));
  tapped.sent(3);
  EXPECT_EQ(tap.seen, ">" + framed("xy").substr(0, 1) + "@4 >" + framed("xy").substr(1) + "@5 ");
  tap.seen.clear();
  tapped.observe(nullptr, {});
  in = as_bytes(all);
  ASSERT_TRUE(tapped.receive(in, at(6)));
  EXPECT_EQ(tap.seen, "");
}

TEST(tapped, is_else_the_machine_within) {
  message_machine machine;
  tapped<message_machine> tapped{machine};
  EXPECT_EQ(tapped.deadline(), never);
  machine.wake_at(at(9));
  EXPECT_EQ(tapped.deadline(), at(9));
  tapped.opened(at(1));
  EXPECT_EQ(machine.opened_count, 1);
  tapped.lost(make_fault(stream_error::reset), at(2));
  ASSERT_EQ(machine.lost_with.size(), 1u);
  EXPECT_EQ(machine.lost_with[0], make_fault(stream_error::reset));
  using kind = message_machine::event::kind;
  EXPECT_FALSE(recado::tapped<message_machine>::ends({kind::closed})) << "it doesn't say so";
  EXPECT_TRUE(recado::tapped<ending_machine>::ends({kind::closed}));
  EXPECT_FALSE(recado::tapped<ending_machine>::ends({kind::message}));
}

}  // namespace
}  // namespace recado
