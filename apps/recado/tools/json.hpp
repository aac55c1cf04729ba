// JSON as mosquitto's clients write it, byte by byte; strings may hold any bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recado::app::tools {

/// Writes one value; commas and, if wanted, lines and tabs come by themselves.
class json {
 public:
  explicit json(bool pretty = false) : pretty_(pretty) {}
  json& open(char bracket);
  json& close(char bracket);
  json& key(std::string_view name);
  json& string(std::string_view text);
  json& number(double value);
  json& word(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  void separate();
  void indent();
  void quote(std::string_view text);

  bool pretty_;
  bool after_key_ = false;
  std::string text_;
  struct level {
    char bracket;
    bool empty = true;
  };
  std::vector<level> levels_;
};

/// Reads `text` as JSON and writes it into `to`, numbers and escapes in the form above: false if it isn't valid.
bool copy_json(std::string_view text, json& to);

}  // namespace recado::app::tools
