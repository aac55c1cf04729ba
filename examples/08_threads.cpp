// 8. Several threads share one client. Every call may come from any thread; there is nothing to lock.
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  // All handlers run in the client's own thread, one after the other.
  int heard = 0;
  const auto all = broker.subscribe("recado/thread/+", [&](const recado::mqtt::message_received&) { ++heard; });
  if (!all) {
    std::fprintf(stderr, "%s\n", all.error().line.c_str());
    return 1;
  }
  std::atomic<int> sent{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&broker, &sent, i] {
      for (int k = 0; k < 100; ++k)
        if (broker.publish("recado/thread/" + std::to_string(i), "x", recado::mqtt::qos::at_least_once)) ++sent;
    });
  for (auto& each : threads) each.join();
  // Once `unsubscribe` has returned the handler isn't called any more, so that `heard` is ours.
  if (auto done = broker.unsubscribe(*all); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::printf("sent %d, heard %d\n", sent.load(), heard);
  return heard == sent ? 0 : 1;
}
