// 1. Publish one message and be sure that the broker has it.
#include <cstdio>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());  // who, the cause and the remedy, in one line
    return 1;
  }
  // QoS 1: when this returns, the broker has acknowledged it.
  const auto sent = broker.publish("recado/greeting", "hello", recado::mqtt::qos::at_least_once);
  if (!sent) {
    std::fprintf(stderr, "%s\n", sent.error().line.c_str());
    return 1;
  }
  std::puts("published");
}
