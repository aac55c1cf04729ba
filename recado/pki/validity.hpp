// From when until when.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <recado/core/instant.hpp>
#include <recado/pki/openssl_types.hpp>

namespace recado::pki {

/// Seconds of civil time.
using seconds_utc = std::chrono::sys_seconds;

/// Both ends belong to it (RFC 5280 §4.1.2.5).
struct validity {
  seconds_utc from;  ///< notBefore
  seconds_utc to;    ///< notAfter, inclusive (RFC 5280 §4.1.2.5)
};

/// What the user asked for; what is not given is filled in by `resolve`.
struct validity_request {
  std::optional<seconds_utc> from;  ///< none: now, less `backdated_by`
  std::optional<seconds_utc> to;    ///< none: after `days`
  std::optional<int> days;          ///< 1 or more; none: the default of what is made
};

/// A clock that is a little behind must still accept what was issued just now.
inline constexpr std::chrono::minutes backdated_by{5};

/// Throws `failure` if it contradicts itself, or asks for no sensible number of days.
void check(const validity_request& asked);
/// `from` is a little before `now` unless given; `to` is as given, or `days` later. Without both the default
/// applies, cut off where `limit` (the issuer's end) is. Throws `failure` if it ends before it begins or was
/// asked to end after `limit`.
validity resolve(const validity_request& asked, int default_days, seconds_utc now, std::optional<seconds_utc> limit);

/// "2026-11-22" (midnight UTC) or "2026-11-22T17:50:00Z" (seconds and Z may be missing). Throws `failure`.
seconds_utc parse_time(std::string_view text);
/// "2026-11-22 17:50:00 UTC".
std::string text_of(seconds_utc when);

/// As UTCTime up to 2049 and GeneralizedTime later (RFC 5280 §4.1.2.5).
time_ptr encode(seconds_utc when);
/// Throws `failure` if it is no date.
seconds_utc decode(const ASN1_TIME* time);

}  // namespace recado::pki
