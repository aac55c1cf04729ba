// The router against the matcher of mqtt/topic.hpp, on filters and topics of few letters so that much matches.
#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include <recado/chain/router.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::chain {
namespace {

using values = std::vector<std::uint32_t>;

values matching(const router& in, std::string_view topic) {
  values found;
  const std::size_t count = in.match(topic, [&](std::uint32_t value) { found.push_back(value); });
  EXPECT_EQ(count, found.size());
  EXPECT_EQ(in.any(topic), count != 0);
  std::sort(found.begin(), found.end());
  return found;
}

TEST(router, follows_the_examples_of_the_standard) {
  auto memory = std::make_unique<router_storage<32>>();
  router routes{memory->get()};
  const char* filters[] = {"sport/tennis/player1/#",
                           "sport/#",
                           "#",
                           "sport/tennis/+",
                           "+",
                           "sport/+",
                           "/finance",
                           "/+",
                           "+/+",
                           "$SYS/#",
                           "$SYS/monitor/+",
                           "+/monitor/Clients",
                           "$share/group/sport/tennis/player1"};
  for (std::uint32_t i = 0; i < std::size(filters); ++i) ASSERT_TRUE(routes.add(filters[i], i)) << filters[i];
  EXPECT_EQ(matching(routes, "sport/tennis/player1"), (values{0, 1, 2, 3, 12}));
  EXPECT_EQ(matching(routes, "sport/tennis/player1/ranking"), (values{0, 1, 2}));
  EXPECT_EQ(matching(routes, "sport"), (values{1, 2, 4})) << "# has its parent too";
  EXPECT_EQ(matching(routes, "sport/"), (values{1, 2, 5, 8}));
  EXPECT_EQ(matching(routes, "/finance"), (values{2, 6, 7, 8}));
  EXPECT_EQ(matching(routes, "$SYS/monitor/Clients"), (values{9, 10})) << "[MQTT-4.7.2-1]";
  EXPECT_EQ(matching(routes, "$SYS"), (values{9}));
  EXPECT_EQ(matching(routes, ""), values{});
}

TEST(router, refuses_what_is_no_filter) {
  router_storage<4> memory;
  router routes{memory.get()};
  for (const char* filter : {"", "a/#/b", "a+", "sport/tennis#", "$share//a", "$share/g+/a", "$share/g/"})
    EXPECT_FALSE(routes.add(filter, 1)) << filter;
  EXPECT_EQ(routes.size(), 0u);
  EXPECT_FALSE(routes.remove(0));
  EXPECT_FALSE(routes.remove(1));
  EXPECT_FALSE(routes.remove(1'000'000));
}

TEST(router, says_when_it_is_full_and_changes_nothing) {
  router_storage<2> memory;
  router routes{memory.get()};
  const auto first = routes.add("a/b/c/d", 1);
  ASSERT_TRUE(first);
  const auto second = routes.add("a/1/2/3/4/5/6/7/8", 2);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), mqtt::error::no_room);
  EXPECT_EQ(matching(routes, "a/1/2"), values{});
  ASSERT_TRUE(routes.add("x/y", 3)) << "nothing was left behind";
  EXPECT_FALSE(routes.add("x/y", 4)) << "no more routes";
  EXPECT_TRUE(routes.remove(*first));
  EXPECT_FALSE(routes.remove(*first));
  EXPECT_TRUE(routes.add("x/y", 4));
  EXPECT_EQ(matching(routes, "x/y"), (values{3, 4}));
  router empty{{}};
  EXPECT_FALSE(empty.add("a", 1));
  EXPECT_EQ(matching(empty, "a"), values{});
}

TEST(router, costs_no_memory_for_deep_topics) {
  router_storage<4> memory;
  router routes{memory.get()};
  ASSERT_TRUE(routes.add("#", 1));
  ASSERT_TRUE(routes.add("+/+/#", 2));
  EXPECT_EQ(matching(routes, std::string(65'535, '/')), (values{1, 2}));
}

struct model {
  std::mt19937 random{20'261'122};
  std::size_t below(std::size_t bound) { return random() % bound; }
  std::string text(const char* const* levels, std::size_t count) {
    std::string result;
    for (std::size_t i = 0, n = 1 + below(5); i < n; ++i)
      result += (i == 0 ? "" : "/") + std::string{levels[below(count)]};
    return result;
  }
  std::string topic() {
    static const char* const levels[] = {"a", "b", "c", "", "long-name", "$d"};
    for (;;)
      if (std::string result = text(levels, std::size(levels)); !result.empty()) return result;
  }
  std::string filter() {
    static const char* const levels[] = {"a", "b", "c", "", "long-name", "$d", "+", "+", "#"};
    for (;;) {
      std::string result = (below(8) == 0 ? "$share/g/" : "") + text(levels, std::size(levels));
      if (mqtt::check_topic_filter(result)) return result;
    }
  }
};

TEST(router, agrees_with_the_matcher_while_subscriptions_come_and_go) {
  model chance;
  auto memory = std::make_unique<router_storage<100>>();
  router routes{memory->get()};
  std::map<route_id, std::string> here;
  for (int round = 0; round < 20'000; ++round) {
    if (here.empty() || chance.below(100) < 52) {
      const std::string filter = chance.filter();
      if (const auto id = routes.add(filter, static_cast<std::uint32_t>(round)); id.has_value()) {
        ASSERT_TRUE(here.emplace(*id, filter).second);
      }
    } else {
      const auto which = std::next(here.begin(), static_cast<std::ptrdiff_t>(chance.below(here.size())));
      ASSERT_TRUE(routes.remove(which->first));
      here.erase(which);
    }
    ASSERT_EQ(routes.size(), here.size());
    const std::string topic = chance.topic();
    const auto wanted =
        std::count_if(here.begin(), here.end(), [&](auto& one) { return mqtt::matches(one.second, topic); });
    ASSERT_EQ(matching(routes, topic).size(), static_cast<std::size_t>(wanted)) << topic;
  }
}

TEST(router, finds_the_right_ones_among_many) {
  constexpr std::uint32_t count = 20'000;
  auto memory = std::make_unique<router_storage<count>>();
  router routes{memory->get()};
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(routes.add("house/" + std::to_string(i) + "/light", i));
  for (std::uint32_t i = 0; i < count; i += 997)
    EXPECT_EQ(matching(routes, "house/" + std::to_string(i) + "/light"), values{i});
  EXPECT_EQ(matching(routes, "house/1"), values{});
}

}  // namespace
}  // namespace recado::chain
