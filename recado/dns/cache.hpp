// Remembered answers, until their time to live has passed.
//
// The caller's memory holds entries of the length that they need, one behind the other, oldest first: a
// fixed head, the name, the addresses. What has expired is dropped first when room is needed, then the
// oldest. Failures that the zone's owner lets us remember (RFC 2308) are entries without addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <recado/core/address.hpp>
#include <recado/core/instant.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/packet.hpp>

namespace recado::dns {

/// An answer found in the cache.
struct cached_answer {
  error outcome{};            ///< `no_such_name` or `no_address` if it is negative, else error{}
  std::uint32_t ttl_s = 0;    ///< what is left of its life, rounded up
  std::size_t addresses = 0;  ///< how many were copied out
  bool more = false;          ///< there were more than the caller had room for
};

/// A cache in memory that the caller gives; no memory at all is allowed and remembers nothing.
class cache {
 public:
  explicit cache(mutable_bytes memory) : memory_(memory) {}  ///< Neither copies nor frees the memory.

  /// What is known about `about` and `type`; the addresses are copied to the front of `out`, in order.
  std::optional<cached_answer> find(const name& about, record_type type, std::span<ip_address> out, instant now);
  /// Remembers an answer for `ttl_s` seconds in place of an earlier one; 0 seconds forget it. Too large an
  /// answer isn't remembered. `outcome` as in `cached_answer`.
  void store(const name& about, record_type type, error outcome, std::span<const ip_address> addresses,
             std::uint32_t ttl_s, instant now);
  void clear() { used_ = 0; }  ///< Forgets all.
  /// How many octets of the memory are in use.
  std::size_t used() const { return used_; }

 private:
  void erase(std::size_t offset);
  void drop_expired(instant now);
  std::optional<std::size_t> locate(const name& about, record_type type) const;

  mutable_bytes memory_;
  std::size_t used_ = 0;
};

}  // namespace recado::dns
