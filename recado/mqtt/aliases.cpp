#include <recado/mqtt/aliases.hpp>

#include <algorithm>

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

topic_slots::topic_slots(mutable_bytes memory, std::uint16_t count)
    : memory_(memory), slot_(count != 0 ? memory.size() / count : 0), count_(slot_ > 2 ? count : std::uint16_t{0}) {
  clear();
}

std::string_view topic_slots::topic(std::size_t slot) const {
  const std::byte* const at = memory_.data() + slot * slot_;
  return as_text({at + 2, read_u16(at)});
}

bool topic_slots::set(std::size_t slot, std::string_view topic) {
  if (topic.size() > topic_bytes_max()) return false;
  write_text(memory_.data() + slot * slot_, topic);
  return true;
}

void topic_slots::clear() { std::fill(memory_.begin(), memory_.end(), std::byte{0}); }

std::size_t topic_slots::home(std::string_view topic, std::size_t count) {
  std::uint32_t mixed = static_cast<std::uint32_t>(topic.size());  // the ends of topics differ most
  const std::size_t used = std::min<std::size_t>(topic.size(), 16);
  for (const char c : topic.substr(topic.size() - used)) mixed = (mixed ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return (mixed >> 8) % count;
}

}  // namespace recado::mqtt
