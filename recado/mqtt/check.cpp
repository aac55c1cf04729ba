#include <recado/mqtt/check.hpp>

#include <algorithm>

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {
namespace {

// What is written must not be cut off.
error check_size(const property_value& value, property_kind kind) {
  const std::uint32_t number_max = kind == property_kind::octet      ? 0xff
                                   : kind == property_kind::u16      ? 0xffff
                                   : kind == property_kind::variable ? variable_byte_integer_max
                                                                     : UINT32_MAX;
  if (value.number > number_max) return error::bad_property_value;
  return std::max(value.text.size(), value.name.size()) > string_bytes_max ? error::string_too_long : error::none;
}

}  // namespace

error check_all_properties(const properties& list, std::uint16_t packet) {
  property_places places{packet, sender::client};
  for (const property_value& value : list) {
    error wrong = places.take(value.id);
    if (wrong == error::none) wrong = check_size(value, traits_of(value.id).kind);
    if (wrong == error::none) wrong = check_value(value, false);
    if (wrong != error::none) return wrong;
  }
  return error::none;
}

}  // namespace recado::mqtt
