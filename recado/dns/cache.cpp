#include <recado/dns/cache.hpp>

#include <algorithm>

#include <recado/wire/walk.hpp>

namespace recado::dns {

namespace {

/// What stands before the name and the addresses of an entry.
struct entry_head {
  std::uint64_t expires_us = 0;  ///< as an instant
  record_type type{};
  error outcome{};
  std::uint16_t length = 0;  ///< of the whole entry
  std::uint8_t name_length = 0;

  static constexpr void fields(auto& self, auto& walk) {
    walk("expires", self.expires_us);
    walk("type", self.type);
    walk("outcome", self.outcome);
    walk("length", self.length);
    walk("name length", self.name_length);
  }
};
constexpr std::size_t head_octets = wire::size(entry_head{});

entry_head head_at(bytes memory, std::size_t offset) {
  wire::decode_walker walk{memory.subspan(offset)};
  entry_head head;
  entry_head::fields(head, walk);
  return head;
}

instant expiry(const entry_head& head) { return instant{duration{static_cast<std::int64_t>(head.expires_us)}}; }

std::size_t octets_of(record_type type) { return has_ipv6 && type == record_type::aaaa ? 16 : 4; }

bool same_name(bytes a, const name& b) {
  name other;
  std::size_t offset = 0;
  return read_name(a, offset, other) && other == b;
}

}  // namespace

void cache::erase(std::size_t offset) {
  const std::size_t end = offset + head_at(memory_, offset).length;
  std::copy(memory_.begin() + static_cast<std::ptrdiff_t>(end), memory_.begin() + static_cast<std::ptrdiff_t>(used_),
            memory_.begin() + static_cast<std::ptrdiff_t>(offset));
  used_ -= end - offset;
}

void cache::drop_expired(instant now) {
  for (std::size_t at = 0; at < used_;) {
    const entry_head head = head_at(memory_, at);
    if (expiry(head) <= now) erase(at);
    else at += head.length;
  }
}

std::optional<std::size_t> cache::locate(const name& about, record_type type) const {
  entry_head head;
  for (std::size_t at = 0; at < used_; at += head.length) {
    head = head_at(memory_, at);
    if (head.type == type && same_name(bytes{memory_}.subspan(at + head_octets, head.name_length), about)) return at;
  }
  return {};
}

std::optional<cached_answer> cache::find(const name& about, record_type type, std::span<ip_address> out, instant now) {
  drop_expired(now);
  const auto at = locate(about, type);
  if (!at) return {};
  const entry_head head = head_at(memory_, *at);
  const auto left = std::chrono::ceil<std::chrono::seconds>(expiry(head) - now);
  cached_answer result{head.outcome, static_cast<std::uint32_t>(left.count())};
  wire::reader in{
      bytes{memory_}.subspan(*at + head_octets + head.name_length, head.length - head_octets - head.name_length)};
  while (in.remaining() != 0) {
    if (result.addresses == out.size()) return result.more = true, result;
    ip_address address{family_of(type), {}};
    copy(in.take(octets_of(type)), address.octets);
    out[result.addresses++] = address;
  }
  return result;
}

void cache::store(const name& about, record_type type, error outcome, std::span<const ip_address> addresses,
                  std::uint32_t ttl_s, instant now) {
  drop_expired(now);
  if (const auto earlier = locate(about, type)) erase(*earlier);
  const std::size_t length = head_octets + about.size() + addresses.size() * octets_of(type);
  if (ttl_s == 0 || length > memory_.size() || length > 0xffff) return;
  while (memory_.size() - used_ < length) erase(0);
  const instant expires = now + std::chrono::seconds{ttl_s};
  const entry_head head{static_cast<std::uint64_t>(expires.time_since_epoch().count()), type, outcome,
                        static_cast<std::uint16_t>(length), static_cast<std::uint8_t>(about.size())};
  wire::encode_walker walk{memory_.subspan(used_)};
  entry_head::fields(head, walk);
  walk.out().put(about.octets());
  for (const ip_address& address : addresses) walk.out().put(bytes{address.octets}.first(octets_of(type)));
  used_ += length;
}

}  // namespace recado::dns
