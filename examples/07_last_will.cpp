// 7. A device whose state everybody can see: "online" while it is there, "offline" when it goes, however it goes.
//
//   07_last_will URL          says goodbye by publishing "offline" itself
//   07_last_will URL crash    just ends; the broker publishes the will
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  using recado::mqtt::qos;
  recado::client::options how;
  how.will = recado::client::will{
      .topic = "recado/device/state", .payload = "offline", .qos = qos::at_least_once, .retain = true};
  recado::client::blocking_client broker{how};
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  // Retained: whoever subscribes later learns the state at once.
  if (auto done = broker.publish("recado/device/state", "online", qos::at_least_once, true); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::puts("online");
  if (argc > 2 && argv[2] == std::string_view{"crash"}) {
    std::fflush(stdout);
    std::_Exit(0);
  }
  if (auto done = broker.publish("recado/device/state", "offline", qos::at_least_once, true); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::puts("offline");
}
