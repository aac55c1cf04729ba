// One direction of a TCP connection, put together from recorded segments (RFC 9293 §3.4).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <recado/core/bytes.hpp>

namespace recado::capture {

/// Segments may come twice, overlapping and out of order; what was there first counts.
class reassembly {
 public:
  /// Bytes that wait for earlier ones; with more, the earlier ones count as missing.
  static constexpr std::size_t waiting_bytes_max = std::size_t{4} << 20;

  /// Takes a segment and answers the bytes that continue the stream now.
  std::string add(std::uint32_t sequence, bool syn, bytes payload);
  /// True if the stream was seen from its SYN on.
  bool complete_from_start() const { return syn_; }
  /// How many bytes before the first that waits aren't in the recording; 0 if nothing waits.
  std::uint32_t missing() const;
  /// Gives up on the missing bytes and answers what waits behind them.
  std::string skip();
  /// True if more than `waiting_bytes_max` wait: then `skip` is due.
  bool overflows() const { return waiting_bytes_ > waiting_bytes_max; }

 private:
  std::string in_order();

  std::map<std::uint64_t, std::string> waiting_;  // by the offset in the stream
  std::size_t waiting_bytes_ = 0;
  std::uint64_t next_ = std::uint64_t{1} << 32;  // the stream's offset; its low half is the sequence number
  bool begun_ = false;
  bool syn_ = false;
};

}  // namespace recado::capture
