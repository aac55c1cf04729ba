// What was given, to be complained of, without its secrets.
#pragma once

#include <string>
#include <string_view>

namespace recado::app {

/// A URL or a server in quotes: of its password only the length. A path may hold an @, too, and a password a slash:
/// what stands before the last @ is not shown.
std::string quoted_without_password(std::string_view url);

}  // namespace recado::app
