// Files of options and passwords: read whole, but never without an end.
#pragma once

#include <string>
#include <string_view>

namespace recado::app {

inline constexpr std::size_t small_file_bytes_max = 1U << 20;

/// All that `path` gives, also if that is a pipe such as <(COMMAND): then until its writer ends. `what` is it for
/// people: "the option file". Throws `failure`, also where it is longer than any such file.
std::string read_small_file(const std::string& path, std::string_view what);

}  // namespace recado::app
