// A session's events as lines of text, for tests to compare.
#pragma once

#include <string>
#include <variant>

#include <recado/mqtt/event.hpp>

namespace recado::mqtt::test {

/// An event in one line.
std::string tell(const session_event& what);
template <class Below>
std::string tell(const std::variant<Below, session_event>& what) {
  return what.index() == 0 ? std::string{} : tell(std::get<1>(what));
}

}  // namespace recado::mqtt::test
