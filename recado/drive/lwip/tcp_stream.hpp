// One TCP connection after another over lwIP's raw interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>

struct pbuf;
struct tcp_pcb;

namespace recado::lwip {

/// How a stream connects and ends.
struct tcp_options {
  duration connect_timeout = std::chrono::seconds{10};  ///< until the peer must have answered
  duration linger = std::chrono::seconds{2};            ///< at the end: to see the peer's
  /// Pieces of so many bytes or more are lent to lwIP until they are acknowledged; shorter ones are copied.
  std::size_t lend_bytes_min = 128;
};

/// A stream. Bytes that are lent keep their place in the machine's `pending`, as the contract says, and count as sent
/// only once the peer has acknowledged them: `send` answers 0 for them at first, and later, given the same bytes
/// again with what was appended, how many the peer has by now.
class tcp_stream {
 public:
  /// How a stream stands.
  enum class phase : std::uint8_t { idle, connecting, open, closing, closed };

  /// Idle.
  explicit tcp_stream(const tcp_options& options = {}) : options_(options) {}
  ~tcp_stream() { abandon(); }
  tcp_stream(const tcp_stream&) = delete;
  tcp_stream& operator=(const tcp_stream&) = delete;

  /// Starts to connect; what was before is dropped. Fails if lwIP has no room for it or no route.
  std::expected<void, fault> connect(const endpoint& peer, instant now);
  /// Goes on connecting or closing.
  phase advance(instant now);
  /// Why it is closed.
  fault why() const { return why_; }
  /// Gives bytes: how many were taken (copied, or lent before and acknowledged since).
  std::expected<std::size_t, fault> send(bytes data, instant now);
  /// Bytes that are lent: they are on their way, and the caller has to keep them.
  std::size_t lent() const { return lent_; }
  /// Takes what has arrived, 0 if nothing has. The end of the stream is the fault `closed_by_peer`.
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now);
  /// How many bytes have arrived and wait for `receive`.
  std::size_t available() const { return available_; }
  /// Everything was sent: says so (FIN), and waits for the peer's end.
  void finish(instant now);
  /// Ends it here and now. What was copied is still delivered; if something is lent, the peer sees a reset.
  void close(instant now);
  /// When `advance` is due at the latest.
  instant deadline() const { return deadline_; }

 private:
  static signed char on_connected(void* self, tcp_pcb* which, signed char error);
  static signed char on_received(void* self, tcp_pcb* which, pbuf* what, signed char error);
  static signed char on_acknowledged(void* self, tcp_pcb* which, std::uint16_t count);
  static void on_error(void* self, signed char error);

  void detach();
  void abandon();
  void end(fault why);
  std::size_t write(bytes data, bool lend);
  std::size_t take_acknowledged();
  void drop_received();

  tcp_options options_{};
  tcp_pcb* pcb_ = nullptr;
  pbuf* received_ = nullptr;
  std::uint16_t offset_ = 0;  ///< into the first buffer of `received_`
  std::size_t available_ = 0;
  std::size_t copied_ = 0;        ///< copied and not acknowledged
  std::size_t lent_ = 0;          ///< lent and not yet answered as sent
  std::size_t acknowledged_ = 0;  ///< of those
  phase phase_ = phase::idle;
  bool peer_ended_ = false;
  fault why_;
  fault broken_;  ///< what lwIP said when it dropped the connection
  instant deadline_ = never;
};

}  // namespace recado::lwip
