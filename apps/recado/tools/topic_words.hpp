// What a user can do about a topic that is refused.
#pragma once

#include <string_view>

#include <recado/mqtt/error.hpp>

namespace recado::app::tools {

/// For `why` of `mqtt::check_topic_name`, and of `mqtt::check_topic_filter` but for `bad_topic_filter`.
inline std::string_view remedy_of_topic(mqtt::error why) {
  if (why == mqtt::error::bad_topic_name) return "leave out + and #, they belong in subscriptions";
  return why == mqtt::error::string_too_long ? "shorten it" : "write it in UTF-8, without U+0000";
}

}  // namespace recado::app::tools
