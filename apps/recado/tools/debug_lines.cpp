#include "debug_lines.hpp"

#include "outcome.hpp"

namespace recado::app::tools {

void debug_lines::add(mqtt::sender from, bytes data, text_sink& out) {
  side& of = sides_[from == mqtt::sender::client ? 0 : 1];
  if (of.lost) return;
  of.waiting += as_text(data);
  std::size_t used = 0;
  while (const std::size_t size = print_packet(of, as_bytes(of.waiting).subspan(used), from, out)) used += size;
  of.waiting.erase(0, used);
}

std::size_t debug_lines::print_packet(side& of, bytes in, mqtt::sender from, text_sink& out) {
  if (in.empty() || of.lost) return 0;
  const mqtt::decode_options how{.protocol = protocol_, .from = from};
  mqtt::fixed_header header;
  mqtt::any_packet packet;
  mqtt::defect wrong = mqtt::read_header(in, how, header);
  if (!wrong && (header.size == 0 || in.size() < header.total())) return 0;
  if (!wrong) wrong = mqtt::decode(header, in.first(header.total()), how, packet);
  if (wrong) {
    of.lost = true;
    return 0;
  }
  print(packet, from == mqtt::sender::client, out);
  return header.total();
}

text_sink& debug_lines::client(bool sent, text_sink& out) const {
  return out << "Client " << printable(identifier_) << (sent ? " sending " : " received ");
}

void debug_lines::print(const mqtt::any_packet& packet, bool sent, text_sink& out) {
  if (const auto* what = std::get_if<mqtt::connect>(&packet)) {
    protocol_ = what->protocol;
    if (!what->client_identifier.empty()) identifier_ = what->client_identifier;
    client(sent, out) << "CONNECT\n";
  } else if (const auto* answer = std::get_if<mqtt::connack>(&packet)) {
    const std::string_view given = answer->properties.text(mqtt::property::assigned_client_identifier);
    if (!given.empty()) identifier_ = given;
    const bool old = protocol_ == mqtt::version::v3_1_1;
    const auto code =
        old ? static_cast<unsigned>(mqtt::to_return_code(answer->reason)) : static_cast<unsigned>(answer->reason);
    client(sent, out) << "CONNACK (";
    out.number(code) << ")\n";
  } else if (const auto* message = std::get_if<mqtt::publish>(&packet)) {
    print_publish(*message, sent, out);
  } else if (const auto* step = std::get_if<mqtt::acknowledgement>(&packet)) {
    print_acknowledgement(*step, sent, out);
  } else if (const auto* granted = std::get_if<mqtt::subscribe_acknowledgement>(&packet)) {
    print_answer(*granted, out);
  } else if (const auto* ping = std::get_if<mqtt::ping>(&packet)) {
    client(sent, out) << (ping->type == mqtt::packet_type::pingreq ? "PINGREQ\n" : "PINGRESP\n");
  } else if (const auto* end = std::get_if<mqtt::disconnect>(&packet)) {
    if (sent) client(sent, out) << "DISCONNECT\n";
    else (out << "Received DISCONNECT (").number(static_cast<unsigned>(end->reason)) << ")\n";
  } else if (const auto* step_of = std::get_if<mqtt::auth>(&packet)) {
    client(sent, out) << "AUTH (rc";
    out.number(static_cast<unsigned>(step_of->reason)) << ")\n";
  } else {
    print_asking(packet, out);
  }
}

void debug_lines::print_publish(const mqtt::publish& what, bool sent, text_sink& out) {
  std::uint16_t number = what.packet_identifier;
  if (sent) {
    if (number == 0) number = last_ == 65'535 ? 1 : static_cast<std::uint16_t>(last_ + 1);
    last_ = number;
  }
  client(sent, out) << "PUBLISH (d" << (what.duplicate ? '1' : '0') << ", q";
  out.number(static_cast<unsigned>(what.qos)) << ", r" << (what.retain ? '1' : '0') << ", m";
  out.number(number) << ", '" << printable(what.topic) << "', ... (";
  out.number(what.payload.size()) << " bytes))\n";
}

void debug_lines::print_acknowledgement(const mqtt::acknowledgement& what, bool sent, text_sink& out) {
  using type = mqtt::packet_type;
  const bool last = what.type == type::puback || what.type == type::pubcomp;
  const std::string_view name = what.type == type::puback   ? "PUBACK"
                                : what.type == type::pubrec ? "PUBREC"
                                : what.type == type::pubrel ? "PUBREL"
                                                            : "PUBCOMP";
  client(sent, out) << name << (sent ? " (m" : " (Mid: ");
  out.number(what.packet_identifier);
  const bool coded = sent ? what.type == type::puback || what.type == type::pubrec : last;
  if (coded) (out << (sent ? ", rc" : ", RC:")).number(static_cast<unsigned>(what.reason));
  out << ")\n";
}

void debug_lines::print_asking(const mqtt::any_packet& packet, text_sink& out) {
  if (const auto* what = std::get_if<mqtt::subscribe>(&packet)) {
    last_ = what->packet_identifier;
    for (const mqtt::subscription& each : what->subscriptions) {
      client(true, out) << "SUBSCRIBE (Mid: ";
      out.number(what->packet_identifier) << ", Topic: " << printable(each.filter) << ", QoS: ";
      out.number(static_cast<unsigned>(each.qos)) << ", Options: 0x";
      out.hex(each.options() & ~3U, 2) << ")\n";
    }
  } else if (const auto* other = std::get_if<mqtt::unsubscribe>(&packet)) {
    last_ = other->packet_identifier;
    for (const std::string_view each : other->filters) {
      client(true, out) << "UNSUBSCRIBE (Mid: ";
      out.number(other->packet_identifier) << ", Topic: " << printable(each) << ")\n";
    }
  }
}

void debug_lines::print_answer(const mqtt::subscribe_acknowledgement& what, text_sink& out) {
  const bool subscribed = what.type == mqtt::packet_type::suback;
  client(false, out) << (subscribed ? "SUBACK\n" : "UNSUBACK\n");
  if (!subscribed || !of_sub_) return;
  out << "Subscribed (mid: ";
  out.number(what.packet_identifier) << "): ";
  for (std::size_t i = 0; i < what.reason_codes.size(); ++i)
    (out << (i == 0 ? "" : ", ")).number(std::to_integer<unsigned>(what.reason_codes[i]));
  out << '\n';
}

}  // namespace recado::app::tools
