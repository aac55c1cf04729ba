// What a board has to offer: small interfaces, so that the application is the same source on a PC and on a
// microcontroller. Nothing here blocks; a board wakes its loop when something happened or a deadline came. All is
// called in the thread of that loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/chain/bring_up.hpp>
#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>
#include <recado/device/configuration.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/store/storage.hpp>
#include <recado/wire/machine.hpp>

namespace recado::device {

/// How many LEDs the commands of the secret topic know.
inline constexpr unsigned led_count = 3;

/// The LEDs, numbered from 1.
class leds {
 public:
  /// Switches one of them, 1 to `led_count`, on or off.
  virtual void set(unsigned led, bool on) = 0;

 protected:
  ~leds() = default;
};

/// The button that ends the application, and whose state at the start chooses the test mode.
class button {
 public:
  /// True once for each press.
  virtual bool pressed() = 0;
  /// True if it was down when the device started.
  virtual bool held_at_start() = 0;

 protected:
  ~button() = default;
};

/// A clock that goes on while the device is off.
class real_time_clock {
 public:
  /// The civil time, or nothing if it was never set.
  virtual std::optional<utc_time> read() = 0;
  /// Sets it; called when NTP has told the time.
  virtual void set(utc_time time) = 0;

 protected:
  ~real_time_clock() = default;
};

/// Counts nanoseconds, as finely as the board can, from an arbitrary beginning.
class stopwatch {
 public:
  /// Nanoseconds since that beginning; never goes back.
  virtual std::uint64_t nanoseconds() = 0;

 protected:
  ~stopwatch() = default;
};

/// How a rung of the ladder stands, for the console.
struct rung_report {
  /// Begun, reached, could not be reached, or lost after it had been reached.
  enum class kind : std::uint8_t { begun, reached, failed, lost };
  kind what;                ///< what happened to the rung
  chain::rung at;           ///< the rung of the ladder
  duration took{};          ///< since it was begun
  std::string_view detail;  ///< what was reached ("10.77.0.100/24 from 10.77.0.1"), or why it failed
};

/// Where the user reads. `line` comes without its end.
class console {
 public:
  /// Takes one line of that level; the text lives as long as the call.
  virtual void line(console_level level, std::string_view text) = 0;
  /// The same up to its zero.
  void line(console_level level, const char* text) { line(level, std::string_view{text}); }
  /// The same of what was written there.
  void line(console_level level, const buffer_sink& text) { line(level, text.view()); }
  /// Shows how a rung stands; the report lives as long as the call.
  virtual void rung(const rung_report& report) = 0;

 protected:
  ~console() = default;
};

/// Memory that survives a reset, in blocks that are erased as a whole and programmed once after that.
class storage {
 public:
  /// Bytes of one block.
  virtual std::size_t block_bytes() const = 0;
  /// How many blocks there are; two or more are needed to remember anything.
  virtual std::size_t block_count() const = 0;
  /// Reads from `offset` (bytes from the start) on; false if the chip failed or that is beyond the end.
  virtual bool read(std::size_t offset, mutable_bytes into) = 0;
  /// Programs erased bytes from `offset` on, within one block; false if that failed.
  virtual bool program(std::size_t offset, bytes what) = 0;
  /// Erases one block, counted from 0; false if that failed.
  virtual bool erase(std::size_t block) = 0;
  /// Everything programmed and erased so far is safe when this returns true.
  virtual bool sync() = 0;

 protected:
  ~storage() = default;
};

/// One TCP connection after another.
class stream {
 public:
  /// How a stream stands.
  enum class phase : std::uint8_t { idle, connecting, open, closed };

  /// Starts to connect.
  virtual std::expected<void, fault> connect(const endpoint& peer, instant now) = 0;
  /// Goes on connecting or closing, and says how it stands.
  virtual phase advance(instant now) = 0;
  /// Why it is closed.
  virtual fault why() const = 0;
  /// Gives bytes to the network: how many it took, 0 if there is no room now.
  virtual std::expected<std::size_t, fault> send(bytes data, instant now) = 0;
  /// Takes what has arrived, 0 if nothing has. The end of the stream is the fault `closed_by_peer`.
  virtual std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now) = 0;
  /// How many bytes have arrived and wait for `receive`.
  virtual std::size_t available() = 0;
  /// Bytes of what `send` was given that are on their way though it hasn't answered them as taken: the stream borrows
  /// them where they are, and later calls begin with the same bytes.
  virtual std::size_t lent() const { return 0; }
  /// Everything was sent: ends it in order, in bounded time, until `advance` says `closed`.
  virtual void finish(instant now) = 0;
  /// Ends it here and now; what the network has taken is still delivered.
  virtual void close(instant now) = 0;
  /// When `advance` is due at the latest; `never` if nothing is under way.
  virtual instant deadline() const = 0;

 protected:
  ~stream() = default;
};

/// Whose datagrams.
enum class service : std::uint8_t { dhcp, dns, ntp };

/// The network interface and what goes through it.
class network {
 public:
  /// The Ethernet address of the interface.
  virtual mac_address hardware() const = 0;
  /// True while the cable is there and the interface is on. Polled at each step.
  virtual bool link_is_up() = 0;
  /// Why the link is down, where more is known than that.
  virtual fault link_fault() { return make_fault(link_error::no_carrier); }
  /// Configures the interface by the lease, and drops what an earlier one configured.
  virtual std::expected<void, fault> apply(const dhcp::lease& lease) = 0;
  /// Takes off what `apply` configured, and nothing else.
  virtual void withdraw() = 0;
  /// The configuration that the system has by itself.
  virtual std::expected<dhcp::lease, fault> present() = 0;

  /// Starts to ask whether somebody has the address; `probed` answers once: true if it is free.
  virtual std::expected<void, fault> probe(const ip_address& address, instant now) = 0;
  /// The outcome of `probe` once, true if the address is free; nothing while it isn't known.
  virtual std::optional<bool> probed(instant now) = 0;
  /// Tells everybody that the address is ours.
  virtual void announce(const ip_address& address, instant now) = 0;

  /// Sends one datagram at once. False if there is no room now; a fault is of this datagram only.
  virtual std::expected<bool, fault> send(service of, const datagram& out, instant now) = 0;
  /// The next datagram that came, in `memory`, or nothing; a fault is an error of ICMP for an earlier one.
  virtual std::expected<std::optional<datagram>, fault> receive(service of, mutable_bytes memory, instant now) = 0;
  /// The connection to the broker, and one for names whose answers are too long for a datagram.
  virtual stream& session_stream() = 0;
  /// The stream for DNS over TCP (RFC 7766).
  virtual stream& lookup_stream() = 0;
  /// When ARP wants to be driven.
  virtual instant deadline() const = 0;

 protected:
  ~network() = default;
};

/// Everything together.
struct board {
  device::leds& leds;                        ///< numbered from 1
  device::button& button;                    ///< ends the application
  device::real_time_clock& real_time_clock;  ///< goes on while the device is off
  device::stopwatch& stopwatch;              ///< for measuring
  device::console& console;                  ///< where the user reads
  device::storage& storage;                  ///< for the lease and the last known time
  device::network& network;                  ///< the interface
  recado::entropy& entropy;                  ///< for identifiers, waits and nonces; good enough for TLS
  wall_clock& clock;                         ///< the device's civil time, which TLS checks dates by
  /// Where the session outlives the power; null: it ends with it.
  store::storage* session_storage = nullptr;
};

}  // namespace recado::device
