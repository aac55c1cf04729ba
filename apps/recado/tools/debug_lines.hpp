// What -d prints of each packet: the lines of mosquitto's clients, word by word.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <recado/core/text.hpp>
#include <recado/mqtt/packet.hpp>

namespace recado::app::tools {

class debug_lines {
 public:
  /// `of_sub`: the granted QoS of a subscription is told, too, as mosquitto_sub does.
  explicit debug_lines(bool of_sub) : of_sub_(of_sub) {}
  /// Takes bytes as they come and prints a line for each packet that they complete. After a defect that direction is
  /// silent: the session says what is wrong.
  void add(mqtt::sender from, bytes data, text_sink& out);

 private:
  struct side {
    std::string waiting;  ///< half a packet
    bool lost = false;
  };
  /// The bytes of one packet, or 0 if it isn't whole.
  std::size_t print_packet(side& of, bytes in, mqtt::sender from, text_sink& out);
  void print(const mqtt::any_packet& packet, bool sent, text_sink& out);
  void print_publish(const mqtt::publish& what, bool sent, text_sink& out);
  void print_acknowledgement(const mqtt::acknowledgement& what, bool sent, text_sink& out);
  void print_asking(const mqtt::any_packet& packet, text_sink& out);
  void print_answer(const mqtt::subscribe_acknowledgement& what, text_sink& out);
  text_sink& client(bool sent, text_sink& out) const;

  bool of_sub_;
  mqtt::version protocol_ = mqtt::version::v3_1_1;
  std::string identifier_ = "(null)";
  std::uint16_t last_ = 0;  ///< mosquitto counts messages of QoS 0 as if they had an identifier
  std::array<side, 2> sides_;
};

}  // namespace recado::app::tools
