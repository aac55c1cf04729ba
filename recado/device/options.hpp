// The one table of all options: parsing, `recado run --check` and the documentation come from it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <variant>

#include <recado/core/text.hpp>
#include <recado/device/configuration.hpp>

namespace recado::device {

/// What a text has to be, beyond its length.
enum class text_kind : std::uint8_t { free, file, address, address_or_none, mask, time_zone, server, topic, secret };

/// A place in a configuration where a choice is kept, and the names of its values in order.
struct choice_field {
  std::uint8_t* value;                      ///< the number of the choice, from 0
  std::span<const std::string_view> names;  ///< in the order of those numbers
};
/// A place in a configuration.
using field = std::variant<bool*, std::uint32_t*, choice_field, std::string_view*, server_list*>;

/// One option: `section.name` in TOML.
struct option {
  std::string_view section;          ///< "broker"
  std::string_view name;             ///< "keep_alive_s"
  field (*at)(configuration&);       ///< where the option's value is kept
  std::uint32_t least = 0;           ///< of a number; bytes of a text; entries of a list
  std::uint32_t most = 0;            ///< of the same, inclusive
  text_kind kind = text_kind::free;  ///< of a text or of each entry of a list
  std::string_view unset;            ///< what happens if a text or a list is left empty
  std::string_view help;             ///< one line for the documentation
};

/// All options, in the order of the documentation.
std::span<const option> options();
/// The option `section.name`, or null.
const option* find_option(std::string_view section, std::string_view name);
/// "true or false", "a number from 1 to 10", "\"es\" or \"en\"", "a text of up to 64 bytes".
void print_type(const option& of, text_sink& out);
/// The value as it would stand in the file; secrets as their length unless `show_secrets`.
void print_value(const option& of, const configuration& in, bool show_secrets, text_sink& out);

/// True if the option is an empty text or list, so that `unset` says what happens.
bool is_unset(const option& of, const configuration& in);

/// A value from outside. A list is given entry by entry.
using value = std::variant<bool, std::int64_t, std::string_view, std::span<const std::string_view>>;

/// Why a value isn't taken.
enum class option_error : std::uint8_t {
  wrong_type = 1,
  out_of_range,
  not_a_choice,
  too_long,
  too_many,
  not_an_address,
  not_a_mask,
  not_a_time_zone,
  not_a_server,
  not_a_topic,
};
/// "is no IPv4 address".
std::string_view words(option_error what);

/// Checks the value and puts it into the configuration, which borrows its text.
std::expected<void, option_error> set(const option& which, configuration& into, const value& given);

}  // namespace recado::device
