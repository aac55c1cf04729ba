#include <recado/mqtt/topic.hpp>

#include <recado/core/utf8.hpp>
#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/plain_text.hpp>

namespace recado::mqtt {

namespace {
constexpr std::string_view share_prefix = "$share/";

/// Takes the first level from `rest`; `more` says that a separator followed it.
std::string_view take_level(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  more = slash != rest.npos;
  const std::string_view level = {rest.data(), more ? slash : rest.size()};
  rest.remove_prefix(more ? slash + 1 : rest.size());
  return level;
}

/// Takes "$share/{name}/" from the front of a filter that begins so; false if it isn't valid.
bool take_share(std::string_view& filter, std::string_view& name) {
  filter.remove_prefix(share_prefix.size());
  bool more = false;
  name = take_level(filter, more);
  return !name.empty() && !filter.empty() && !has_wildcards(name);  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
}

/// # alone and last, + alone [MQTT-4.7.1-1] [MQTT-4.7.1-2].
bool wildcards_are_levels(std::string_view filter) {
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    const bool begins_level = i == 0 || filter[i - 1] == '/';
    const bool ends_level = i + 1 == filter.size() || (filter[i] == '+' && filter[i + 1] == '/');
    if (!begins_level || !ends_level) return false;
  }
  return true;
}
}  // namespace

bool plain_text(std::string_view text, text_rule rule) { return plain_text_inline(text, rule); }

error check_text(std::string_view text, text_rule rule) {
  if (plain_text_inline(text, rule)) return error::none;
  utf8_check characters;
  for (const char& one : text) {
    characters.add(as_bytes({&one, 1}));
    if (characters.is_broken()) return error::bad_utf8;  // [MQTT-1.5.4-1]
    if (one == 0) return error::null_character;
    // [MQTT-3.3.2-2] [MQTT-4.7.0-1]
    if (rule == text_rule::topic_name && (one == '+' || one == '#')) return error::bad_topic_name;
  }
  return characters.well_formed() ? error::none : error::bad_utf8;
}

error topic_name_error(std::string_view topic) {
  if (topic.empty()) return error::bad_topic_name;
  if (topic.size() > string_bytes_max) return error::string_too_long;
  return check_text(topic, text_rule::topic_name);
}

error topic_filter_error(std::string_view filter, version protocol) {
  if (filter.empty()) return error::bad_topic_filter;
  if (filter.size() > string_bytes_max) return error::string_too_long;
  if (const error code = check_text(filter, text_rule::well_formed); code != error::none) return code;
  std::string_view name;
  const bool shares = is_v5(protocol) && is_shared(filter);
  return (!shares || take_share(filter, name)) && wildcards_are_levels(filter) ? error::none : error::bad_topic_filter;
}

std::optional<shared_filter> split_shared(std::string_view filter) {
  std::string_view name;
  if (!is_shared(filter) || !take_share(filter, name)) return std::nullopt;
  return shared_filter{name, filter};
}

bool is_shared(std::string_view filter) { return filter.starts_with(share_prefix); }

bool has_wildcards(std::string_view filter) {
  for (const char c : filter)
    if (c == '+' || c == '#') return true;
  return false;
}

bool matches(std::string_view filter, std::string_view topic) {
  if (const auto parts = split_shared(filter)) filter = parts->filter;
  if (filter.empty() || topic.empty()) return false;
  if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;  // [MQTT-4.7.2-1]
  bool filter_more = true, topic_more = true;
  while (filter_more && topic_more) {
    const std::string_view wanted = take_level(filter, filter_more);
    if (wanted == "#") return true;
    const std::string_view level = take_level(topic, topic_more);
    if (wanted != "+" && wanted != level) return false;
  }
  // "a/#" matches "a", the parent, too (4.7.1.2).
  return !topic_more && (!filter_more || filter == "#");
}

}  // namespace recado::mqtt
