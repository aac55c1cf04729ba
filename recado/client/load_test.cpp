// What a message costs: no allocation, and a small part of a system call.
#include <recado/client/broker_test.hpp>
#include <tests/support/count_calls.hpp>

namespace recado::client {
namespace {

using mqtt::qos;

class client_under_load : public testing::TestWithParam<qos> {
 protected:
  test::mosquitto broker{mosquitto_program, own_folder()};
};

TEST_P(client_under_load, publishes_without_allocating_and_sends_many_at_once) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  constexpr std::size_t count = 50'000;
  const auto run = [&](std::size_t messages) {
    publication last;
    for (std::size_t i = 0; i < messages; ++i) {
      const auto begun = client.start_publish(
          {.topic = "load/without/subscribers", .payload = as_bytes("0123456789abcdef"), .qos = GetParam()});
      ASSERT_TRUE(begun) << begun.error().line;
      last = *begun;
    }
    ASSERT_TRUE(client.wait(last));
  };
  run(5000);
  const test::call_counts before = test::counts();
  run(count);
  const test::call_counts after = test::counts();
  EXPECT_EQ(after.allocations - before.allocations, 0u);
  const double sends = static_cast<double>(after.sends - before.sends) / count;
  RecordProperty("sends_per_message", std::to_string(sends));
  std::printf("QoS %d: %.4f sends and %.4f receives per message\n", static_cast<int>(GetParam()), sends,
              static_cast<double>(after.receives - before.receives) / count);
  // With QoS 1 and 2 the broker's answers set the pace: mosquitto takes 20 messages at a time by default and answers
  // one by one, and of QoS 2 the second packet leaves when it asks for it. How many of its answers come together is the
  // system's choice; no packet takes a call of its own where several wait.
  const double limits[] = {0.5, 1.0, 2.0};
  EXPECT_LT(sends, limits[static_cast<int>(GetParam())]);
}

TEST_P(client_under_load, receives_without_allocating) {
  blocking_client from, to;
  ASSERT_OK(from.connect(broker.url()));
  ASSERT_OK(to.connect(broker.url()));
  std::atomic<std::size_t> heard{0};
  ASSERT_OK(to.subscribe(
      "load/+", [&](const mqtt::message_received&) { ++heard; }, GetParam()));
  ASSERT_OK(to.subscribe("queue", {}, GetParam()));
  received one;
  const auto run = [&](std::size_t messages) {
    for (std::size_t i = 0; i < messages; ++i) {
      ASSERT_TRUE(from.start_publish({.topic = "load/1", .payload = as_bytes("0123456789abcdef"), .qos = GetParam()}));
      ASSERT_TRUE(from.start_publish({.topic = "queue", .payload = as_bytes("0123456789abcdef"), .qos = GetParam()}));
      const auto got = to.receive(one);
      ASSERT_TRUE(got && *got);
    }
  };
  run(1000);
  const test::call_counts before = test::counts();
  run(5000);
  EXPECT_EQ(test::counts().allocations - before.allocations, 0u);
  EXPECT_EQ(heard, 6000u) << "each came before its companion of the queue";
}

// No other thread has to wake for a message that has time for itself. The client's own may be awake still, or the
// machine busy, so it isn't each of them.
TEST_P(client_under_load, a_single_message_leaves_by_the_thread_that_publishes_it) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  const std::size_t before = test::sends_of_this_thread();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (test::sends_of_this_thread() - before < 10 && std::chrono::steady_clock::now() < end) {
    ASSERT_OK(client.publish("single", "x", GetParam()));
    ASSERT_OK(client.publish("single", "x", qos::at_least_once));  // an answer's time
  }
  EXPECT_GE(test::sends_of_this_thread() - before, 10u);
}

// Some leave by one thread and some by the other, and between them are long ones that neither sends at once.
TEST_P(client_under_load, keeps_the_order_whichever_thread_sends) {
  blocking_client from, to;
  ASSERT_OK(from.connect(broker.url()));
  ASSERT_OK(to.connect(broker.url()));
  std::vector<std::string> heard;
  tally all;
  ASSERT_OK(to.subscribe(
      "order",
      [&](const mqtt::message_received& what) {
        heard.push_back(std::string{recado::as_text(what.payload.first(4))});
        all.add();
      },
      GetParam()));
  constexpr std::size_t count = 3000;
  const std::string long_tail(300'000, '.');
  for (std::size_t i = 0; i < count; ++i) {
    std::string payload = std::to_string(1000 + i);
    if (i % 500 == 250) payload += long_tail;
    ASSERT_TRUE(from.start_publish({.topic = "order", .payload = as_bytes(payload), .qos = GetParam()}));
    if (i % 10 != 0) continue;
    ASSERT_OK(from.publish("order/pause", "x", qos::at_least_once));
  }
  ASSERT_TRUE(all.reaches(count)) << all.count();
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(heard[i], std::to_string(1000 + i));
}

INSTANTIATE_TEST_SUITE_P(qos, client_under_load,
                         testing::Values(qos::at_most_once, qos::at_least_once, qos::exactly_once),
                         [](const auto& which) { return std::to_string(static_cast<int>(which.param)); });

}  // namespace
}  // namespace recado::client
