// A filter and a topic, split at the first line feed: the checks agree with each other, and matching with a
// second, slower way to match.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <recado/mqtt/topic.hpp>

#include "target.hpp"

using recado::fuzz::require;

namespace {
using namespace recado;
namespace mqtt = recado::mqtt;

std::vector<std::string_view> levels(std::string_view text) {
  std::vector<std::string_view> result;
  for (std::size_t at = 0, slash; at != text.npos; at = slash == text.npos ? slash : slash + 1) {
    slash = text.find('/', at);
    result.push_back(text.substr(at, slash == text.npos ? slash : slash - at));
  }
  return result;
}

bool matches_slowly(std::string_view filter, std::string_view topic) {
  const auto wanted = levels(filter), given = levels(topic);
  if (topic.starts_with('$') && (wanted[0] == "+" || wanted[0] == "#")) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;
    if (i == given.size() || (wanted[i] != "+" && wanted[i] != given[i])) return false;
    if (i + 1 == given.size() && i + 2 == wanted.size() && wanted[i + 1] == "#") return true;
  }
  return wanted.size() == given.size();
}

void check_characters(std::string_view text) {
  for (const auto rule : {mqtt::text_rule::well_formed, mqtt::text_rule::topic_name})
    if (mqtt::plain_text(text, rule)) require(mqtt::check_text(text, rule) == mqtt::error::none);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  const std::size_t end = all.find('\n');
  const std::string_view filter = all.substr(0, end), topic = end == all.npos ? all : all.substr(end + 1);
  check_characters(filter), check_characters(topic);
  const bool valid_filter = mqtt::check_topic_filter(filter).has_value();
  const bool valid_topic = mqtt::check_topic_name(topic).has_value();
  const bool matched = mqtt::matches(filter, topic);
  if (!valid_filter || !valid_topic) return 0;
  const auto shared = mqtt::split_shared(filter);
  require(shared.has_value() == mqtt::is_shared(filter));
  require(matched == matches_slowly(shared ? shared->filter : filter, topic));
  require(mqtt::has_wildcards(filter) || shared || matched == (filter == topic));
  return 0;
}
