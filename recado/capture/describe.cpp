#include <recado/capture/describe.hpp>

#include <algorithm>

#include <recado/core/address.hpp>
#include <recado/dhcp/limits.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/dns/limits.hpp>
#include <recado/dns/packet.hpp>
#include <recado/ntp/limits.hpp>
#include <recado/ntp/packet.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::capture {
namespace {

constexpr std::size_t hexadecimal_bytes_max = 64;
constexpr std::size_t ethernet_header_bytes = 14;

void print_hexadecimal(bytes data, text_sink& out) {
  out.hex(data.first(std::min(data.size(), hexadecimal_bytes_max)), ' ');
  if (data.size() > hexadecimal_bytes_max) out << " …";
  out << '\n';
}

mac_address take_mac(wire::reader& in) {
  mac_address result;
  const bytes octets = in.take(result.octets.size());
  if (!in.failed()) copy(octets, result.octets);
  return result;
}

void print_arp(wire::reader& in, text_sink& out) {
  const bool ours = in.u16() == 1 && in.u16() == 0x0800 && in.u16() == 0x0604;  // Ethernet, IPv4, their lengths
  const std::uint16_t operation = in.u16();
  const mac_address sender_mac = take_mac(in);
  const ip_address sender = ip_address::v4(in.u32());
  (void)take_mac(in);
  const ip_address target = ip_address::v4(in.u32());
  if (!ours || in.failed() || operation < 1 || operation > 2) {
    out << "ARP of an unknown form\n";
    return;
  }
  if (operation == 2) out << "ARP: " << sender << " is at " << sender_mac << '\n';
  else if (sender == ip_address::v4_any()) out << "ARP: is anybody " << target << "? (probe)\n";
  else if (sender == target) out << "ARP: " << sender << " is mine (announcement)\n";
  else out << "ARP: who is " << target << "? tell " << sender << '\n';
}

}  // namespace

application application_of(std::uint16_t local_port, std::uint16_t peer_port) {
  for (const std::uint16_t port : {peer_port, local_port}) {
    if (port == dhcp::client_port || port == dhcp::server_port) return application::dhcp;
    if (port == dns::server_port) return application::dns;
    if (port == ntp::server_port) return application::ntp;
  }
  return application::unknown;
}

std::string_view words(application what) {
  switch (what) {
    case application::dhcp:
      return "DHCP";
    case application::dns:
      return "DNS";
    case application::ntp:
      return "NTP";
    case application::unknown:
      break;
  }
  return "UDP";
}

void describe(application what, bytes payload, utc_time near, text_sink& out) {
  if (what == application::dhcp) return dhcp::print(payload, out);
  if (what == application::dns) return dns::print(payload, out);
  if (what == application::ntp) {
    if (const auto packet = ntp::decode(payload)) return ntp::print(*packet, near, out);
    out << "too short for NTP: ";
  }
  print_hexadecimal(payload, out);
}

void describe_frame(bytes frame, text_sink& out) {
  wire::reader in{frame};
  (void)in.take(ethernet_header_bytes - 2);
  const std::uint16_t type = in.u16();
  if (type == 0x0806) return print_arp(in, out);
  out << "a frame of type 0x";
  out.hex(type, 4) << '\n';
}

void mqtt_words::add(mqtt::sender from, bytes data, text_sink& out) {
  side& of = sides_[from == mqtt::sender::client ? 0 : 1];
  if (of.lost) return;
  of.waiting += as_text(data);
  while (print_packet(of, from, out)) {
  }
}

/// False while the next packet isn't whole.
bool mqtt_words::print_packet(side& of, mqtt::sender from, text_sink& out) {
  if (of.waiting.empty() || of.lost) return false;
  mqtt::decode_options options{.protocol = how_.protocol, .from = from};
  const bytes in = as_bytes(of.waiting);
  mqtt::fixed_header header;
  mqtt::any_packet packet;
  mqtt::defect wrong = mqtt::read_header(in, options, header);
  if (!wrong && (header.size == 0 || in.size() < header.total())) return false;
  if (!wrong) wrong = mqtt::decode(header, in.first(header.total()), options, packet);
  if (wrong) {
    out << "not MQTT: " << words(wrong.code) << " in " << words(wrong.where) << '\n';
    of.lost = true;
    return false;
  }
  if (const auto* connect = std::get_if<mqtt::connect>(&packet)) how_.protocol = connect->protocol;
  mqtt::print(packet, how_, out);
  out << '\n';
  of.waiting.erase(0, header.total());
  return true;
}

}  // namespace recado::capture
