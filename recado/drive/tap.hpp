// Looking on: who implements a tap sees every byte that a driver takes from the network or gives to it.
#pragma once

#include <cstdint>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/wire/machine.hpp>

namespace recado {

/// Seen from this side: `in` arrived, `out` left.
enum class direction : std::uint8_t { in, out };

/// What the bytes of a stream are. Without TLS both are the same bytes and are reported as both.
enum class content : std::uint8_t {
  wire,       ///< as they were on the network: TLS records, or plain MQTT
  plaintext,  ///< what the innermost machine reads and writes (reported by `tapped<Machine>`)
};

/// One stream, from `stream_opened` to `stream_closed`. `id` differs between all streams of a program's run.
struct stream_identity {
  std::uint32_t id = 0;  ///< differs between all streams of a program's run
  endpoint local;        ///< this side's address and port
  endpoint peer;         ///< the other side's
};

/// An observer of datagrams and streams: recordings (`capture::pcapng_writer`) and `recado probe` implement it.
/// Drivers call it in the thread that drives, after a datagram or some bytes arrived and before the machine sees
/// them, and after the system took those that left. What the arguments borrow is valid during the call only.
class tap {
 public:
  /// One UDP datagram. `local` is this side's address and port; its address is 0.0.0.0 before there is a lease.
  virtual void datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload,
                             instant when) = 0;
  /// An ICMP error came back for a datagram to `peer`, or the system refused to send it.
  virtual void datagram_failed(const endpoint& peer, fault why, instant when) { (void)peer, (void)why, (void)when; }
  /// One Ethernet frame that is no datagram, whole from its header on: ARP probes, answers and announcements.
  virtual void frame_seen(direction way, bytes frame, instant when) { (void)way, (void)frame, (void)when; }

  /// A stream was connected.
  virtual void stream_opened(const stream_identity& stream, instant when) = 0;
  /// Bytes of a stream in their order; their boundaries mean nothing for `content::wire`.
  virtual void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) = 0;
  /// The stream ended: `aborted` when this side ended it, else what happened to it.
  virtual void stream_closed(const stream_identity& stream, fault why, instant when) = 0;

 protected:
  ~tap() = default;
};

}  // namespace recado
