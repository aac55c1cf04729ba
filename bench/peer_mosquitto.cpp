// libmosquitto, in one thread for throughput and with its own thread for latency, as its manual shows both.
#include <atomic>
#include <cstring>
#include <string>

#include <mosquitto.h>

#include "scenario.hpp"

namespace {

struct state {
  const bench::scenario& how;
  bench::meter meter{};
  bench::pace pace;
  std::vector<std::byte> payload = bench::payload_of(how);
  std::string topic = how.topic();
  std::uint64_t sent = 0, handled = 0;
  std::atomic<bool> connected = false, subscribed = false, done = false;
};

void must(int result, const char* what) {
  if (result != MOSQ_ERR_SUCCESS) bench::give_up(std::string{what} + ": " + mosquitto_strerror(result));
}

state& of(void* memory) { return *static_cast<state*>(memory); }

void finish(mosquitto* client, state& my) {
  if (my.how.mode == bench::mode::receive) my.meter.stop();
  my.done = true;
  my.done.notify_all();
  if (my.how.mode != bench::mode::latency) mosquitto_disconnect(client);
}

void on_message(mosquitto* client, void* memory, const mosquitto_message* what) {
  state& my = of(memory);
  ++my.handled;
  if (my.how.mode == bench::mode::latency) my.pace.done(bench::number_of(what->payload));
  const bool all = my.how.mode == bench::mode::latency ? my.pace.all_done() : my.handled == my.how.count;
  if (all) finish(client, my);
}

void on_publish(mosquitto* client, void* memory, int identifier) {
  state& my = of(memory);
  if (my.how.mode == bench::mode::latency) {
    // Identifiers count from 2, behind that of SUBSCRIBE, and answers come in their order.
    (void)identifier;
    if (my.how.qos == 0) return;
    my.pace.done(my.handled++);
    if (my.pace.all_done()) finish(client, my);
    return;
  }
  if (++my.handled == my.how.count) finish(client, my);
}

mosquitto* make_client(state& my) {
  mosquitto* const client = mosquitto_new("mosquitto", true, &my);
  if (client == nullptr) bench::give_up("mosquitto_new failed");
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, my.how.version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_max_inflight_messages_set(client, my.how.in_flight);
  if (!my.how.ca_file.empty())
    must(mosquitto_tls_set(client, my.how.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr), "mosquitto_tls_set");
  mosquitto_connect_callback_set(client, [](mosquitto*, void* memory, int) { of(memory).connected = true; });
  mosquitto_subscribe_callback_set(
      client, [](mosquitto*, void* memory, int, int, const int*) { of(memory).subscribed = true; });
  mosquitto_message_callback_set(client, on_message);
  mosquitto_publish_callback_set(client, on_publish);
  must(mosquitto_connect(client, "127.0.0.1", my.how.port, 60), "mosquitto_connect");
  return client;
}

void publish_one(mosquitto* client, state& my) {
  must(mosquitto_publish(client, nullptr, my.topic.c_str(), static_cast<int>(my.payload.size()), my.payload.data(),
                         my.how.qos, false),
       "mosquitto_publish");
  ++my.sent;
}

void loop_until(mosquitto* client, const std::atomic<bool>& what) {
  while (!what) must(mosquitto_loop(client, 1000, 1), "mosquitto_loop");
}

void publish(mosquitto* client, state& my) {
  my.meter.start();
  while (!my.done) {
    // Beyond what may be in flight messages would only wait in its queue.
    for (int batch = 0; batch < 100 && my.sent < my.how.count && my.sent - my.handled < my.how.in_flight; ++batch)
      publish_one(client, my);
    if (mosquitto_loop(client, my.sent < my.how.count && my.how.qos == 0 ? 0 : 100, 1) != MOSQ_ERR_SUCCESS) break;
  }
  while (mosquitto_loop(client, 100, 1) == MOSQ_ERR_SUCCESS) continue;
  my.meter.stop();
}

void receive(mosquitto* client, state& my) {
  my.meter.start();
  must(mosquitto_subscribe(client, nullptr, my.how.source().c_str(), my.how.qos), "mosquitto_subscribe");
  while (!my.done && mosquitto_loop(client, 1000, 1) == MOSQ_ERR_SUCCESS) continue;
}

void latency(mosquitto* client, state& my) {
  must(mosquitto_subscribe(client, nullptr, "echo", 0), "mosquitto_subscribe");
  loop_until(client, my.subscribed);
  must(mosquitto_loop_start(client), "mosquitto_loop_start");
  my.pace.start();
  for (std::uint64_t i = 0; i < my.pace.count(); ++i) {
    my.pace.wait_for(i);
    bench::put_number(my.payload.data(), i);
    publish_one(client, my);
  }
  my.done.wait(false);
  mosquitto_disconnect(client);
  mosquitto_loop_stop(client, false);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::scenario how = bench::read_arguments(argc, argv);
  mosquitto_lib_init();
  state my{.how = how, .pace = bench::pace{how}};
  mosquitto* const client = make_client(my);
  loop_until(client, my.connected);
  if (how.mode == bench::mode::publish) publish(client, my);
  else if (how.mode == bench::mode::receive) receive(client, my);
  else latency(client, my);
  if (how.mode == bench::mode::latency) my.pace.report("libmosquitto", how);
  else my.meter.report("libmosquitto", how, my.handled);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();
}
