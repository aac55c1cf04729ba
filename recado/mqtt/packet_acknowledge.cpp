#include <recado/mqtt/packet_acknowledge.hpp>

#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

RECADO_MQTT_INSTANTIATE(acknowledgement);
template std::size_t take<acknowledgement>(bytes, const decode_options&, acknowledgement&);

}  // namespace recado::mqtt
