#include <fstream>

#include "servers.hpp"

namespace recado::lab {

namespace {

/// A TOML basic string.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string in_namespaces(const plan& at) {
  return "[network]\ninterface = " + quoted(std::string{host_interface}) +
         "\n\n[dhcp]\nattempts = 50\nstatic_address = \"10.77.0.50\"\nstatic_mask = \"255.255.255.0\"\n"
         "static_gateway = " +
         quoted(at.router_address) +
         "\n\n[dns]\nservers = [\"gateway\"]\n"
         "\n[ntp]\nservers = [\"ntp.lab\"]\n";
}

std::string on_loopback(const plan& at) {
  const auto with_port = [](const std::string& host, std::uint16_t port) {
    return quoted(host + ':' + std::to_string(port));
  };
  return "[network]\nmode = \"as-is\"\n\n[dns]\nservers = [" + with_port(at.router_address, at.dns_port) +
         "]\n\n[ntp]\nservers = [" + with_port("ntp.lab", at.ntp_port) + "]\n";
}

}  // namespace

void write_device_config(const folder& where, const plan& at) {
  const auto pki = [&](const char* name) { return quoted((where.pki() / name).string()); };
  std::ofstream out{where.device_config(), std::ios::trunc};
  out << "# The board of the lab, for recado run. Written by recado lab; changes are lost.\n"
      << "[device]\nplatform = \"board\"\nstorage = " << quoted(where.device_storage().string()) << "\n\n"
      << (at.how == mode::loopback ? on_loopback(at) : in_namespaces(at)) << "time_zone = \"GMT+1\"\n"
      << "\n[tls]\nenabled = true\nclient_authentication = true\nca = " << pki("root-ca.crt")
      << "\ncertificate = " << pki("clients/board-chain.crt") << "\nkey = " << pki("clients/board.key")
      << "\n\n[broker]\nservers = [\"broker.lab\"]\nport = " << at.mqtts_port << "\nplain_port = " << at.mqtt_port
      << "\nclient_id = \"board\"\npublic_topic = \"[TEMA_PÚBLICO]\"\nsecret_topic = \"[TEMA_SECRETO]\"\n"
      << "\n[test]\nenabled = true\nbytes = 1024\ncycles = 20\n";
  if (!out.flush()) throw lab_error{"cannot write " + where.device_config().string()};
}

}  // namespace recado::lab
