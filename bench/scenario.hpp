// What every measuring client is told, and what it reports: one line of JSON. The runner (bench/measure.py) gives the
// same arguments to all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What is measured.
enum class mode : std::uint8_t {
  publish,  ///< `count` messages to the broker, as fast as it goes
  receive,  ///< the same from the broker
  latency,  ///< one message at a time at a fixed rate, until its echo (QoS 0) or its PUBACK (QoS 1) is there
};

/// The arguments: `CLIENT publish|receive|latency --port N --qos N --size N --count N …`.
struct scenario {
  bench::mode mode = mode::publish;
  std::string host = "127.0.0.1";  ///< the broker's IPv4 address
  std::uint16_t port = 0;
  std::string tap = "tap0";          ///< of a program that has a TCP/IP stack of its own: where it speaks,
  std::string own{};                 ///< and its IPv4 address
  std::string ca_file{};             ///< TLS if given
  int qos = 0;                       ///< of the messages
  std::size_t size = 16;             ///< bytes of payload
  std::uint64_t count = 100'000;     ///< messages
  int version = 4;                   ///< protocol level: 4 (MQTT 3.1.1) or 5
  std::uint16_t in_flight = 10'000;  ///< messages of QoS 1 and 2 on their way at most, where the client can be told
  std::uint64_t rate = 1000;         ///< messages a second, of `latency`
  std::size_t subscriptions = 0;     ///< of `receive`, where the client can: the messages are for so many, in turn

  /// The topic of what is published, of 20 bytes.
  std::string topic() const { return mode == mode::latency ? "echo" : "sensors/room/0042/is"; }
  /// The subscription that makes the broker send.
  std::string source() const;
  /// One of `subscriptions`, as the broker names them.
  static std::string room(std::size_t number);
};

/// Reads the arguments; prints what is wrong and ends the program with status 2.
scenario read_arguments(int argc, char** argv);

/// CLOCK_MONOTONIC in nanoseconds, the same in all processes.
std::int64_t nanoseconds();

/// Time, CPU, system calls and allocations of what lies between `start` and `stop`.
class meter {
 public:
  /// The first message is about to be given to the client.
  void start();
  /// The last one is done, as far as this side can see.
  void stop();
  /// Prints the line; `messages` is how many were really handled.
  void report(std::string_view client, const scenario& how, std::uint64_t messages) const;

 private:
  struct reading {
    std::int64_t at = 0;   ///< ns
    std::int64_t cpu = 0;  ///< ns, user and system
    std::int64_t user = 0;
    std::uint64_t calls = 0, sends = 0, allocations = 0;
  };
  static reading read();
  reading begun_{}, ended_{};
};

/// Messages at a fixed rate: each has a time at which it is due, and its latency counts from then, whenever it was
/// really sent. So a stall is seen by all the messages that it delayed.
class pace {
 public:
  explicit pace(const scenario& how);
  /// Begins now.
  void start();
  /// When message `number` is due, in ns.
  std::int64_t due(std::uint64_t number) const { return begun_ + static_cast<std::int64_t>(number) * period_; }
  /// Waits until message `number` is due.
  void wait_for(std::uint64_t number) const;
  /// Message `number` came back now.
  void done(std::uint64_t number);
  std::uint64_t count() const { return count_; }
  bool all_done() const { return latencies_.size() == count_; }
  /// Prints the line with the percentiles.
  void report(std::string_view client, const scenario& how);

 private:
  std::int64_t period_;
  std::int64_t begun_ = 0;
  std::uint64_t count_;
  std::vector<std::int64_t> latencies_;
};

/// Ends the program with a line of words, status 1.
[[noreturn]] void give_up(std::string_view why);

/// Payload of the wished size.
std::vector<std::byte> payload_of(const scenario& how);
/// The number of the message, which stands in its first eight bytes.
std::uint64_t number_of(const void* payload);
void put_number(void* payload, std::uint64_t number);

}  // namespace bench
