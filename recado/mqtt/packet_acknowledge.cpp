#include <recado/mqtt/packet_acknowledge.hpp>

#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

RECADO_MQTT_INSTANTIATE(acknowledgement);

}  // namespace recado::mqtt
