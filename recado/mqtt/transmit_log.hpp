// The transmit log: everything that goes to the server, in order, in one buffer that the wire reads from.
//
// A ring whose packets never wrap: when the end has no room, the younger part goes on at the front. Bytes of QoS 1 and
// 2 messages stay after they were sent until `release`. In ordinary traffic, where answers come in order, the oldest
// bytes free themselves first and nothing is ever moved. When an exchange is stuck, or a gap lies between kept
// packets, `make_room` pushes the kept packets that were sent together; bytes that are still to be sent never move.
#pragma once

#include <algorithm>
#include <cstddef>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/dissolve.hpp>
#include <recado/mqtt/extra.hpp>
#include <recado/mqtt/flights.hpp>

namespace recado::mqtt {

/// The ring of packets in the caller's memory: `space`, `append`, `pending`, `sent`, `release`.
class transmit_log {
 public:
  /// Empty; both must outlive it.
  transmit_log(mutable_bytes memory, flight_table& flights) : memory_(memory), flights_(flights), end_(stream_end()) {}

  /// Where the next packet goes, as far as that needs nothing to be done.
  mutable_bytes space() const { return {memory_.data() + head_, (wrapped_ ? tail_ : end()) - head_}; }
  /// Makes `space()` at least `n` bytes long if that is possible now.
  bool make_room(std::size_t n) { return space().size() >= n || rearrange(n); }
  /// Bytes of one packet that could be appended at most, now or after `make_room`.
  std::size_t room() const;
  /// The `n` bytes at the front of `space()` are a packet to send and forget.
  void append(std::size_t n) { head_ += n, tight_ = false; }
  /// They are one to send and keep until `release(flight)`.
  RECADO_MQTT_DISSOLVING void append(std::size_t n, place flight) {
    flights_[flight].offset = static_cast<std::uint32_t>(head_);
    flights_[flight].length = static_cast<std::uint32_t>(n);
    flights_.append(order_, flight);
    kept_ += n;
    append(n);
  }
  /// Forgets the bytes of a kept packet.
  RECADO_MQTT_DISSOLVING void release(place flight) {
    kept_ -= flights_[flight].length;
    flights_[flight].length = 0;
    flights_.remove(order_, flight);
    tight_ = false;
    if (order_.empty()) trim();
  }

  /// How many bytes are to be sent next in one piece.
  RECADO_MQTT_DISSOLVING std::size_t unsent() const { return (wrapped_ && !next_young_ ? edge_ : head_) - next_; }
  /// They.
  bytes pending() const { return {memory_.data() + next_, unsent()}; }
  /// How many of them left.
  void sent(std::size_t n);

  /// Marks those kept packets of which something was sent, but for those with `mark_again`.
  void mark_attempted();
  /// The stream is gone: forgets what was to be sent, but not what is kept, and packs that together.
  void drop_unsent();
  /// While `on`, kept packets don't move: the wire reads from one of them.
  void pin(bool on) { pinned_ = on; }
  /// True while kept packets stay where they are.
  bool pinned() const { return pinned_; }
  /// Forgets everything; the flights' places stay taken.
  void clear();

  /// Where `space()` begins, as an offset from the memory's first byte.
  std::size_t head() const { return head_; }
  /// The offset of the first of the pending bytes.
  std::size_t next() const { return next_; }
  /// Bytes that are kept for sending again.
  std::size_t kept() const { return kept_; }
  /// Bytes that the memory has.
  std::size_t capacity() const { return memory_.size(); }
  /// The kept packets in their order.
  const flight_list& order() const { return order_; }
  /// The first byte of a kept packet.
  std::byte& first_byte(place flight) const { return memory_[flights_[flight].offset]; }
  /// The bytes of a kept packet.
  mutable_bytes packet(place flight) const { return memory_.subspan(flights_[flight].offset, flights_[flight].length); }

 private:
  bool is_young(std::size_t offset) const { return wrapped_ && offset < head_; }
  /// Messages that aren't kept have no more of the memory where that is larger, as long as half of it waits to be sent:
  /// what goes around in so much stays in the caches between the caller and the system.
  static constexpr std::size_t stream_max = 640 << 10;
  /// No microcontroller has so much.
  static constexpr bool may_have_more = sizeof(void*) > 4;
  std::size_t stream_end() const { return std::min(memory_.size(), stream_max); }
  bool streams() const { return may_have_more && order_.empty() && unsent() >= stream_max / 2; }
  std::size_t end() const {
    if constexpr (may_have_more) return end_;
    else return memory_.size();
  }
  bool was_sent(const outgoing_flight& flight) const;
  bool rearrange(std::size_t n);
  void wrap();
  void trim();
  void compact();
  void slide_down();
  void slide_up(std::size_t limit);

  mutable_bytes memory_;
  flight_table& flights_;
  flight_list order_;
  std::size_t tail_ =
      0;  // the oldest byte in use, or one before it: who needs the room of what is released trims first
  std::size_t next_ = 0;                                             // the first byte to be sent
  std::size_t head_ = 0;                                             // behind the youngest byte
  [[no_unique_address]] member_if<may_have_more, std::size_t> end_;  // of what is written to while nothing is wrapped
  std::size_t edge_ = 0;  // behind the older part while the younger one is at the front
  std::size_t kept_ = 0;
  bool wrapped_ = false;     // the bytes in use are [tail_, edge_) and [0, head_), else [tail_, head_)
  bool next_young_ = false;  // next_ is in [0, head_) of a wrapped log
  bool tight_ = false;       // compacting again would gain nothing
  bool pinned_ = false;
};

}  // namespace recado::mqtt
