// Builds DNS messages by hand, so that tests don't depend on the encoder that they test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <recado/core/entropy.hpp>
#include <recado/dns/packet.hpp>

namespace recado::dns::testing {

/// Bytes from hexadecimal; spaces and everything from '#' to the end of a line are comments.
inline std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> result;
  int high = -1;
  for (bool comment = false; char c : text) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    const auto digit = std::string_view{"0123456789abcdef"}.find(c);
    if (comment || digit == std::string_view::npos) continue;
    if (high < 0) high = static_cast<int>(digit);
    else result.push_back(static_cast<std::byte>(high * 16 + static_cast<int>(digit))), high = -1;
  }
  return result;
}

/// Numbers that nobody needs to predict, but that are the same in every run.
class seeded_entropy final : public entropy {
 public:
  explicit seeded_entropy(std::uint64_t seed = 1) : state_(seed) {}
  void fill(mutable_bytes out) override {
    for (std::byte& octet : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      octet = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_;
};

inline name name_of(std::string_view text) { return text == "." ? name{} : *name::parse(text); }

class message_builder {
 public:
  message_builder& u8(unsigned value) { return octets_.push_back(static_cast<std::byte>(value)), *this; }
  message_builder& u16(unsigned value) { return u8(value >> 8 & 0xff).u8(value & 0xff); }
  message_builder& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
  message_builder& put(bytes data) { return octets_.insert(octets_.end(), data.begin(), data.end()), *this; }
  message_builder& put(const name& what) { return put(what.octets()); }

  /// A header whose counts are filled in as sections grow.
  message_builder& head(unsigned id, unsigned flags) { return u16(id).u16(flags).u32(0).u32(0); }
  message_builder& question(std::string_view about, record_type type, unsigned klass = 1) {
    return count(4).put(name_of(about)).u16(static_cast<unsigned>(type)).u16(klass);
  }
  /// The head of a record; its data must follow. `where` is 6, 8 or 10: the offset of the section's count.
  message_builder& record(std::size_t where, std::string_view owner, record_type type, std::uint32_t ttl,
                          std::size_t length, unsigned klass = 1) {
    count(where).put(name_of(owner)).u16(static_cast<unsigned>(type)).u16(klass).u32(ttl);
    return u16(static_cast<unsigned>(length));
  }
  message_builder& address(std::string_view owner, std::string_view text, std::uint32_t ttl = 300) {
    const ip_address value = *parse_address(text);
    const std::size_t length = value.is_v4() ? 4 : 16;
    record(6, owner, value.is_v4() ? record_type::a : record_type::aaaa, ttl, length);
    return put(bytes{value.octets}.first(length));
  }
  message_builder& alias(std::string_view owner, std::string_view target, std::uint32_t ttl = 300) {
    const name to = name_of(target);
    return record(6, owner, record_type::cname, ttl, to.size()).put(to);
  }
  message_builder& soa(std::string_view zone, std::uint32_t ttl, std::uint32_t minimum) {
    record(8, zone, record_type::soa, ttl, 22).put(name{}).put(name{});
    return u32(1).u32(2).u32(3).u32(4).u32(minimum);
  }
  message_builder& referral(std::string_view zone, std::string_view server) {
    const name to = name_of(server);
    return record(8, zone, record_type::ns, 300, to.size()).put(to);
  }
  message_builder& opt(unsigned upper_code) {
    return record(10, ".", record_type::opt, static_cast<std::uint32_t>(upper_code) << 24, 0, 1232);
  }
  operator bytes() const { return octets_; }
  std::vector<std::byte> octets() const { return octets_; }

 private:
  message_builder& count(std::size_t at) {
    const unsigned value =
        std::to_integer<unsigned>(octets_[at]) * 256 + std::to_integer<unsigned>(octets_[at + 1]) + 1;
    octets_[at] = static_cast<std::byte>(value >> 8), octets_[at + 1] = static_cast<std::byte>(value);
    return *this;
  }
  std::vector<std::byte> octets_;
};

inline constexpr unsigned good = 0x8180;  // response, recursion desired and available

}  // namespace recado::dns::testing
