// The client's own certificate: how long it is still good for.
#pragma once

#include <optional>
#include <string>

#include <recado/core/instant.hpp>

namespace recado::app::tools {

/// The time until the first certificate in the file (PEM or DER) ends, below 0 if it has; nothing if there is none.
std::optional<duration> time_left(const std::string& path);

}  // namespace recado::app::tools
