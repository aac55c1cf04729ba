// Topic names and topic filters (4.7 and 4.8.2 of MQTT 5.0; 4.7 of 3.1.1).
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>

namespace recado::mqtt {

/// What a string may not contain. `well_formed`: UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2];
/// `topic_name`: nor the wildcards + and # [MQTT-4.7.0-1].
enum class text_rule : std::uint8_t { well_formed, topic_name };

/// True if the text is ASCII without anything that the rule forbids; false means "look closer" (`check_text`).
bool plain_text(std::string_view text, text_rule rule);

/// Checks the characters of a string (not its length): none, `bad_utf8`, `null_character` or
/// `bad_topic_name`.
error check_text(std::string_view text, text_rule rule);

/// A topic to publish to: 1 to 65,535 bytes [MQTT-4.7.3-1] [MQTT-4.7.3-3], well-formed, without wildcards.
/// Errors: `bad_topic_name`, `bad_utf8`, `null_character`, `string_too_long`.
error topic_name_error(std::string_view topic);
/// The same as an outcome.
inline std::expected<void, error> check_topic_name(std::string_view topic) {
  if (const error wrong = topic_name_error(topic); wrong != error::none) return std::unexpected{wrong};
  return {};
}

/// A filter to subscribe to: 1 to 65,535 bytes, wildcards only as whole levels and # only last
/// [MQTT-4.7.1-1] [MQTT-4.7.1-2]; "$share/" needs a share name without wildcards and a filter behind it
/// [MQTT-4.8.2-1] [MQTT-4.8.2-2] (of no meaning in 3.1.1: there any filter may start so).
/// Errors: `bad_topic_filter`, `bad_utf8`, `null_character`, `string_too_long`.
error topic_filter_error(std::string_view filter, version protocol);
/// The same as an outcome.
inline std::expected<void, error> check_topic_filter(std::string_view filter, version protocol = version::v5_0) {
  if (const error wrong = topic_filter_error(filter, protocol); wrong != error::none) return std::unexpected{wrong};
  return {};
}

/// The two parts of "$share/{name}/{filter}".
struct shared_filter {
  std::string_view share_name;  ///< between the first slashes
  std::string_view filter;      ///< behind them
};
/// Splits a valid shared filter; nothing if it isn't one.
std::optional<shared_filter> split_shared(std::string_view filter);
/// True if it starts with "$share/".
bool is_shared(std::string_view filter);
/// True if it contains + or #.
bool has_wildcards(std::string_view filter);

/// True if the topic name matches the filter, both valid: + is one level, # the rest and its parent, neither
/// matches a first level that starts with $ [MQTT-4.7.2-1], nothing is normalised [MQTT-4.7.3-4]. A shared
/// filter matches as the filter behind its share name.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace recado::mqtt
