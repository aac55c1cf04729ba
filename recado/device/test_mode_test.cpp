// The test mode of the device: what it measures, of what, and how it ends.
#include <gmock/gmock.h>

#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(application, the_test_mode_measures_every_size) {
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{7}}) {
    simulation s;
    s.net.broker.piece = piece;
    const std::uint32_t sizes[] = {16, 1024};
    struct log final : test_log {
      void cycle(std::uint32_t, std::uint32_t number, const test_sample& sample) override {
        numbers.push_back(number);
        EXPECT_GT(sample.encode, 0u);
        EXPECT_GT(sample.send, 0u);
        EXPECT_GT(sample.receive, 0u);
        EXPECT_GT(sample.decode, 0u);
        EXPECT_EQ(sample.encrypt + sample.decrypt, 0u) << "there is no TLS";
      }
      void size_done(std::uint32_t bytes, const summary& write, const summary& read) override {
        done.push_back(bytes);
        EXPECT_EQ(write.count, 5u);
        EXPECT_GT(read.median, 0u);
      }
      std::vector<std::uint32_t> numbers, done;
    } taken;
    test_plan plan;
    plan.sizes = sizes, plan.cycles = 5, plan.log = &taken;
    s.start(&plan);
    s.run(10s);
    EXPECT_TRUE(s.device->ended());
    EXPECT_FALSE(s.device->failure());
    EXPECT_THAT(taken.done, ElementsAre(16u, 1024u));
    EXPECT_THAT(taken.numbers, ElementsAre(1, 2, 3, 4, 5, 1, 2, 3, 4, 5));
    EXPECT_TRUE(s.payloads("public").empty()) << "it says goodbye without a hello: " << s.payloads("public")[0];
    for (const std::string& each : s.payloads("secret"))
      for (const char c : each) ASSERT_TRUE(c >= 32 && c <= 126);
  }
}

// What a stream lends of one message it tells as sent with the next, whose echo is no longer for that.
TEST(application, the_test_mode_awaits_no_more_than_its_message_where_the_stream_lends) {
  simulation s;
  s.net.broker.lends = true;
  struct log final : test_log {
    explicit log(const simulation& of) : s(of) {}
    void cycle(std::uint32_t, std::uint32_t, const test_sample&) override { at.push_back(s.now); }
    void size_done(std::uint32_t, const summary&, const summary&) override {}
    const simulation& s;
    std::vector<instant> at;
  } taken{s};
  const std::uint32_t sizes[] = {512, 1024, 16};
  test_plan plan;
  plan.sizes = sizes, plan.cycles = 5, plan.log = &taken;
  s.start(&plan);
  s.run(10s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_FALSE(s.device->failure()) << s.panel.lines.back();
  ASSERT_EQ(taken.at.size(), 15u);
  EXPECT_LT(taken.at.back() - taken.at.front(), 20ms) << "it waited in vain for more";
}

// original defect 45: the counter ran on from where it was, and what it had counted before was measured too
TEST(application, the_test_mode_measures_alike_wherever_the_stopwatch_stands) {
  struct log final : test_log {
    void cycle(std::uint32_t, std::uint32_t, const test_sample& each) override {
      for (const std::uint32_t time : {each.encode, each.send, each.receive, each.decode}) times.push_back(time);
    }
    void size_done(std::uint32_t, const summary&, const summary&) override {}
    std::vector<std::uint32_t> times;
  };
  const auto measured_from = [](std::uint64_t count) {
    simulation s;
    s.watch.count = count;
    const std::uint32_t sizes[] = {16, 128};
    log taken;
    test_plan plan;
    plan.sizes = sizes, plan.cycles = 5, plan.log = &taken;
    s.start(&plan);
    s.run(10s);
    EXPECT_TRUE(s.device->ended());
    return taken.times;
  };
  const auto from_zero = measured_from(0);
  EXPECT_EQ(from_zero.size(), 40u);
  EXPECT_LT(*std::ranges::max_element(from_zero), 100'000u);
  for (const std::uint64_t count : {std::uint64_t{1} << 32, std::uint64_t{1} << 62, ~std::uint64_t{0} - 50'000})
    EXPECT_EQ(measured_from(count), from_zero) << count;
}

TEST(application, the_test_mode_by_turns_rests_before_each_cycle_and_before_the_end) {
  simulation s;
  const std::uint32_t sizes[] = {16, 32};
  test_plan plan;
  plan.sizes = sizes, plan.cycles = 2, plan.warm_up = 1, plan.by_turns = true, plan.name = "TLS ";
  s.start(&plan);
  for (std::size_t turn = 0; turn < 6; ++turn) {
    s.run(1s);
    ASSERT_TRUE(s.device->resting()) << turn;
    ASSERT_FALSE(s.device->all_measured()) << turn;
    ASSERT_EQ(s.payloads("secret").size(), turn);
    s.device->take_turn();
    EXPECT_FALSE(s.device->resting()) << turn;
  }
  s.run(1s);
  EXPECT_TRUE(s.device->resting() && s.device->all_measured());
  EXPECT_FALSE(s.device->ended());
  EXPECT_EQ(s.device->broker_address(), (endpoint{ip_address::v4(10, 0, 0, 1), 1883}));
  s.device->take_turn();
  s.run(1s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_FALSE(s.device->failure());
  EXPECT_EQ(s.payloads("secret").size(), 6u);
}

TEST(application, without_the_button_a_plan_changes_nothing) {
  simulation s;
  const std::uint32_t sizes[] = {16};
  test_plan plan;
  plan.sizes = sizes, plan.cycles = 5;
  s.start(&plan, false);
  s.run(1s);
  EXPECT_FALSE(s.device->ended());
  EXPECT_THAT(s.payloads("public"), ElementsAre("[PLACA CONECTADA]"));
  EXPECT_TRUE(s.payloads("secret").empty());
}

TEST(application, the_test_mode_finds_a_message_that_differs) {
  simulation s;
  const std::uint32_t sizes[] = {16};
  test_plan plan;
  plan.sizes = sizes, plan.cycles = 5;
  s.net.broker.spoil = true;
  s.start(&plan);
  s.run(10s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_TRUE(is(s.device->failure(), chain::error::message_differs));
}

TEST(application, the_test_mode_ends_when_a_message_does_not_come_back) {
  simulation s;
  s.chosen.broker.secret_topic = "not-echoed";
  const std::uint32_t sizes[] = {16};
  test_plan plan;
  plan.sizes = sizes, plan.cycles = 5;
  s.start(&plan);
  s.run(20s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_TRUE(is(s.device->failure(), chain::error::message_missing));
}

}  // namespace
}  // namespace recado::device
