// The transmit log against a model, with random packets, answers in any order and a wire of any size.
#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/mqtt/transmit_log.hpp>

namespace recado::mqtt {
namespace {

struct kept_packet {
  place at;
  std::string content;
  bool sent = false;
};

/// How large all is, and how often a packet is kept.
struct scale {
  std::size_t unit = 1;
  int turns = 3000;
  std::size_t kept_in = 3, not_kept = 1;  // of so many packets so many are not
};

void behaves_as_a_queue_that_remembers(unsigned seed, const scale& of) {
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::vector<std::byte> memory((64 + below(300)) * of.unit);
  std::vector<outgoing_flight> places(1 + below(20));
  flight_table flights{places};
  transmit_log log{memory, flights};
  std::deque<kept_packet> kept;
  std::string expected;  // to be sent
  std::size_t kept_bytes = 0;
  char letter = 'a';
  const std::byte* first = nullptr;  // where the pending bytes were
  for (int turn = 0; turn < of.turns && !::testing::Test::HasFailure(); ++turn) {
    if (first != nullptr && !log.pending().empty()) {
      EXPECT_EQ(first, log.pending().data()) << "pending bytes moved";
    }
    const std::size_t action = below(10);
    if (action < 4) {
      const std::string content(1 + below(30 * of.unit), letter);
      letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
      const bool keep = below(of.kept_in) >= of.not_kept && !flights.full();
      if (keep && log.kept() + content.size() > memory.size()) continue;
      const bool was_idle = log.pending().empty();
      if (!log.make_room(content.size())) {
        EXPECT_FALSE(was_idle && kept_bytes + content.size() <= memory.size()) << "there was room";
      } else {
        copy(as_bytes(content), log.space().first(content.size()));
        if (keep) {
          const place at = flights.take(stage::puback);
          log.append(content.size(), at);
          kept.push_back({at, content});
          kept_bytes += content.size();
        } else {
          log.append(content.size());
        }
        expected += content;
      }
      first = was_idle ? log.pending().data() : first;
    } else if (action < 7) {
      const bytes ready = log.pending();
      EXPECT_EQ(ready.empty(), expected.empty());
      const std::size_t n = ready.empty() ? 0 : 1 + below(ready.size());
      EXPECT_EQ(as_text(ready.first(n)), expected.substr(0, n));
      if (n != 0) log.sent(n);
      expected.erase(0, n);
      first = log.pending().empty() ? nullptr : log.pending().data();
    } else if (action < 9 && !kept.empty()) {
      const std::size_t which = below(2) == 0 ? 0 : below(kept.size());
      EXPECT_EQ(as_text(log.packet(kept[which].at)), kept[which].content);
      log.release(kept[which].at);
      flights.release(kept[which].at);
      kept_bytes -= kept[which].content.size();
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (below(20) == 0) {
      log.drop_unsent();
      EXPECT_TRUE(log.pending().empty());
      if (below(2) == 0 && log.make_room(5)) {  // CONNECT
        log.append(5);
        log.sent(5);
      }
      expected.clear();
      first = log.pending().data();
    }
    EXPECT_EQ(log.kept(), kept_bytes);
  }
  for (const kept_packet& one : kept) EXPECT_EQ(as_text(log.packet(one.at)), one.content);
}

TEST(transmit_log, behaves_as_a_queue_that_remembers) {
  for (unsigned seed = 0; seed < 300; ++seed) behaves_as_a_queue_that_remembers(seed, {});
}

TEST(transmit_log, behaves_so_with_megabytes_of_which_hardly_any_are_kept) {
  const scale large{.unit = 8192, .turns = 300, .kept_in = 12, .not_kept = 11};
  for (unsigned seed = 0; seed < 60; ++seed) behaves_as_a_queue_that_remembers(seed, large);
}

TEST(transmit_log, packets_that_are_not_kept_go_around_in_the_front_of_much_memory) {
  if (sizeof(void*) <= 4) return;
  std::vector<std::byte> memory(4 << 20);
  std::vector<outgoing_flight> places(1);
  flight_table flights{places};
  transmit_log log{memory, flights};
  ASSERT_TRUE(log.make_room(3 << 20));
  log.append(3 << 20);
  log.sent(3 << 20);
  std::size_t highest = 0, waiting = 0;
  for (int i = 0; i < 2'000; ++i) {
    while (log.make_room(1000)) {
      log.append(1000), waiting += 1000;
      highest = std::max(highest, log.head());
    }
    EXPECT_LT(log.room(), 1000U);
    EXPECT_GE(waiting, 300'000U) << "there is much to be sent before there is room again";
    const std::size_t n = std::min<std::size_t>(log.unsent(), static_cast<std::size_t>(i) * 7919 % 400'000);
    log.sent(n), waiting -= n;
  }
  EXPECT_LE(highest, 640U << 10);
}

TEST(transmit_log, all_memory_is_there_for_what_is_kept_and_for_a_large_packet) {
  std::vector<std::byte> memory(4 << 20);
  std::vector<outgoing_flight> places(2);
  flight_table flights{places};
  transmit_log log{memory, flights};
  EXPECT_EQ(log.room(), memory.size());
  ASSERT_TRUE(log.make_room(memory.size()));
  log.append(memory.size());
  log.sent(memory.size());
  ASSERT_TRUE(log.make_room(500'000));
  log.append(500'000, flights.take(stage::puback));
  EXPECT_EQ(log.room(), memory.size() - 500'000);
  ASSERT_TRUE(log.make_room(3'500'000)) << "although half a megabyte waits to be sent";
  log.append(3'500'000, flights.take(stage::puback));
}

TEST(transmit_log, what_is_kept_begins_at_the_front_again_only_when_the_memory_ends) {
  std::vector<std::byte> memory(4 << 20);
  std::vector<outgoing_flight> places(2);
  flight_table flights{places};
  transmit_log log{memory, flights};
  const place first = flights.take(stage::puback);
  log.append(100'000, first);
  log.append(500'000, flights.take(stage::puback));
  log.sent(600'000);
  log.release(first);
  ASSERT_TRUE(log.make_room(60'000));
  EXPECT_EQ(log.head(), 600'000U);
}

TEST(transmit_log, one_stuck_packet_does_not_block_it) {
  std::vector<std::byte> memory(100);
  std::vector<outgoing_flight> places(2);
  flight_table flights{places};
  transmit_log log{memory, flights};
  const place stuck = flights.take(stage::puback);
  ASSERT_TRUE(log.make_room(20));
  log.append(20, stuck);
  log.sent(20);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(log.make_room(40)) << i;
    log.append(40);
    log.sent(log.pending().size());
  }
}

// As the header promises: what never moves is never copied.
TEST(transmit_log, answers_in_order_move_nothing) {
  std::vector<std::byte> memory(100);
  std::vector<outgoing_flight> places(3);
  flight_table flights{places};
  transmit_log log{memory, flights};
  std::deque<std::pair<place, const std::byte*>> kept;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(log.make_room(30)) << i;
    const place at = flights.take(stage::puback);
    log.append(30, at);
    log.sent(log.pending().size());
    kept.emplace_back(at, log.packet(at).data());
    if (kept.size() < 3) continue;
    for (const auto& [which, where] : kept) ASSERT_EQ(log.packet(which).data(), where) << i;
    log.release(kept.front().first);
    flights.release(kept.front().first);
    kept.pop_front();
  }
}

TEST(transmit_log, what_was_released_has_room_while_another_packet_is_sent) {
  std::vector<std::byte> memory(100);
  std::vector<outgoing_flight> places(3);
  flight_table flights{places};
  transmit_log log{memory, flights};
  EXPECT_EQ(log.room(), 100u);
  const place first = flights.take(stage::puback), second = flights.take(stage::puback);
  log.append(60, first);
  log.sent(60);
  EXPECT_EQ(log.room(), 40u);
  log.append(30, second);
  log.sent(1);
  EXPECT_EQ(log.room(), 10u);
  const std::byte* const on_its_way = log.pending().data();
  log.release(first);
  EXPECT_EQ(log.room(), 60u);
  EXPECT_FALSE(log.make_room(61));
  ASSERT_TRUE(log.make_room(60));
  log.append(20);
  EXPECT_EQ(log.room(), 40u);
  EXPECT_TRUE(log.make_room(40));
  EXPECT_FALSE(log.make_room(41));
  EXPECT_EQ(log.pending().data(), on_its_way);
  EXPECT_EQ(log.pending().size(), 29u);
}

TEST(flight_table, identifiers_are_never_zero_nor_in_use_and_wrap) {  // original defects 2, 3; [MQTT-2.2.1-3]
  for (const std::size_t size : {1U, 2U, 7U, 64U, 1000U}) {
    std::vector<outgoing_flight> places(size);
    flight_table flights{places};
    std::mt19937 random{static_cast<unsigned>(size)};
    std::vector<bool> in_use(65'536);
    std::vector<place> taken;
    std::uint16_t highest = 0;
    for (int i = 0; i < 300'000; ++i) {
      if (!flights.full() && (taken.empty() || random() % 2 == 0)) {
        const std::uint16_t promised = flights.next_identifier();
        const place at = flights.take(stage::puback);
        const std::uint16_t id = flights[at].packet_identifier;
        ASSERT_EQ(id, promised);
        ASSERT_NE(id, 0);
        ASSERT_FALSE(in_use[id]);
        in_use[id] = true;
        highest = std::max(highest, id);
        taken.push_back(at);
        ASSERT_EQ(flights.find(id), at);
      } else if (!taken.empty()) {
        const std::size_t which = random() % taken.size();
        const std::uint16_t id = flights[taken[which]].packet_identifier;
        in_use[id] = false;
        flights.release(taken[which]);
        ASSERT_EQ(flights.find(id), no_place);
        taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    EXPECT_GT(highest, 65'535 - 2 * size);
    EXPECT_EQ(flights.find(0), no_place);
  }
}

TEST(flight_table, the_last_identifier_is_65535_and_the_next_one_small) {  // [MQTT-2.2.1-3]
  for (const unsigned size : {1U, 3U, 5U, 64U, 1000U}) {
    std::vector<outgoing_flight> places(size);
    flight_table flights{places};
    std::vector<unsigned> seen;  // those of the place that has 65,535 if one does, else of the last one
    const unsigned watched = (65'535U - 1) % size;
    for (unsigned i = 0; i < 65'535U / size * size + 2 * size; ++i) {
      const place at = flights.take(stage::puback);
      if (at == watched) seen.push_back(flights[at].packet_identifier);
      flights.release(at);
    }
    std::vector<unsigned> expected;
    for (unsigned id = watched + 1; id <= 65'535; id += size) expected.push_back(id);
    ASSERT_EQ(expected.back(), 65'535u);
    ASSERT_GT(seen.size(), expected.size());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), seen.begin())) << size;
    EXPECT_EQ(seen[expected.size()], watched + 1) << size;
  }
}

TEST(flight_table, all_identifiers_can_be_in_flight) {
  std::vector<outgoing_flight> places(70'000);
  flight_table flights{places};
  EXPECT_EQ(flights.capacity(), 65'535u);
  for (unsigned i = 1; i <= 65'535; ++i) ASSERT_EQ(flights[flights.take(stage::puback)].packet_identifier, i);
  EXPECT_TRUE(flights.full());
  EXPECT_EQ(flights.next_identifier(), 0);
}

}  // namespace
}  // namespace recado::mqtt
