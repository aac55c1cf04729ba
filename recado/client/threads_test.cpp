// Every call from any thread: eight that publish, subscribe, cancel and destroy, at random. Run under tsan.
#include <random>
#include <thread>

#include <recado/client/broker_test.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;

constexpr int threads = 8;
constexpr int rounds = 60;

void any_call(blocking_client& client, std::mt19937& random, std::vector<subscription>& mine) {
  const std::string topic = "t/" + std::to_string(random() % 4);
  const auto level = static_cast<qos>(random() % 3);
  received into;
  switch (random() % 8) {
    case 0:
      if (const auto one = client.subscribe(topic); one) mine.push_back(*one);
      break;
    case 1:
      if (const auto one = client.subscribe("t/+",
                                            [&client, level](const mqtt::message_received& what) {
                                              // From the handler too, but not for ever.
                                              if (what.payload.empty()) return;
                                              (void)client.start_publish({.topic = what.topic, .qos = level});
                                            });
          one)
        mine.push_back(*one);
      break;
    case 2:
    case 3:
      if (mine.empty()) break;
      EXPECT_OK(client.unsubscribe(mine.back()));
      mine.pop_back();
      break;
    case 4:
      (void)client.receive(into, 0ms);
      break;
    case 5:
      (void)client.request("nobody", "?", 1ms);
      break;
    default:
      EXPECT_OK(client.publish(topic, "x", level));
  }
}

// original defect 35: the network was driven from several tasks without the lock that it needs
TEST(client_threads, share_one_client) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([&client, i] {
      std::mt19937 random{i};
      std::vector<subscription> mine;
      for (int k = 0; k < rounds; ++k) any_call(client, random, mine);
      for (const subscription& one : mine) EXPECT_OK(client.unsubscribe(one));
    });
  for (auto& each : all) each.join();
  EXPECT_OK(client.publish("t/end", "x", qos::exactly_once));
}

TEST(client_threads, make_and_destroy_clients_in_the_midst_of_it) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([&broker, i] {
      std::mt19937 random{i + 100};
      for (int k = 0; k < 6; ++k) {
        auto client = std::make_unique<blocking_client>();
        ASSERT_OK(client->connect(broker.url()));
        std::vector<subscription> mine;
        for (auto calls = random() % 10; calls-- > 0;) any_call(*client, random, mine);
        (void)client->start_publish({.topic = "t/1", .payload = as_bytes("x"), .qos = qos::exactly_once});
        if (random() % 3 == 0) {  // another thread waits meanwhile
          std::atomic<bool> begun{false};
          std::thread waits{[&] {
            begun = true;
            received into;
            while (client->receive(into, no_timeout)) continue;
          }};
          while (!begun) std::this_thread::yield();
          // Not before that call has begun: this one returns only after the client had the mutex.
          (void)client->publish("t/2", "x", qos::at_least_once);
          EXPECT_OK(client->disconnect());
          waits.join();
        }
        client.reset();
      }
    });
  for (auto& each : all) each.join();
}

TEST(client_threads, go_on_while_the_broker_restarts) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  options how;
  how.backoff = {.first = 5ms, .longest = 50ms};
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url()));
  std::atomic<int> done{0};
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([&client, &done, i] {
      std::mt19937 random{i + 200};
      std::vector<subscription> mine;
      for (int k = 0; k < rounds; ++k, ++done) any_call(client, random, mine);
    });
  for (int restart = 1; restart <= 2; ++restart) {
    while (done < restart * threads * rounds / 4) std::this_thread::yield();
    broker.stop();
    broker.start();
  }
  for (auto& each : all) each.join();
}

}  // namespace
}  // namespace recado::client
