// Numbers of records and places in the index run out, and what is on its way goes on.
#include <recado/chain/session_record.hpp>
#include <recado/chain/session_store_for_tests.hpp>

namespace recado::chain {
namespace {

using mqtt::qos;

class session_store_numbers : public testing::store_of_a_session {
 protected:
  static constexpr std::uint32_t last_message = 0x7fff'0000, last_held = UINT32_MAX;

  mqtt::error publish(session_store& into, std::uint16_t identifier) {
    return into.publishing(identifier, {.topic = "t", .qos = qos::exactly_once}, {});
  }
  std::expected<std::uint32_t, store::error> hold(session_store& in) { return in.hold({.qos = qos::exactly_once}, {}); }
  /// A message in flight that an earlier run gave that number, and took from the queue.
  void has_message(std::uint16_t identifier, std::uint32_t number, std::uint32_t held = 0) {
    session_record::numbers<19> head;
    head.put(identifier, 2), head.put(2, 1), head.put(0, 4), head.put(0, 8), head.put(held, 4);
    const bytes pieces[] = {head.octets()};
    ASSERT_TRUE(now.records.put({session_record::kind_message, number}, pieces));
  }
  /// Another run, which finds what is there.
  void restart() {
    ASSERT_TRUE(now.records.sync());
    again.emplace(below);
    ASSERT_TRUE(again->records.mount());
    ASSERT_TRUE(again->kept.restore(again->who.machine));
  }
  std::optional<testing::program> again;
};

// Beyond that a number was taken for that of a message behind PUBREC, and the message stayed, to be sent again.
TEST_F(session_store_numbers, of_messages_begin_anew_when_none_is_on_its_way) {
  has_message(1, last_message - 1);
  restart();
  session_store& kept = again->kept;
  EXPECT_EQ(publish(kept, 2), mqtt::error::not_kept);
  EXPECT_EQ(kept.why(), store::error::full) << "for now";
  kept.released(1);
  EXPECT_EQ(publish(kept, 2), mqtt::error::not_kept);
  kept.finished(1);
  EXPECT_EQ(publish(kept, 2), mqtt::error::none);
  EXPECT_EQ(publish(kept, 3), mqtt::error::none);
  EXPECT_EQ(again->records.next(session_record::kind_message, 0), 1U);
  kept.finished(2), kept.finished(3);
  EXPECT_EQ(again->records.records(), 0U);
}

// A message in flight may bear the number of one that waited: a new one with that would be taken for its other half.
TEST_F(session_store_numbers, of_what_waits_begin_anew_when_none_is_used) {
  has_message(1, 1, last_held - 1);
  restart();
  session_store& kept = again->kept;
  ASSERT_FALSE(hold(kept));
  EXPECT_EQ(hold(kept).error(), store::error::full) << "for now";
  kept.finished(1);
  EXPECT_EQ(hold(kept), 1U);
  EXPECT_EQ(hold(kept), 2U);
}

// As of the room: what is received and released finds a place, however much is published.
TEST_F(session_store_numbers, a_quarter_of_the_index_stays_free_of_messages) {
  std::uint16_t count = 0;
  while (count < 64 && publish(now.kept, static_cast<std::uint16_t>(count + 1)) == mqtt::error::none) ++count;
  EXPECT_EQ(now.kept.why(), store::error::index_full);
  EXPECT_EQ(count, now.records.records_max() * 3 / 4 + 1);
  now.kept.released(count);
  now.kept.took(qos::exactly_once, 1);
  EXPECT_FALSE(now.kept.commit());
}

// What is received beyond that would make the journal fail, again and again behind each restart: Receive Maximum.
TEST_F(session_store_numbers, no_more_is_received_than_finds_room) {
  std::vector<store::index_entry> index(32);
  std::array<std::byte, 128> scratch{};
  std::vector<std::uint32_t> places(6);
  store::journal records{below, index, scratch};
  session_store kept{records, places};
  mqtt::test::subject who{{.transmit = 400, .outgoing = 6, .received = 8, .owed = 4}};
  ASSERT_TRUE(records.mount());
  ASSERT_TRUE(kept.restore(who.machine));
  ASSERT_EQ(kept.received_max(), 4U);
  ASSERT_TRUE(who.machine.connect({.client_identifier = "c", .clean_start = true}));
  who.machine.opened({});
  const bytes said = who.machine.pending({});
  const std::byte receive_maximum[] = {std::byte{0x21}, std::byte{0}, std::byte{4}};
  EXPECT_FALSE(std::ranges::search(said, receive_maximum).empty());
}

}  // namespace
}  // namespace recado::chain
