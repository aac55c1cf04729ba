// The payload that -m, -f, -s or -n names.
#pragma once

#include <string>

#include "settings.hpp"

namespace recado::app::tools {

/// Reads it; throws `failure` if that is not possible or it is longer than MQTT can say.
std::string payload_of(const settings& how);

}  // namespace recado::app::tools
