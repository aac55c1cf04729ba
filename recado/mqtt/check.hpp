// What callers may ask to be sent: checks that encoding leaves out.
#pragma once

#include <cstdint>

#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>

namespace recado::mqtt {

/// Checks a client's properties for a packet (a bit of `property_in`): `unknown_property`, `misplaced_property`,
/// `forbidden_property`, `duplicated_property`, `bad_property_value`, `bad_topic_alias`, `string_too_long`, `bad_utf8`,
/// `null_character`, `bad_topic_name`, or none.
error check_all_properties(const properties& list, std::uint16_t packet);
/// The packet that has nothing but User Properties, for lists where nothing else may be, since all else has a place of
/// its own.
inline constexpr std::uint16_t user_properties_only = property_in::unsubscribe;
/// The same; where the build has no 5.0 any property is `needs_version_5`.
inline error check_properties(const properties& list, std::uint16_t packet) {
  if constexpr (has_version_5) return check_all_properties(list, packet);
  else return list.empty() ? error::none : error::needs_version_5;
}

}  // namespace recado::mqtt
