// What the tests of this folder share: annotated bytes, a seeded entropy, and a dialogue in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <recado/dhcp/client.hpp>
#include <recado/dhcp/packet.hpp>

namespace recado::dhcp::test {

using namespace std::chrono_literals;
using octets = std::vector<std::byte>;

/// Reads hexadecimal bytes; "00*64" repeats one, and what follows '#' in a line is a note.
octets hex(std::string_view text);

/// Predictable, and different for each seed.
class seeded_entropy final : public entropy {
 public:
  explicit seeded_entropy(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  void fill(mutable_bytes out) override {
    for (std::byte& each : out) {
      state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
      each = static_cast<std::byte>(state_ >> 32);
    }
  }

 private:
  std::uint64_t state_;
};

/// Always the same byte: every xid is known beforehand.
class constant_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override { std::fill(out.begin(), out.end(), std::byte{0x5a}); }
};

inline constexpr mac_address our_mac{
    {std::byte{2}, std::byte{0}, std::byte{0x5e}, std::byte{0x10}, std::byte{0}, std::byte{1}}};
inline constexpr auto our_address = ip_address::v4(192, 0, 2, 7);
inline constexpr auto server_address = ip_address::v4(192, 0, 2, 1);
inline constexpr auto other_server_address = ip_address::v4(192, 0, 2, 2);

/// A client without jitter and with long patience: exact times.
options exact_options();

/// What left, as the server sees it.
struct letter {
  instant at;
  endpoint peer;
  ip_address source;
  bool raw = false;
  octets payload;
  packet fields() const { return decode(payload).value(); }
  message_type type() const;
  /// The value of an option, or nothing.
  std::optional<octets> option(dhcp::option code) const;
  ip_address address(dhcp::option code) const;
};

/// How a model server answers.
struct answer {
  message_type type = message_type::offer;
  ip_address address = our_address;
  ip_address server = server_address;
  std::uint32_t lease_s = 3600;
  std::optional<std::uint32_t> t1_s = {}, t2_s = {};
  octets more = {};  ///< further options, encoded
};
octets reply_to(const letter& question, const answer& how);

/// A client, its clock, and all that it sent and told.
class dialogue {
 public:
  explicit dialogue(const options& how = exact_options(), std::uint64_t seed = 1)
      : entropy_(seed), machine(how, entropy_) {}

  /// Turns the loop at the present time until nothing more happens.
  dialogue& turn();
  /// Lets time pass, waking at every deadline.
  dialogue& after(duration wait);
  dialogue& opens() { return machine.opened(now), turn(); }
  dialogue& starts() { return machine.start(now), turn(); }
  dialogue& loses_link() { return machine.lost(make_fault(stream_error::interface_down), now), turn(); }
  /// Hands over one datagram.
  dialogue& hears(const octets& payload);
  dialogue& hears(const answer& how) { return hears(reply_to(sent.back(), how)); }
  /// DISCOVER to bound.
  dialogue& binds(answer how = {});

  /// The events since the last call, in short: "probe", "bound", "renewed", "lost 5", "failed 1", "parameters".
  std::string told();
  /// The messages since the last call, in short: "DISCOVER REQUEST".
  std::string said();
  letter last() const { return sent.back(); }
  duration elapsed() const { return now - begin; }

  static constexpr instant begin{std::chrono::hours{1}};
  instant now = begin;
  std::vector<letter> sent;
  std::vector<client::event> events;

 private:
  bool step(datagram& in);

  seeded_entropy entropy_;
  std::size_t told_ = 0, said_ = 0;

 public:
  client machine;
};

inline constexpr auto offer = message_type::offer, ack = message_type::ack, nak = message_type::nak;

/// An error as `told` writes it.
inline std::string code(error what) { return std::to_string(static_cast<unsigned>(what)); }
inline const std::string lost_expired = "lost " + code(error::expired), lost_refused = "lost " + code(error::refused),
                         lost_conflict = "lost " + code(error::address_conflict);

}  // namespace recado::dhcp::test
