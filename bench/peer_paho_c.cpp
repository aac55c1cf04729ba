// Paho C with its asynchronous face, MQTTAsync: a thread of its own, callbacks.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include <MQTTAsync.h>

#include "scenario.hpp"

namespace {

struct state {
  const bench::scenario& how;
  MQTTAsync client = nullptr;
  bench::meter meter{};
  bench::pace pace;
  std::vector<std::byte> payload = bench::payload_of(how);
  std::string topic = how.topic();
  std::mutex mutex{};
  std::condition_variable changed{};
  bool connected = false, subscribed = false, done = false;
  std::uint64_t handled = 0;
  std::atomic<std::uint64_t> completed = 0;
};

state& of(void* memory) { return *static_cast<state*>(memory); }

void must(int result, const char* what) {
  if (result != MQTTASYNC_SUCCESS) bench::give_up(std::string{what} + ": " + std::to_string(result));
}

void tell(state& my, bool& what) {
  const std::scoped_lock held{my.mutex};
  what = true;
  my.changed.notify_all();
}

void wait(state& my, const bool& what) {
  std::unique_lock held{my.mutex};
  my.changed.wait(held, [&] { return what; });
}

void failed(void*, MQTTAsync_failureData*) { bench::give_up("Paho C: an operation failed"); }
void failed5(void*, MQTTAsync_failureData5*) { bench::give_up("Paho C: an operation failed"); }

/// What is to be called when the operation is done.
MQTTAsync_responseOptions answer(state& my, MQTTAsync_onSuccess* plain, MQTTAsync_onSuccess5* five) {
  MQTTAsync_responseOptions result = MQTTAsync_responseOptions_initializer;
  result.context = &my;
  if (my.how.version == 5) result.onSuccess5 = five, result.onFailure5 = failed5;
  else result.onSuccess = plain, result.onFailure = failed;
  return result;
}

int arrived(void* memory, char* topic, int, MQTTAsync_message* what) {
  state& my = of(memory);
  ++my.handled;
  if (my.how.mode == bench::mode::latency) my.pace.done(bench::number_of(what->payload));
  if (my.how.mode == bench::mode::latency ? my.pace.all_done() : my.handled == my.how.count) {
    my.meter.stop();
    tell(my, my.done);
  }
  MQTTAsync_freeMessage(&what);
  MQTTAsync_free(topic);
  return 1;
}

void connect(state& my) {
  MQTTAsync_createOptions creating = MQTTAsync_createOptions_initializer;
  if (my.how.version == 5) creating = MQTTAsync_createOptions_initializer5;
  creating.maxBufferedMessages = my.how.in_flight + 100;
  const std::string where =
      (my.how.ca_file.empty() ? "tcp" : "ssl") + std::string{"://127.0.0.1:"} + std::to_string(my.how.port);
  must(MQTTAsync_createWithOptions(&my.client, where.c_str(), "paho", MQTTCLIENT_PERSISTENCE_NONE, nullptr, &creating),
       "MQTTAsync_create");
  must(MQTTAsync_setCallbacks(my.client, &my, nullptr, arrived, nullptr), "MQTTAsync_setCallbacks");
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  if (my.how.version == 5) options = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  tls.trustStore = my.how.ca_file.c_str();
  if (!my.how.ca_file.empty()) options.ssl = &tls;
  options.maxInflight = my.how.in_flight;
  options.context = &my;
  if (my.how.version == 5) {
    options.onSuccess5 = [](void* memory, MQTTAsync_successData5*) { tell(of(memory), of(memory).connected); };
    options.onFailure5 = failed5;
  } else {
    options.onSuccess = [](void* memory, MQTTAsync_successData*) { tell(of(memory), of(memory).connected); };
    options.onFailure = failed;
  }
  must(MQTTAsync_connect(my.client, &options), "MQTTAsync_connect");
  wait(my, my.connected);
}

void on_published(state& my) {
  if (my.how.mode == bench::mode::latency) {
    if (my.how.qos == 0) return;
    my.pace.done(my.handled++);
    if (my.pace.all_done()) tell(my, my.done);
    return;
  }
  // Beyond what may be in flight messages would only wait in its queue: the publisher waits instead.
  ++my.completed;
  my.completed.notify_all();
}

void publish_one(state& my) {
  auto call = answer(
      my, [](void* memory, MQTTAsync_successData*) { on_published(of(memory)); },
      [](void* memory, MQTTAsync_successData5*) { on_published(of(memory)); });
  must(MQTTAsync_send(my.client, my.topic.c_str(), static_cast<int>(my.payload.size()), my.payload.data(), my.how.qos,
                      0, &call),
       "MQTTAsync_send");
}

void wait_for_completed(state& my, std::uint64_t count) {
  for (std::uint64_t now = my.completed; now < count; now = my.completed) my.completed.wait(now);
}

void publish(state& my) {
  my.meter.start();
  for (std::uint64_t i = 0; i < my.how.count; ++i) {
    if (i >= my.how.in_flight) wait_for_completed(my, i - my.how.in_flight + 1U);
    publish_one(my);
  }
  wait_for_completed(my, my.how.count);
  my.meter.stop();
}

void subscribe(state& my) {
  auto call = answer(
      my, [](void* memory, MQTTAsync_successData*) { tell(of(memory), of(memory).subscribed); },
      [](void* memory, MQTTAsync_successData5*) { tell(of(memory), of(memory).subscribed); });
  must(MQTTAsync_subscribe(my.client, my.how.source().c_str(), my.how.qos, &call), "MQTTAsync_subscribe");
  wait(my, my.subscribed);
}

void latency(state& my) {
  subscribe(my);
  my.pace.start();
  for (std::uint64_t i = 0; i < my.pace.count(); ++i) {
    my.pace.wait_for(i);
    bench::put_number(my.payload.data(), i);
    publish_one(my);
  }
  wait(my, my.done);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::scenario how = bench::read_arguments(argc, argv);
  MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
  init.do_openssl_init = 1;
  MQTTAsync_global_init(&init);
  state my{.how = how, .pace = bench::pace{how}};
  connect(my);
  if (how.mode == bench::mode::publish) publish(my);
  else if (how.mode == bench::mode::latency) latency(my);
  else my.meter.start(), subscribe(my), wait(my, my.done);
  if (how.mode == bench::mode::latency) my.pace.report("Paho C", how);
  else my.meter.report("Paho C", how, how.mode == bench::mode::publish ? my.completed.load() : my.handled);
  std::fflush(stdout);
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  bool gone = false;
  struct both {
    state* my;
    bool* gone;
  } context{&my, &gone};
  options.context = &context;
  options.onSuccess = [](void* memory, MQTTAsync_successData*) {
    auto& it = *static_cast<both*>(memory);
    tell(*it.my, *it.gone);
  };
  options.timeout = 1000;
  if (MQTTAsync_disconnect(my.client, &options) == MQTTASYNC_SUCCESS) wait(my, gone);
  MQTTAsync_destroy(&my.client);
}
