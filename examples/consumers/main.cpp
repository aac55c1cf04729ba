// What a program of one's own begins with; the projects beside it build it in three ways.
#include <cstdio>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argc > 1 ? argv[1] : "mqtt://127.0.0.1"); !done) {
    std::printf("%s\n", done.error().line.c_str());
    return 1;
  }
  return broker.publish("recado/consumer", "hello", recado::mqtt::qos::at_least_once) ? 0 : 1;
}
