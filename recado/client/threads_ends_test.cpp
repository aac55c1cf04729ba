// Eight threads and one client whose connection others make and end, and which is destroyed while they are within it.
// Run under tsan.
#include <array>
#include <fstream>
#include <latch>
#include <random>
#include <sstream>
#include <thread>

#include <recado/client/broker_test.hpp>

#include <sys/syscall.h>
#include <unistd.h>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;

constexpr unsigned threads = 8;

/// Threads that are about to wait within a call, and can be waited for until they do: a client may be destroyed while
/// others are within its calls, not while they are on the way there.
class sleepers {
 public:
  void goes_to_sleep() {
    threads_[begun_++] = static_cast<pid_t>(::syscall(SYS_gettid));
    ++count_;
  }
  /// Until so many have come and all of them are asleep, twice in a row.
  void wait_for(unsigned count) const {
    for (int looks = 0; looks < 2; std::this_thread::yield()) looks = count_ >= count && all_asleep() ? looks + 1 : 0;
  }

 private:
  bool all_asleep() const {
    for (unsigned i = 0; i < count_; ++i) {
      std::ostringstream text;
      text << std::ifstream{"/proc/self/task/" + std::to_string(threads_[i]) + "/stat"}.rdbuf();
      if (text.str().find(") S ") == std::string::npos) return false;
    }
    return true;
  }
  std::array<std::atomic<pid_t>, threads> threads_{};
  std::atomic<unsigned> begun_{0}, count_{0};
};

/// Any call, however it ends: the connection may be gone, or come back, at any moment.
void any_call(blocking_client& client, const std::string& url, std::mt19937& random, std::vector<subscription>& mine) {
  const std::string topic = "t/" + std::to_string(random() % 4);
  const auto level = static_cast<qos>(random() % 3);
  received into;
  switch (random() % 12) {
    case 0:
    case 1:
      if (const auto one = client.subscribe(
              mqtt::subscription{.filter = "t/+"}, [](const mqtt::message_received&) {}, 5s);
          one)
        mine.push_back(*one);
      break;
    case 2:
      if (const auto one = client.subscribe(mqtt::subscription{.filter = topic}, {}, 5s); one) mine.push_back(*one);
      break;
    case 3:
    case 4:
      if (mine.empty()) break;
      (void)client.unsubscribe(mine.back(), 5s);
      mine.pop_back();
      break;
    case 5:
      (void)client.receive(into, 0ms);
      break;
    case 6:
      (void)client.request("nobody", "?", 1ms);
      break;
    case 7:
      (void)client.connect(url);
      break;
    case 8:
      (void)client.disconnect(2s);
      break;
    case 9: {
      const auto source = [](std::uint32_t, mutable_bytes out) { return out.size(); };
      (void)client.publish_pieces({.topic = topic, .qos = level}, 100'000, source, 5s);
      break;
    }
    case 10:
      (void)client.status();
      (void)client.online();
      break;
    default:
      (void)client.publish({.topic = topic, .payload = as_bytes("x"), .qos = level}, 5s);
  }
}

TEST(client_threads, connect_and_disconnect_one_client) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  blocking_client client;
  std::vector<std::jthread> all;
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([&, i] {
      std::mt19937 random{i + 300};
      std::vector<subscription> mine;
      for (int k = 0; k < 60; ++k) any_call(client, broker.url(), random, mine);
    });
  all.clear();
  if (!client.online()) {
    ASSERT_OK(client.connect(broker.url()));
  }
  EXPECT_OK(client.publish("t/end", "x", qos::exactly_once));
}

// Who waits within a call when the client is destroyed is told `closed`.
TEST(client_threads, are_released_when_the_client_is_destroyed) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  for (unsigned round = 0; round < 2; ++round) {
    auto client = std::make_unique<blocking_client>();
    ASSERT_OK(client->connect(broker.url()));
    broker.pause();  // nothing is answered any more
    std::vector<std::jthread> all;
    sleepers within;
    for (unsigned i = 0; i < threads; ++i)
      all.emplace_back([&, i, raw = client.get()] {
        received into;
        const std::string filter = "s/" + std::to_string(i);
        const auto begun = raw->start_publish({.topic = "a", .qos = qos::exactly_once});
        within.goes_to_sleep();
        const auto end = [&]() -> std::expected<void, failure> {
          const auto given_back = [](auto result) -> std::expected<void, failure> {
            if (result) return {};
            return std::unexpected{result.error()};
          };
          switch (i % 4) {
            case 0:
              return given_back(raw->receive(into, no_timeout));
            case 1:
              return given_back(raw->wait(*begun, no_timeout));
            case 2:
              return given_back(raw->subscribe(
                  mqtt::subscription{.filter = filter}, [](const mqtt::message_received&) {}, no_timeout));
            default:
              return given_back(raw->request({.topic = "q"}, no_timeout));
          }
        }();
        EXPECT_EQ(error_of(end), error::closed);
      });
    within.wait_for(threads);
    client.reset();
    all.clear();
    broker.go_on();
  }
}

// A handler destroys its client while seven others wait within it.
TEST(client_threads, are_released_when_a_handler_destroys_the_client) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  for (int round = 0; round < 5; ++round) {
    auto client = std::make_unique<blocking_client>();
    blocking_client* const raw = client.get();
    std::latch gone{1};
    sleepers within;
    ASSERT_OK(raw->connect(broker.url()));
    ASSERT_OK(raw->subscribe("end", [&](const mqtt::message_received&) {
      within.wait_for(threads - 1);
      client.reset();
      gone.count_down();
    }));
    std::vector<std::jthread> all;
    for (unsigned i = 1; i < threads; ++i)
      all.emplace_back([&, raw] {
        received into;
        (void)raw->online();
        within.goes_to_sleep();
        EXPECT_EQ(error_of(raw->receive(into, no_timeout)), error::closed);
      });
    blocking_client other;
    ASSERT_OK(other.connect(broker.url()));
    ASSERT_OK(other.publish("end", "", qos::at_least_once));
    gone.wait();
    all.clear();
  }
}

}  // namespace
}  // namespace recado::client
