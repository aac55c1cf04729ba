// Reading recordings: pcap (as libpcap has written it since 1998) and pcapng (draft-ietf-opsawg-pcapng), both orders
// of octets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>

namespace recado::capture {

/// One packet of a recording.
struct recorded {
  std::uint64_t number = 0;     ///< from 1, as Wireshark counts
  std::uint16_t link_type = 0;  ///< as tcpdump.org numbers them
  utc_time when{};              ///< its time stamp, in UTC
  bytes frame;                  ///< in place
  std::uint32_t cut_bytes = 0;  ///< of the packet that weren't recorded
};

/// Walks through a whole file in memory, which must outlive it.
class recording {
 public:
  /// True if the file begins like one of the two formats.
  static bool recognises(bytes file);
  /// Begins at the first packet.
  explicit recording(bytes file);

  /// The next packet; false at the end or where the file is broken.
  bool next(recorded& out);
  /// What is broken, as half a sentence; empty while all is well. `offset` says where in the file.
  std::string_view trouble() const { return trouble_; }
  /// How far it has read, in bytes from the file's beginning.
  std::size_t offset() const { return at_; }
  /// True once TLS secrets were seen, with which an analyser can decrypt what follows.
  bool has_secrets() const { return secrets_; }

 private:
  struct network_interface {
    std::uint16_t link_type = 0;
    std::uint64_t ticks_per_s = 1'000'000;
    std::int64_t offset_s = 0;
  };
  bool fail(std::string_view why) { return trouble_ = why, false; }
  std::uint32_t number(std::size_t at, std::size_t octets) const;
  bool next_record(recorded& out);
  bool next_block(recorded& out, bool& found);
  bool begin_section(std::size_t length);
  bool add_interface(std::size_t length);
  bool take_packet(std::uint32_t type, std::size_t length, recorded& out);

  bytes file_;
  std::size_t at_ = 0;
  std::uint64_t count_ = 0;
  std::vector<network_interface> interfaces_;
  std::string_view trouble_;
  bool ng_ = false;
  bool big_endian_ = false;
  bool secrets_ = false;
};

}  // namespace recado::capture
