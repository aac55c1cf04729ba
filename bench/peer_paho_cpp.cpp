// Paho C++ with its asynchronous client, as its examples use it: one token for each message.
#include <atomic>
#include <deque>
#include <string>

#include <mqtt/async_client.h>

#include "scenario.hpp"

namespace {

void publish(mqtt::async_client& client, const bench::scenario& how, bench::meter& meter) {
  const auto payload = bench::payload_of(how);
  const std::string topic = how.topic();
  std::deque<mqtt::delivery_token_ptr> waiting;
  meter.start();
  for (std::uint64_t i = 0; i < how.count; ++i) {
    if (waiting.size() >= how.in_flight) waiting.front()->wait(), waiting.pop_front();
    waiting.push_back(client.publish(topic, payload.data(), payload.size(), how.qos, false));
  }
  for (const auto& one : waiting) one->wait();
  meter.stop();
}

class receiver final : public virtual mqtt::callback {
 public:
  receiver(const bench::scenario& how, bench::meter& meter, bench::pace& pace)
      : how_(how), meter_(meter), pace_(pace) {}
  void message_arrived(mqtt::const_message_ptr what) override {
    ++handled;
    if (how_.mode == bench::mode::latency) pace_.done(bench::number_of(what->get_payload().data()));
    if (how_.mode == bench::mode::latency ? !pace_.all_done() : handled != how_.count) return;
    meter_.stop();
    done = true;
    done.notify_all();
  }
  std::uint64_t handled = 0;
  std::atomic<bool> done = false;

 private:
  const bench::scenario& how_;
  bench::meter& meter_;
  bench::pace& pace_;
};

void latency(mqtt::async_client& client, const bench::scenario& how, bench::pace& pace, receiver& answers) {
  client.subscribe("echo", 0)->wait();
  auto payload = bench::payload_of(how);
  pace.start();
  for (std::uint64_t i = 0; i < pace.count(); ++i) {
    pace.wait_for(i);
    bench::put_number(payload.data(), i);
    const auto token = client.publish("echo", payload.data(), payload.size(), how.qos, false);
    if (how.qos != 0) token->wait(), pace.done(i);
  }
  if (how.qos == 0) answers.done.wait(false);
}

mqtt::connect_options options_for(const bench::scenario& how) {
  mqtt::connect_options result;
  if (how.version == 5) result.set_mqtt_version(MQTTVERSION_5), result.set_clean_start(true);
  result.set_max_inflight(how.in_flight);
  if (how.ca_file.empty()) return result;
  mqtt::ssl_options tls;
  tls.set_trust_store(how.ca_file);
  result.set_ssl(tls);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::scenario how = bench::read_arguments(argc, argv);
  bench::meter meter;
  bench::pace pace{how};
  try {
    mqtt::create_options creating;
    if (how.version == 5) creating = mqtt::create_options{MQTTVERSION_5};
    creating.set_max_buffered_messages(how.in_flight + 100);
    mqtt::async_client client{
        (how.ca_file.empty() ? "tcp" : "ssl") + std::string{"://127.0.0.1:"} + std::to_string(how.port), "paho-cpp",
        creating, nullptr};
    receiver answers{how, meter, pace};
    client.set_callback(answers);
    client.connect(options_for(how))->wait();
    if (how.mode == bench::mode::publish) publish(client, how, meter);
    if (how.mode == bench::mode::latency) latency(client, how, pace, answers);
    if (how.mode == bench::mode::receive)
      meter.start(), client.subscribe(how.source(), how.qos), answers.done.wait(false);
    if (how.mode == bench::mode::latency) pace.report("Paho C++", how);
    else meter.report("Paho C++", how, how.mode == bench::mode::publish ? how.count : answers.handled);
    std::fflush(stdout);
    client.disconnect(1000)->wait();
  } catch (const std::exception& what) {
    bench::give_up(what.what());
  }
}
