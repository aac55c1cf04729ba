// The stream between device and broker: two flows of bytes that take time, come in pieces, stall and break.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/device/board.hpp>
#include <sim/random.hpp>
#include <sim/world.hpp>

namespace recado::sim {

/// What the path is like just now; the mishaps change it.
struct path_conditions {
  bool cable = true;
  bool listening = true;             ///< on the broker's port
  std::uint32_t hosts_away = 0;      ///< brokers of several that don't, one bit for each
  std::uint32_t dead_addresses = 0;  ///< one bit for each `place_of`
  bool fragments = false;
  instant up_stalls_until{};
  instant down_stalls_until{};
  duration latency{};
  std::uint32_t window = 4096;
};

/// The address of a broker: `hosts_max` of them have `addresses_max` each.
ip_address address_of(std::uint8_t host, std::uint16_t which);
/// The bit of that address in `path_conditions::dead_addresses`.
constexpr std::uint32_t place_of(std::uint8_t host, std::uint16_t which) { return host * addresses_max + which; }

/// One direction of a connection.
class flow {
 public:
  void clear();
  /// Bytes that will have arrived at `when`.
  void push(bytes data, instant when);
  /// What has arrived and was not taken.
  bytes arrived(instant now);
  void take(std::size_t n);
  std::size_t held() const { return data_.size() - begin_; }
  /// The first arrival that nobody has been woken for.
  instant next_arrival() const { return first_ < pieces_.size() ? pieces_[first_].when : never; }
  instant last_arrival() const { return last_; }
  /// Nothing of what has not arrived will.
  void drop_unarrived();
  /// What is under way arrives later; false if nothing is.
  bool hold_until(instant when);

 private:
  struct piece {
    instant when;
    std::uint32_t size;
  };
  std::vector<std::byte> data_;
  std::vector<piece> pieces_;
  std::size_t begin_ = 0;    // of what is held
  std::size_t arrived_ = 0;  // behind what has arrived
  std::size_t first_ = 0;    // of the pieces that have not
  instant last_{};
};

/// One connection, from the SYN to the end that both have seen.
struct connection {
  enum class end : std::uint8_t { none, finished, broken };

  std::size_t place = 0;  ///< among all
  bool used = false;
  std::uint32_t serial = 0;                       ///< tells it from the one before in the same place
  bool client_here = false, broker_here = false;  ///< who still holds its end
  bool accepted = false;                          ///< the broker knows of it
  instant opens = never;                          ///< when the client learns that it is open, or refused
  bool refused = false;
  std::uint8_t host = 0;  ///< which of the brokers
  bool silent = false;    ///< nothing arrives any more, in either direction
  flow up, down;
  end up_end = end::none, down_end = end::none;  ///< how the flow ends,
  instant up_ends = never, down_ends = never;    ///< and when the other side learns it
  std::int64_t up_left = -1, down_left = -1;     ///< bytes until it breaks
};

/// All connections of a life, and the client's end of the newest one.
class network_stream final : public device::stream {
 public:
  network_stream(world& all, std::uint64_t seed) : world_(all), random_(seed, 2) {}

  path_conditions path;

  std::expected<void, fault> connect(const endpoint& peer, instant now) override;
  phase advance(instant now) override;
  fault why() const override { return why_; }
  std::expected<std::size_t, fault> send(bytes data, instant now) override;
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now) override;
  std::size_t available() override;
  void finish(instant now) override;
  void close(instant now) override;
  instant deadline() const override { return never; }

  /// The device has looked: what has arrived by now wakes it no more.
  void noticed(instant now);
  /// When the device must be woken for this stream.
  instant device_wakes() const;
  /// When the broker must be woken for one of its connections.
  instant broker_wakes() const;

  // The broker's side.
  std::deque<connection>& all() { return all_; }
  /// The serial number of the connection that was begun last.
  std::uint32_t newest() const { return serial_; }
  void broker_says(connection& on, bytes data, instant now);
  /// The broker closes its end, in order or with a reset.
  void broker_ends(connection& on, connection::end how, instant now);

  // Mishaps.
  connection* current() { return current_ != nullptr && current_->client_here ? current_ : nullptr; }
  void break_now(connection& which, instant now);
  /// The device has lost its power: nobody is told.
  void device_dies(instant now);
  void stall_up(instant until) { path.up_stalls_until = until; }
  void stall_down(instant until);
  /// The cable is pulled, and what is under way lost, or is back.
  void cable(bool there, instant now);
  /// When the last byte left that the device could send, for the keep alive.
  instant last_sent() const { return last_sent_; }
  /// All that the device has sent.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  /// The stream has refused bytes since the device was woken last.
  bool was_full() const { return full_; }
  bool& was_full() { return full_; }

 private:
  instant arrival(instant last, instant now);
  void push(flow& to, bytes data, instant now, instant not_before);
  void release(connection& which);
  void note_refusal();

  world& world_;
  random_source random_;
  std::deque<connection> all_;  // whose members keep their addresses
  connection* current_ = nullptr;
  fault why_;
  bool full_ = false;
  instant retry_ = never;
  instant last_sent_{};
  std::uint64_t sent_bytes_ = 0;
  std::uint32_t serial_ = 0;
};

}  // namespace recado::sim
