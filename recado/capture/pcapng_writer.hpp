// Records what this program itself sent and received, as a file that Wireshark opens and decrypts.
//
// The driver sees datagrams and the bytes of streams, not packets: Ethernet, IP, UDP and TCP are made up around the
// real bytes. A stream gets its SYN, SYN/ACK and ACK, its bytes in segments with right numbers and checksums, and its
// FIN or RST. What the operating system did below (retransmissions, windows, true sequence numbers) isn't in it.
//
// Readers know MQTT by its port only. So the made-up headers of a stream that carries it have the registered one, 1883
// or, with TLS, 8883, and a comment on its first packet names the true one. Which of the two it is its first byte
// says; a stream's SYN is written together with that one.
//
// Secrets must stand in the file before the packets that they open: readers decrypt as they read. TLS derives them
// from bytes that were recorded an instant before, and some only when it answers; so while a stream shakes hands, what
// came in waits in memory until this side has answered or the stream has ended.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <recado/capture/frame.hpp>
#include <recado/capture/private_file.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/tap.hpp>
#include <recado/tls/options.hpp>

namespace recado::capture {

/// What may wait for secrets at most; beyond it is written without them.
inline constexpr std::size_t waiting_bytes_max = 256 * 1024;

/// A tap and a key log in one: what it is shown is in the file when the call returns, but for a stream that hasn't said
/// anything yet, and the server's flight of a handshake, which waits. A file cut off by a kill stays readable. Only
/// for the thread that drives.
class pcapng_writer final : public tap, public tls::key_log {
 public:
  /// `clock` gives the time stamps; a copy is kept, so that they stay in order when the device's clock is set.
  /// `own` is this side's hardware address; peers get made-up ones.
  pcapng_writer(private_file file, const wall_clock& clock, mac_address own = made_up(1));
  ~pcapng_writer() { flush(); }
  pcapng_writer(const pcapng_writer&) = delete;
  pcapng_writer& operator=(const pcapng_writer&) = delete;

  void datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) override;
  void frame_seen(direction way, bytes frame, instant when) override;
  void stream_opened(const stream_identity& stream, instant when) override;
  void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) override;
  void stream_closed(const stream_identity& stream, fault why, instant when) override;
  void line(std::string_view text) override;

  /// Writes what still waits.
  void flush();
  /// The errno of the first write that failed, 0 if none did.
  int error() const { return file_.error(); }

  /// A locally administered hardware address (IEEE 802 §8.2).
  static constexpr mac_address made_up(unsigned number) {
    return {{std::byte{0x02}, std::byte{0}, std::byte{0x5e}, std::byte{0}, std::byte{0}, std::byte(number & 0xff)}};
  }

 private:
  /// Where both directions of a stream are.
  struct flow {
    stream_identity stream;  ///< with the port that the recording shows
    instant opened{};
    std::uint32_t sent = 0;      ///< next sequence number of this side
    std::uint32_t received = 0;  ///< next sequence number of the peer
    bool began = false;          ///< its first packets are there
    bool shakes_hands = false;   ///< TLS whose secrets haven't all come
  };

  party own_party(const endpoint& at) const { return {own_, at}; }
  party peer_party(const endpoint& at) const;
  void add(const std::string& frame, instant when, std::string_view comment = {});
  void settle();
  void add_segment(flow& of, direction way, std::uint8_t flags, bytes data, instant when);
  void add_data(flow& of, direction way, bytes data, instant when);
  void begin(flow& of, direction way, bytes data);
  flow& flow_of(const stream_identity& stream, instant when);

  private_file file_;
  wall_clock clock_;
  mac_address own_;
  std::map<std::uint32_t, flow> flows_;
  std::string blocks_;    ///< packets that the running call adds, or that wait
  std::string comment_;   ///< for the next packet of a stream
  bool waiting_ = false;  ///< for secrets
  std::string secrets_;   ///< lines that aren't in the file yet
  bool all_secrets_came_ = false;
  std::uint16_t identification_ = 0;
};

}  // namespace recado::capture
