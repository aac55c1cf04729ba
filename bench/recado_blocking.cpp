// recado's face for programs that may wait: client/blocking_client.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <recado/client/blocking_client.hpp>

#include "scenario.hpp"

namespace {

using namespace recado;

template <class Result>
auto must(Result&& result) {
  if (!result) bench::give_up(result.error().line);
  if constexpr (!std::is_void_v<typename std::decay_t<Result>::value_type>) return std::move(*result);
}

client::options options_for(const bench::scenario& how) {
  client::options result;
  result.version = how.version == 5 ? mqtt::version::v5_0 : mqtt::version::v3_1_1;
  result.tls.ca_file = how.ca_file;
  result.sizes.in_flight = how.in_flight;
  result.timeout = std::chrono::minutes{5};
  if (how.size > result.sizes.transmit / 4) result.sizes.transmit = how.size * 4;
  return result;
}

void publish(client::blocking_client& broker, const bench::scenario& how) {
  const std::string topic = how.topic();
  const auto payload = bench::payload_of(how);
  const mqtt::message one{.topic = topic, .payload = payload, .qos = static_cast<mqtt::qos>(how.qos)};
  bench::meter meter;
  meter.start();
  for (std::uint64_t i = 0; i < how.count; ++i) (void)must(broker.start_publish(one));
  must(broker.disconnect());
  meter.stop();
  meter.report("recado client", how, how.count);
}

void receive(client::blocking_client& broker, const bench::scenario& how) {
  bench::meter meter;
  std::uint64_t messages = 0;
  std::atomic<bool> done = false;
  const auto level = static_cast<mqtt::qos>(how.qos);
  const auto count = [&](const mqtt::message_received&) {
    if (++messages == how.count) meter.stop(), done = true, done.notify_all();
  };
  for (std::size_t i = 0; i < how.subscriptions; ++i) (void)must(broker.subscribe(how.room(i), count, level));
  meter.start();
  (void)must(broker.subscribe(how.source(), count, level));
  done.wait(false);
  meter.report("recado client", how, messages);
  must(broker.disconnect());
}

/// Waits for the acknowledgements, beside the thread that publishes at its times.
class acknowledgements {
 public:
  acknowledgements(client::blocking_client& broker, bench::pace& pace)
      : broker_(broker), pace_(pace), begun_(pace.count()), thread_([this] { run(); }) {}
  void add(std::uint64_t number, client::publication which) {
    begun_[number] = which;
    ++count_, count_.notify_one();
  }

 private:
  void run() {
    for (std::uint64_t i = 0; i < begun_.size(); ++i) {
      count_.wait(i);  // until there are more than that
      (void)must(broker_.wait(begun_[i]));
      pace_.done(i);
    }
  }
  client::blocking_client& broker_;
  bench::pace& pace_;
  std::vector<client::publication> begun_;
  std::atomic<std::uint64_t> count_ = 0;
  std::jthread thread_;
};

void publish_at_times(bench::pace& pace, std::size_t size, auto&& publish) {
  std::vector<std::byte> payload(size);
  pace.start();
  for (std::uint64_t i = 0; i < pace.count(); ++i) {
    pace.wait_for(i);
    bench::put_number(payload.data(), i);
    publish(i, payload);
  }
}

void latency(client::blocking_client& broker, const bench::scenario& how) {
  bench::pace pace{how};
  const auto start = [&](recado::bytes payload) {
    return must(broker.start_publish({.topic = "echo", .payload = payload, .qos = static_cast<mqtt::qos>(how.qos)}));
  };
  if (how.qos == 0) {
    std::atomic<bool> done = false;
    (void)must(broker.subscribe("echo", [&](const mqtt::message_received& what) {
      pace.done(bench::number_of(what.payload.data()));
      if (pace.all_done()) done = true, done.notify_all();
    }));
    publish_at_times(pace, how.size, [&](std::uint64_t, recado::bytes payload) { (void)start(payload); });
    done.wait(false);
  } else {
    acknowledgements back{broker, pace};
    publish_at_times(pace, how.size, [&](std::uint64_t i, recado::bytes payload) { back.add(i, start(payload)); });
  }
  pace.report("recado client", how);
  must(broker.disconnect());
}

}  // namespace

int main(int argc, char** argv) {
  const bench::scenario how = bench::read_arguments(argc, argv);
  client::blocking_client broker{options_for(how)};
  must(broker.connect((how.ca_file.empty() ? "mqtt" : "mqtts") + std::string{"://127.0.0.1:"} +
                      std::to_string(how.port)));
  switch (how.mode) {
    case bench::mode::publish:
      return publish(broker, how), 0;
    case bench::mode::receive:
      return receive(broker, how), 0;
    case bench::mode::latency:
      return latency(broker, how), 0;
  }
}
