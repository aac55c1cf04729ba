#include <recado/mqtt/packet_publish.hpp>

#include <recado/core/utf8.hpp>
#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

RECADO_MQTT_INSTANTIATE(publish);
template std::size_t take<publish>(bytes, const decode_options&, publish&);

bool payload_is_as_announced(const publish& message) {
  return message.properties.number(property::payload_format_indicator) != 1 || is_utf8(message.payload);
}

}  // namespace recado::mqtt
