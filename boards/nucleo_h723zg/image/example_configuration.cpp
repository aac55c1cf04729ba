// What the image is made for if nobody gives a device.toml: everything has its default. It asks DHCP for an address and
// NTP for the time, and goes up the ladder as far as test.mosquitto.org lets somebody without certificates.
#include <boards/common/firmware_configuration.hpp>

namespace recado::firmware {

const image_configuration& configuration() {
  static constinit const image_configuration chosen;
  return chosen;
}

}  // namespace recado::firmware
