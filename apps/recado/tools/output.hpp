// How messages are printed: plain, -v, -F and --json.
#pragma once

#include <map>
#include <random>
#include <string>

#include <recado/mqtt/event.hpp>

#include "settings.hpp"

namespace recado::app::tools {

class printer {
 public:
  explicit printer(const settings& how) : how_(how), random_(std::random_device{}()) {}
  /// Prints one message to standard output as the options say.
  void print(const mqtt::message_received& what);

 private:
  void print_in_place(const mqtt::message_received& what);

  const settings& how_;
  std::mt19937 random_;
  std::map<std::string, std::size_t> lines_;  // of --watch: where each topic is shown
};

/// The message in the words of a format; false if %J met a payload that isn't JSON.
bool format_message(const settings& how, const mqtt::message_received& what, std::string& to);

}  // namespace recado::app::tools
