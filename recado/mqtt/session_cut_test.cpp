// The exchanges that other tests don't cut: authentication, re-authentication, ping, goodbye on both sides, resuming,
// and messages in pieces; the stream is lost after every byte in each direction, and every exchange ends exactly once.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

class session_cut : public ::testing::TestWithParam<version> {
 protected:
  dialogue talk(const sizes& s = {}) {
    dialogue out{s};
    out.speaks(GetParam());
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(mqtt, session_cut, ::testing::Values(version::v5_0, version::v3_1_1),
                         [](const auto& which) { return which.param == version::v5_0 ? "v5_0" : "v3_1_1"; });

// [MQTT-4.12.0-2] [MQTT-4.12.1-1]
TEST(session_cut_5, authentication_and_re_authentication) {
  static const property_value ours[] = {{property::authentication_method, "M"}, {property::authentication_data, "c"}};
  static const property_value theirs[] = {{property::authentication_method, "M"}, {property::authentication_data, "s"}};
  mqtt::connect said;
  const property_value first[] = {{property::receive_maximum, 8U},
                                  {property::topic_alias_maximum, 2U},
                                  {property::authentication_method, "M"},
                                  {property::authentication_data, "c"}};
  said.properties = properties{first}, said.client_identifier = "id", said.keep_alive_s = 60;
  const auto step = [](reason code, const auto& list) { return mqtt::auth{code, properties{list}}; };
  connack accepted;
  accepted.properties = properties{theirs};
  const auto answers = [](session& s) { EXPECT_TRUE(s.authenticate("M", as_bytes("c")).has_value()); };
  dialogue{}
      .does([](session& s) {
        EXPECT_TRUE(
            s.connect({.client_identifier = "id", .authentication_method = "M", .authentication_data = as_bytes("c")})
                .has_value());
      })
      .opens()
      .sends(said)
      .hears(step(reason::continue_authentication, theirs))
      .tells("challenge M 's'")
      .does(answers)
      .sends(step(reason::continue_authentication, ours))
      .hears(accepted)
      .tells("connected")
      .does([](session& s) { EXPECT_TRUE(s.reauthenticate("M", as_bytes("c")).has_value()); })
      .sends(step(reason::reauthenticate, ours))
      .hears(step(reason::continue_authentication, theirs))
      .tells("challenge M 's'")
      .does(answers)
      .does(publishes(qos::exactly_once, "a", "within"))
      .sends(step(reason::continue_authentication, ours))
      .sends(message_of(qos::exactly_once, 1, "a", "within"))
      .hears(step(reason::success, theirs))
      .tells("authenticated 's'")
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 0")
      .check();
}

TEST_P(session_cut, ping) {
  talk()
      .connects({.keep_alive_s = 10})
      .does(publishes(qos::at_least_once, "a", "1"))
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 0")
      .check();
}

TEST_P(session_cut, goodbye_behind_what_is_pending) {
  talk()
      .connects()
      .does(publishes(qos::at_least_once, "a", "1"))
      .does([](session& s) { EXPECT_TRUE(s.disconnect().has_value()); })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(raw({0xe0, 0}))
      .tells("closed")
      .check();
}

TEST(session_cut_5, goodbye_of_the_server) {
  static const property_value why[] = {{property::reason_string, "upgrade"}};
  dialogue{}
      .connects()
      .does(publishes(qos::exactly_once, "a", "1"))
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .hears(mqtt::disconnect{.reason = reason::server_shutting_down, .properties = properties{why}})
      .tells("closed: the server ended the connection: Server shutting down (upgrade)")
      .check();
}

// [MQTT-4.4.0-1]: cut while it is resumed, it is resumed again.
TEST_P(session_cut, resuming) {
  connack known;
  known.session_present = true;
  talk()
      .connects({.client_identifier = "c", .clean_start = false})
      .does(publishes(qos::exactly_once, "a", "1"))
      .does(publishes(qos::exactly_once, "a", "2"))
      .does(publishes(qos::at_least_once, "a", "3"))
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "a", "2"))
      .sends(message_of(qos::at_least_once, 3, "a", "3"))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .loses()
      .connects({.client_identifier = "c", .clean_start = false}, known)
      .sends(message_of(qos::exactly_once, 2, "a", "2", true))
      .sends(message_of(qos::at_least_once, 3, "a", "3", true))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .hears(answer(pubrec, 2))
      .hears(answer(puback, 3))
      .tells("acknowledged #1 tag 0")
      .tells("acknowledged #3 tag 0")
      .sends(answer(pubrel, 2))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #2 tag 0")
      .check();
}

