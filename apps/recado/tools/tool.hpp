// The way from the program's first words to pub, sub and rr.
#pragma once

#include <optional>

namespace recado::app::tools {

/// Runs a tool if the program was called by the name of one of mosquitto's clients, or its first argument names one;
/// else nothing. Throws `failure`.
std::optional<int> run(int argc, const char* const* argv);
/// "recado pub" and so on for such a call, for messages about errors; empty if it is none.
const char* name_of_call(int argc, const char* const* argv);

}  // namespace recado::app::tools
