// Folders of authorities: a list with colons between, as OpenSSL reads it and mosquitto's --capath takes it.
#pragma once

#include <string_view>

namespace recado::tls {

/// Calls `takes` with each folder of the list, until one returns false; empty parts are passed over. True if all were
/// taken, and there was one.
template <class Takes>
bool takes_folders(std::string_view list, Takes takes) {
  bool any = false;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(':'));
    list.remove_prefix(one.size() == list.size() ? list.size() : one.size() + 1);
    if (one.empty()) continue;
    if (!takes(one)) return false;
    any = true;
  }
  return any;
}

}  // namespace recado::tls
