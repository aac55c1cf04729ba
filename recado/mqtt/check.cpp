#include <recado/mqtt/check.hpp>

#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {
namespace {

error check_value(const property_value& value, const property_traits& traits) {
  const bool number_ok = (traits.rule != property_rule::zero_or_one || value.number <= 1) &&
                         (traits.rule != property_rule::not_zero || value.number != 0) &&
                         (traits.kind != property_kind::octet || value.number <= 0xff) &&
                         (traits.kind != property_kind::u16 || value.number <= 0xffff) &&
                         (traits.kind != property_kind::variable || value.number <= variable_byte_integer_max);
  if (!number_ok) return error::bad_property_value;
  if (value.text.size() > string_bytes_max || value.name.size() > string_bytes_max) return error::string_too_long;
  if (traits.rule == property_rule::topic) {
    const auto topic = check_topic_name(value.text);
    return topic ? error::none : topic.error();
  }
  if (traits.kind != property_kind::text && traits.kind != property_kind::pair) return error::none;
  if (const error wrong = check_text(value.name, text_rule::well_formed); wrong != error::none) return wrong;
  return check_text(value.text, text_rule::well_formed);
}

}  // namespace

error check_all_properties(const properties& list, std::uint16_t packet) {
  std::uint64_t seen = 0;
  for (const property_value& value : list) {
    const property_traits traits = traits_of(value.id);
    if ((traits.packets & packet) == 0) return error::misplaced_property;
    const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned>(value.id) & 63U);
    if ((seen & bit) != 0 && value.id != property::user_property) return error::duplicated_property;
    seen |= bit;
    if (const error wrong = check_value(value, traits); wrong != error::none) return wrong;
  }
  return error::none;
}

}  // namespace recado::mqtt
