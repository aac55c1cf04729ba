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

TEST(router, files_what_3_1_1_takes_for_a_filter_like_any_other) {
  router_storage<8> memory;
  router routes{memory.get()};
  std::uint32_t value = 0;
  for (const char* filter : {"$share/g", "$share//a", "$share/+/a", "$share/g/a"}) {
    ASSERT_TRUE(routes.add(filter, ++value, mqtt::version::v3_1_1)) << filter;
    EXPECT_EQ(routes.add(filter, 9).has_value(), value == 4) << filter;
  }
  EXPECT_EQ(matching(routes, "$share/g"), values{1});
  EXPECT_EQ(matching(routes, "a"), (values{4, 9})) << "servers share with clients of 3.1.1, too";
  EXPECT_FALSE(routes.add("a+", 1, mqtt::version::v3_1_1));
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

// So many filters of the same shapes, and the cost of the same topics among them.
router_cost cost_among(std::uint32_t count, std::string_view topic) {
  auto memory = std::make_unique<router_storage<10'003>>();
  router routes{memory->get()};
  EXPECT_TRUE(routes.add("house/+/light", 0));
  EXPECT_TRUE(routes.add("+/7/#", 1));
  EXPECT_TRUE(routes.add("#", 2));
  for (std::uint32_t i = 0; i < count; ++i)
    EXPECT_TRUE(routes.add("house/" + std::to_string(i) + (i % 2 == 0 ? "/light" : "/door"), i + 3));
  return routes.cost(topic);
}

TEST(router, costs_the_same_among_ten_and_ten_thousand) {
  for (const char* topic : {"house/6/light", "house/7/door", "house", "elsewhere/7/light", "house/6/light/more"}) {
    const router_cost few = cost_among(10, topic), many = cost_among(10'000, topic);
    EXPECT_EQ(few.visited, many.visited) << topic;
    EXPECT_EQ(few.matched, many.matched) << topic;
    EXPECT_LE(many.compared, few.compared + 8) << topic << ": neighbours in the hash table";
  }
  const router_cost one = cost_among(10'000, "house/6/light");
  EXPECT_EQ(one.matched, 3u);
  EXPECT_LE(one.visited, 9u) << "two ways at each of three levels, and the root";
}

// Over all topics of a full router: the hash table keeps its entries apart.
TEST(router, compares_less_than_two_entries_for_each_level_on_average) {
  constexpr std::uint32_t count = 10'000;
  auto memory = std::make_unique<router_storage<count>>();
  router routes{memory->get()};
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(routes.add("house/" + std::to_string(i) + "/light", i));
  std::size_t compared = 0, most = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const router_cost cost = routes.cost("house/" + std::to_string(i) + "/light");
    ASSERT_EQ(cost.visited, 4u);
    compared += cost.compared, most = std::max(most, cost.compared);
  }
  EXPECT_LT(compared, 2 * 3 * count);
  EXPECT_LE(most, 16u);
}

}  // namespace
}  // namespace recado::chain
