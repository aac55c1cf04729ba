// 4. QoS 2, many messages on their way at a time: start them all, then wait for the last acknowledgement of each.
#include <cstdio>
#include <string>
#include <vector>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::vector<recado::client::publication> started;
  for (int i = 0; i < 1000; ++i) {
    const std::string payload = std::to_string(i);
    // Returns at once unless the buffer is full; what it is given may go away then.
    const auto one = broker.start_publish(
        {.topic = "recado/counter", .payload = recado::as_bytes(payload), .qos = recado::mqtt::qos::exactly_once});
    if (!one) {
      std::fprintf(stderr, "%s\n", one.error().line.c_str());
      return 1;
    }
    started.push_back(*one);
  }
  for (const auto& one : started) {
    if (const auto done = broker.wait(one); !done) {
      std::fprintf(stderr, "%s\n", done.error().line.c_str());
      return 1;
    }
  }
  std::printf("%zu messages arrived exactly once\n", started.size());
}