// A message that comes in pieces is told whole once, or aborted and told whole when it comes again.
TEST_P(session_cut, pieces_from_the_server) {
  const sizes small{.received = received_bitmap_words, .receive = 16};
  const octets data = wire(message_of(qos::exactly_once, 6, "t", "abcdefghijklmnopqrstuvwxyz"), GetParam());
  const octets again = wire(message_of(qos::exactly_once, 6, "t", "abcdefghijklmnopqrstuvwxyz", true), GetParam());
  connack known;
  known.session_present = true;
  for (std::size_t n = 1; n <= data.size(); ++n) {
    SCOPED_TRACE(n);
    subject who{small};
    talk(small).connects({.client_identifier = "c", .clean_start = false}).play({}, who);
    std::size_t begun = 0, ended = 0, aborted = 0;
    const auto hear = [&](const octets& what, std::size_t count) {
      dialogue_wire<session> line{who.machine, {.read = 8}};
      line.hear(bytes{what}.first(count));
      if (count != what.size() || n != data.size()) line.lost = true;
      for (const std::string& one : line.told)
        begun += one.starts_with("begin") ? 1 : 0, ended += one.starts_with("end") ? 1 : 0;
    };
    hear(data, n);
    who.machine.lost(make_fault(stream_error::reset), {});
    bytes nothing;
    while (const auto what = who.machine.receive(nothing, {})) aborted += tell(*what) == "aborted" ? 1 : 0;
    EXPECT_EQ(begun, ended + aborted);
    talk(small).connects({.client_identifier = "c", .clean_start = false}, known).play({}, who);
    hear(again, again.size());
    EXPECT_EQ(ended, 1u);
    EXPECT_EQ(begun, ended + aborted);
  }
}

// A payload from the application's source is asked for from its beginning when the stream was lost within it.
TEST_P(session_cut, pieces_to_the_server) {
  const std::string payload(300, 'p');
  const sizes small{.transmit = 256};
  std::size_t whole = 0;
  for (std::size_t n = 1; n == 1 || n <= whole; ++n) {
    SCOPED_TRACE(n);
    subject who{small};
    session& s = who.machine;
    talk(small).connects({.client_identifier = "c", .clean_start = false}).play({}, who);
    ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::exactly_once, .payload_from_source = 300, .tag = 9}).has_value());
    std::uint32_t last_asked = 0;
    const auto turn = [&](std::size_t most) {  // until so many bytes have left, or nothing more does
      octets left;
      while (left.size() < most) {
        bytes nothing;
        while (const auto what = s.receive(nothing, {})) {
          const auto* asked = std::get_if<wants_payload>(&*what);
          if (asked == nullptr) continue;
          last_asked = asked->offset;
          EXPECT_TRUE(s.supply(as_bytes(payload).subspan(asked->offset, asked->room)).has_value());
        }
        const bytes out = s.pending({});
        const std::size_t count = std::min(out.size(), most - left.size());
        if (count == 0) break;
        left.insert(left.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count));
        s.sent(count);
      }
      return left;
    };
    const octets first = turn(n);
    if (n == 1) whole = wire(message_of(qos::exactly_once, 1, "t", payload), GetParam()).size();
    EXPECT_EQ(first.size(), n);
    s.lost(make_fault(stream_error::reset), {});
    ASSERT_TRUE(s.connect({.version = GetParam(), .client_identifier = "c", .clean_start = false}).has_value());
    s.opened({});
    turn(SIZE_MAX);
    const octets known = wire(connack{.session_present = true, .properties = {}}, GetParam());
    bytes in = known;
    ASSERT_EQ(tell(*s.receive(in, {})), "connected present");
    octets second = turn(SIZE_MAX);
    ASSERT_FALSE(second.empty());
    second[0] &= ~std::byte{8};  // DUP as far as it had left before
    EXPECT_EQ(hex(second), hex(wire(message_of(qos::exactly_once, 1, "t", payload), GetParam())));
    EXPECT_GT(last_asked, 0u);
    EXPECT_EQ(s.in_flight(), 1u);
  }
}

}  // namespace
}  // namespace recado::mqtt::test
