// The table against one that looks at every entry each time: the same answers, in the same order.
#include <recado/client/subscription_table.hpp>

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace recado::client {
namespace {

using entry_ptr = subscription_table::entry_ptr;
using phase = entry::phase;

/// Searches, as plainly as can be.
struct searched {
  std::span<const entry_ptr> places;
  std::optional<std::uint32_t> next_unsettled(std::uint32_t from) const {
    for (std::size_t at = from; at < places.size(); ++at)
      if (places[at] && (places[at]->at == phase::wanted || places[at]->at == phase::leaving))
        return static_cast<std::uint32_t>(at);
    return std::nullopt;
  }
  entry_ptr find(mqtt::token asked, phase at) const {
    const auto found =
        std::ranges::find_if(places, [&](const entry_ptr& one) { return one && one->at == at && one->asked == asked; });
    return found != places.end() ? *found : nullptr;
  }
  bool filter_in_use(const entry& besides) const {
    return std::ranges::any_of(places, [&](const entry_ptr& other) {
      return other && other.get() != &besides && !other->silent && other->filter == besides.filter;
    });
  }
  std::size_t free_place() const {
    return static_cast<std::size_t>(std::ranges::find(places, nullptr) - places.begin());
  }
};

/// One that lives a random life.
class busy_table {
 public:
  explicit busy_table(unsigned seed) : random_(seed) {}
  void step() {
    const entry_ptr one = any();
    const std::size_t choice = random_() % 8;
    if (!one || choice < 2) return subscribe();
    if (choice == 2) return leave(*one);
    if (choice == 3) table_.silence(*one);
    if (choice == 4) table_.enter(*one, phase::leaving);
    if (choice == 5) table_.enter(*one, random_() % 2 == 0 ? phase::active : phase::wanted);
    if (choice > 5) ask(*one, choice == 6 ? phase::asked : phase::leaving_asked);
  }
  void compare() {
    const searched plain{table_.places()};
    std::size_t unsettled = 0;
    for (auto at = plain.next_unsettled(0); at; at = plain.next_unsettled(*at + 1)) {
      EXPECT_EQ(table_.next_unsettled(*at), at);
      ++unsettled;
    }
    EXPECT_EQ(table_.unsettled(), unsettled);
    for (const entry_ptr& one : table_.places()) {
      if (!one) continue;
      EXPECT_EQ(table_.find(one->number), one);
      EXPECT_EQ(table_.filter_in_use(*one), plain.filter_in_use(*one)) << one->filter;
      for (const phase at : {phase::asked, phase::leaving_asked})
        EXPECT_EQ(table_.find(one->asked, at), plain.find(one->asked, at));
    }
  }

 private:
  entry_ptr any() {
    const auto places = table_.places();
    return places.empty() ? nullptr : places[random_() % places.size()];
  }
  void subscribe() {
    const std::string filter = "filter/" + std::to_string(random_() % 10);
    const std::size_t place = searched{table_.places()}.free_place();
    const entry_ptr one = table_.add({.filter = filter}, {});
    EXPECT_EQ(subscription_table::place_of(*one), place) << "the lowest";
    EXPECT_EQ(one->how.filter, filter);
    for (const entry_ptr& other : table_.places())
      EXPECT_TRUE(!other || (other->filter == filter) == (other->identifier == one->identifier)) << filter;
  }
  void leave(entry& one) {
    const entry_ptr over = table_.remove(one);
    EXPECT_EQ(over.get(), &one);
    EXPECT_EQ(table_.remove(one), nullptr);
    EXPECT_TRUE(one.silent && one.at == phase::gone);
  }
  // Packet identifiers are given again once their answer came, which is when their entry has left that phase.
  void ask(entry& one, phase at) {
    mqtt::token packet{static_cast<std::uint16_t>(1 + random_() % 64)};
    const searched plain{table_.places()};
    if (plain.find(packet, phase::asked) || plain.find(packet, phase::leaving_asked)) return;
    table_.enter(one, phase::wanted);
    one.asked = packet;
    table_.enter(one, at);
  }

  subscription_table table_;
  std::mt19937 random_;
};

TEST(subscription_table, answers_as_a_search_would) {
  for (unsigned seed = 1; seed <= 20 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    busy_table one{seed};
    for (int i = 0; i < 300; ++i) one.step(), one.compare();
  }
}

TEST(subscription_table, those_with_one_filter_are_wished_with_their_highest_qos) {
  subscription_table table;
  const auto low = table.add({.filter = "a", .qos = mqtt::qos::at_most_once, .no_local = true}, {});
  EXPECT_EQ(table.wish_of(*low), low->how);
  const auto high = table.add({.filter = "a", .qos = mqtt::qos::exactly_once}, {});
  const auto other = table.add({.filter = "b", .qos = mqtt::qos::at_least_once}, {});
  EXPECT_EQ(table.wish_of(*low).qos, mqtt::qos::exactly_once);
  EXPECT_TRUE(table.wish_of(*low).no_local);
  EXPECT_EQ(table.wish_of(*high), high->how);
  EXPECT_EQ(table.wish_of(*other).qos, mqtt::qos::at_least_once);
  for (const auto& each : {low, high}) table.remove(*each);
  EXPECT_EQ(table.wish_of(*table.add({.filter = "a"}, {})).qos, mqtt::qos::at_most_once) << "all of them have ended";
}

TEST(subscription_table, a_number_is_never_given_again) {
  subscription_table table;
  const std::uint64_t first = table.add({.filter = "a"}, {})->number;
  EXPECT_TRUE(table.remove(*table.find(first)));
  const entry_ptr second = table.add({.filter = "a"}, {});
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_EQ(table.find(second->number), second);
  EXPECT_EQ(subscription_table::place_of(*second), 0U);
  EXPECT_EQ(second->identifier, 2U) << "nobody had that filter any more";
}

// As long as the server may still send messages for it, a filter keeps its identifier.
TEST(subscription_table, a_filter_that_is_being_left_keeps_its_identifier) {
  subscription_table table;
  const entry_ptr old = table.add({.filter = "a"}, {});
  table.silence(*old);
  table.silence(*old);
  table.enter(*old, phase::leaving);
  const entry_ptr fresh = table.add({.filter = "a"}, {});
  EXPECT_EQ(fresh->identifier, old->identifier);
  EXPECT_TRUE(table.filter_in_use(*old));
  EXPECT_FALSE(table.filter_in_use(*fresh));
  EXPECT_EQ(table.remove(*old), old);
  EXPECT_EQ(old->at, phase::gone);
  EXPECT_FALSE(table.filter_in_use(*fresh));
}

}  // namespace
}  // namespace recado::client
