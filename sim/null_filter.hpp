// The stand-in for TLS: records without a cipher, with its verbs, its handshake, its partial records, its bounded
// buffers and its goodbye. What it can't show is cryptography, which OpenSSL has to answer for.
//
// A record is a type, two bytes of length, and so many bytes.
#pragma once

#include <optional>
#include <vector>

#include <recado/device/secure.hpp>

namespace recado::sim {

enum class record : std::uint8_t { client_hello = 1, server_hello, data, goodbye };
inline constexpr std::size_t record_header_bytes = 3;
inline constexpr std::size_t record_bytes_max = 250;  ///< of data

/// Appends records that hold `data`; one of each other type has none.
void append_record(std::vector<std::byte>& to, record type, bytes data = {});
/// The first record of `in`, or nothing while it is incomplete; takes it off.
struct parsed_record {
  record type{};
  bytes data{};
};
std::optional<parsed_record> take_record(bytes& in);

class null_filter final : public device::secure {
 public:
  /// The longest packet that the machine above awaits whole; the clock that the server's certificate has to be valid
  /// by, or null: it is valid for ever.
  null_filter(std::size_t packet_bytes, const wall_clock* clock)
      : plaintext_bytes_max_(packet_bytes + record_bytes_max), clock_(clock) {}
  std::expected<void, tls::error> set_peer(std::string_view) override { return {}; }
  void opened(instant now) override;
  void lost(fault why, instant now) override;
  std::optional<tls::event> receive(bytes& in, instant now) override;
  bytes pending(instant) override { return bytes{out_}.subspan(out_begin_); }
  void sent(std::size_t n) override;
  instant deadline() const override { return over_due_ ? instant::min() : never; }
  bool ready() const override { return ready_; }
  bytes plaintext() const override { return bytes{plain_}.subspan(plain_begin_); }
  void consumed(std::size_t n) override;
  std::size_t write(bytes data, instant now) override;
  void close(instant now) override;

 private:
  static constexpr std::size_t outgoing_bytes_max = 400;
  fault judge_dates(instant now) const;

  std::size_t plaintext_bytes_max_;
  const wall_clock* clock_;
  std::vector<std::byte> out_, plain_;
  std::size_t out_begin_ = 0, plain_begin_ = 0;
  bool ready_ = false;
  bool closed_ = false;  ///< nothing more is written
  bool over_ = true;
  bool over_due_ = false;  ///< `closed` is to be told
  fault why_;
};

}  // namespace recado::sim
