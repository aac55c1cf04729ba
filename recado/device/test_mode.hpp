// Test mode: how long does it take to write and to read a message, layer by layer?
//
// Each cycle publishes a random printable message on the secret topic, to which the device itself is subscribed, and
// reads it back. Measured is only what this side works: encoding, encryption and the system calls on the way out;
// system calls, decryption and decoding on the way in, once the whole message has arrived. The wait for the broker is
// in neither, and there are no pauses. QoS 0, so that no acknowledgement is in between.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <recado/device/board.hpp>
#include <recado/device/channel.hpp>
#include <recado/device/statistics.hpp>
#include <recado/mqtt/session.hpp>

namespace recado::device {

/// One cycle, in nanoseconds.
struct test_sample {
  std::uint32_t encode = 0,   ///< writing: MQTT
      encrypt = 0,            ///< writing: TLS
      send = 0;               ///< writing: the network's stream
  std::uint32_t receive = 0,  ///< reading: the network's stream
      decrypt = 0,            ///< reading: TLS
      decode = 0;             ///< reading: MQTT
  /// All of the way out.
  constexpr std::uint32_t write() const { return encode + encrypt + send; }
  /// All of the way in.
  constexpr std::uint32_t read() const { return receive + decrypt + decode; }
};

/// Takes what is measured.
class test_log {
 public:
  /// Cycle `number`, from 1, with messages of so many bytes.
  virtual void cycle(std::uint32_t bytes, std::uint32_t number, const test_sample& sample) = 0;
  /// All cycles with that size are done; summaries in nanoseconds.
  virtual void size_done(std::uint32_t bytes, const summary& write, const summary& read) = 0;

 protected:
  ~test_log() = default;
};

/// What to measure: so many cycles with each size.
struct test_plan {
  std::span<const std::uint32_t> sizes;  ///< bytes of the messages, 1 to `test_bytes_max`
  std::uint32_t cycles = 0;  ///< with each size
  std::uint32_t warm_up = 2;        ///< cycles before each size that don't count: caches and buffers find their state
  std::uint32_t first_warm_up = 0;  ///< so many more before the first size
  test_log* log = nullptr;    ///< may be null
  std::string_view name;      ///< stands before each line, to tell two devices apart; may be empty
  /// Rests before each cycle, and before the end, until `take_turn`: so two devices can be measured alternately.
  bool by_turns = false;
};

/// The longest message of a test.
inline constexpr std::uint32_t test_bytes_max = 65536;

/// Runs a plan.
class test_mode {
 public:
  /// `payload` holds one message; `write` and `read` hold one sample for each cycle.
  struct memory {
    mutable_bytes payload;           ///< room for one message
    std::span<std::uint32_t> write,  ///< one sample for each cycle
        read;                        ///< one sample for each cycle
  };

  /// All must outlive it; the session is subscribed to the secret topic before `start`.
  test_mode(const configuration& chosen, const board& on, mqtt::session& session, channel& wire, const test_plan& plan,
            const memory& given);
  test_mode(const configuration&, board&&, mqtt::session&, channel&, const test_plan&, const memory&) = delete;

  /// The session is online and subscribed: begins with the first cycle.
  void start(instant now);
  /// A message came; it counts if it is the one that was sent.
  void on_message(const mqtt::message_received& message, instant now);
  /// Begins the next cycle when one is due; the fault that ends the test, if there is one.
  fault step(instant now);
  /// True once all is measured and shown.
  bool finished() const { return stage_ == stage::done; }
  /// With a plan by turns: waits for `take_turn`.
  bool resting() const { return stage_ == stage::resting; }
  /// Nothing is left to measure.
  bool all_measured() const { return size_ >= plan_.sizes.size(); }
  /// One more cycle; the end, if all is measured.
  void take_turn() {
    if (resting()) stage_ = all_measured() ? stage::done : stage::due;
  }
  /// When `step` is due at the latest.
  instant deadline() const { return stage_ == stage::due ? instant::min() : stage_ == stage::waiting ? until_ : never; }

 private:
  enum class stage : std::uint8_t { idle, resting, due, waiting, done };
  fault write(instant now);
  void record(const test_sample& sample);
  void print_cycle(const test_sample& sample);
  void print_summary(std::uint32_t bytes, const summary& write, const summary& read);
  void next_size();
  std::uint32_t warm_up() const { return plan_.warm_up + (size_ == 0 ? plan_.first_warm_up : 0); }
  stage next() const { return plan_.by_turns ? stage::resting : all_measured() ? stage::done : stage::due; }

  const configuration& chosen_;
  const board& on_;
  mqtt::session& session_;
  channel& wire_;
  test_plan plan_;
  memory memory_;
  stage stage_ = stage::idle;
  instant until_ = never;
  std::size_t size_ = 0;
  std::uint32_t cycle_ = 0;  // with the warm-up
  std::uint64_t write_sum_ = 0, read_sum_ = 0;
  test_sample sample_{};
  fault why_;
};

}  // namespace recado::device
