// 2. Subscribe to topics and print what arrives, until somebody publishes "end".
#include <cstdio>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each line at once, into a pipe, too
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  // Without a handler messages wait in a queue. The connection comes back by itself if it is lost.
  if (auto done = broker.subscribe("recado/#"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::puts("subscribed");
  recado::client::received message;  // used again for each message, so that nothing is allocated
  while (broker.receive(message, recado::client::no_timeout)) {
    std::printf("%s: %.*s\n", message.topic.c_str(), static_cast<int>(message.payload.size()), message.text().data());
    if (message.text() == "end") return 0;
  }
}
