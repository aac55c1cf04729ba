// A message that the server lost with its session: whatever the power does, the application hears of it.
#include <optional>
#include <variant>

#include <recado/chain/session_store_for_tests.hpp>

namespace recado::chain {
namespace {

using mqtt::lost_session;
using mqtt::qos;
using mqtt::version;
using mqtt::test::answer;
using mqtt::test::octets;
using mqtt::test::wire;

/// A client with two messages of QoS 2 in flight: one behind PUBREC, one without any answer.
class client_with_two {
 public:
  static constexpr std::uint32_t released = 7, unanswered = 8;  // their tags

  explicit client_with_two(lost_session how) : how_(how) {
    EXPECT_TRUE(now->records.format());
    EXPECT_TRUE(now->kept.restore(now->who.machine).has_value());
    connects(false);
    publishes(released), publishes(unanswered);
    hears(answer(mqtt::test::pubrec, 1));
    now->who.machine.lost(make_fault(stream_error::reset), {});
  }

  void connects(bool present) {
    asks();
    hears(mqtt::connack{.session_present = present, .properties = {}});
  }
  void asks() {
    const mqtt::connect_options how{
        .client_identifier = "c", .clean_start = false, .session_expiry_s = 100U, .when_session_lost = how_};
    ASSERT_TRUE(now->who.machine.connect(how).has_value());
    now->who.machine.opened({});
    flush();
  }
  void publishes(std::uint32_t tag) { gives(tag), flush(); }
  void gives(std::uint32_t tag) {
    ASSERT_TRUE(now->who.machine.publish({.topic = "t", .qos = qos::exactly_once, .tag = tag}).has_value());
  }
  void power_goes() {
    below.cut_in(0);
    EXPECT_FALSE(below.sync());
    begins_again(store::testing::power_loss::torn);  // all that was written is there
  }
  template <class P>
  void hears(const P& what) {
    const octets data = wire(what, version::v5_0);
    bytes in = data;
    for (int turn = 0; turn < 2; ++turn, flush()) listens(in);
  }
  /// CONNACK and what it entails; nothing has left when the application is done with that.
  void is_told_that_all_is_lost() {
    asks();
    const octets data = wire(mqtt::connack{.session_present = false, .properties = {}}, version::v5_0);
    bytes in = data;
    listens(in);
  }
  void listens(bytes& in) {
    while (const auto event = now->who.machine.receive(in, {}))
      if (const auto* over = std::get_if<mqtt::acknowledged>(&*event); over != nullptr && !below.dead())
        told[over->tag] += over->outcome == mqtt::outcome::session_lost ? 1 : 0;
  }
  void begins_again(store::testing::power_loss how) {
    std::mt19937_64 chance{1};
    below.power_up(how, chance);
    now = std::make_unique<testing::program>(below);
    ASSERT_TRUE(now->records.mount().has_value());
    ASSERT_TRUE(now->kept.restore(now->who.machine).has_value());
    bytes nothing;
    listens(nothing);
  }
  bool is_in_the_journal(std::uint32_t tag) {
    for (std::uint32_t from = 0; const auto one = now->kept.next_message(from);)
      if (one->tag == tag && !one->lost) return true;
    for (std::uint32_t from = 0; const auto one = now->kept.next_released(from);)
      if (one->tag == tag && !one->lost) return true;
    return false;
  }

  store::testing::failing_storage below{{2048, 4, 4, std::byte{0xff}}};
  std::unique_ptr<testing::program> now = std::make_unique<testing::program>(below);
  std::map<std::uint32_t, int> told;  // how often of each that it was lost

 private:
  void flush() {
    for (bytes out = now->who.machine.pending({}); !out.empty(); out = now->who.machine.pending({}))
      now->who.machine.sent(out.size());
  }
  lost_session how_;
};

// If the power goes before CONNACK is in the journal, the exchange goes on, and the server's answer tells.
TEST(session_store_lost, is_told_at_least_once_wherever_the_power_goes) {
  for (const lost_session mode : {lost_session::publish_again, lost_session::report})
    for (const auto how : store::testing::power_losses) {
      bool cut = true;
      for (std::uint64_t at = 0; cut; ++at) {
        SCOPED_TRACE(::testing::Message() << "cut " << static_cast<int>(how) << " at step " << at);
        client_with_two client{mode};
        client.below.cut_in(at);
        client.connects(false);
        cut = client.below.dead();
        if (cut) client.begins_again(how);
        EXPECT_TRUE(client.told[client.released] != 0 || client.is_in_the_journal(client.released));
        EXPECT_TRUE(client.told[client.unanswered] != 0 || client.is_in_the_journal(client.unanswered));
        EXPECT_TRUE(mode == lost_session::report || client.told[client.unanswered] == 0);
        EXPECT_FALSE(client.below.misused());
      }
    }
}

TEST(session_store_lost, leaves_nothing_behind_and_new_messages_are_not_taken_for_lost) {
  client_with_two client{lost_session::report};
  client.connects(false);
  EXPECT_EQ(client.told[client.released] + client.told[client.unanswered], 2);
  client.publishes(9);
  EXPECT_EQ(client.now->records.records(), 1U);
  client.power_goes();
  EXPECT_TRUE(client.is_in_the_journal(9));
  EXPECT_EQ(client.told.size(), 2U) << "of those before";
}

TEST(session_store_lost, is_told_where_the_power_goes_before_the_application_heard) {
  client_with_two client{lost_session::publish_again};
  client.asks();
  const octets data = wire(mqtt::connack{.session_present = false, .properties = {}}, version::v5_0);
  bytes in = data;
  const auto first = client.now->who.machine.receive(in, {});
  ASSERT_TRUE(first && std::holds_alternative<mqtt::connected>(*first));
  client.power_goes();
  EXPECT_EQ(client.told[client.released], 1);
  EXPECT_TRUE(client.is_in_the_journal(client.unanswered));
}

// Nobody knows whether the application was done with it.
TEST(session_store_lost, is_told_again_where_nothing_has_left_since) {
  client_with_two client{lost_session::report};
  client.is_told_that_all_is_lost();
  EXPECT_EQ(client.told[client.released] + client.told[client.unanswered], 2);
  client.power_goes();
  EXPECT_EQ(client.told[client.released] + client.told[client.unanswered], 4);
  client.connects(true);
  client.power_goes();
  EXPECT_EQ(client.told[client.released] + client.told[client.unanswered], 4);
}

TEST(session_store_lost, gives_its_identifier_to_a_new_message_once_it_was_told) {
  client_with_two client{lost_session::report};
  client.is_told_that_all_is_lost();
  for (std::uint32_t tag = 9; tag < 15; ++tag) client.gives(tag);  // as many as there are places
  client.power_goes();
  EXPECT_EQ(client.told[client.released] + client.told[client.unanswered], 2);
  for (std::uint32_t tag = 9; tag < 15; ++tag) EXPECT_TRUE(client.is_in_the_journal(tag)) << tag;
}

}  // namespace
}  // namespace recado::chain
