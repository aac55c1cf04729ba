#include "probe.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>

#include <recado/core/byte_order_mark.hpp>
#include <recado/device/server.hpp>

#include "passphrase.hpp"
#include "redacted.hpp"

namespace recado::app {
namespace probe {
namespace {

void add_common(CLI::App& command, common_options& to) {
  command.add_option("--timeout", to.timeout_s, "Give up after so many seconds")->capture_default_str();
  command.add_option("--interface", to.interface, "Network interface to use")->type_name("NAME");
}

void add_dns_servers(CLI::App& command, common_options& to) {
  command
      .add_option("--dns", to.dns_servers, "DNS server to ask for HOST (repeatable; default: the system's resolver)")
      ->type_name("ADDRESS[:PORT]");
}

template <class Options>
CLI::App* add(CLI::App& parent, const char* name, const char* what, const std::shared_ptr<Options>& to) {
  CLI::App* command = parent.add_subcommand(name, what);
  add_common(*command, *to);
  return command;
}

void add_dhcp(CLI::App& parent) {
  struct options : common_options {
    std::string inform;
    bool keep = false;
    double arp_s = 1;
  };
  const auto to = std::make_shared<options>();
  CLI::App* command = add(parent, "dhcp", "Ask for an address, show the lease, and give it back", to);
  command->add_option("INTERFACE", to->interface, "Network interface (default: the first Ethernet)");
  command->add_option("--inform", to->inform, "Only ask for the parameters of a host that has this address")
      ->type_name("ADDRESS");
  command->add_flag("--keep", to->keep, "Leave the address leased to this interface");
  command->add_option("--arp", to->arp_s, "Seconds to ask whether somebody has the address; 0: don't ask")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60.0));
  on_run(*command, [to, command] {
    if (!to->inform.empty() && (to->keep || command->count("--arp") != 0))
      throw usage_error("--keep and --arp are about a lease, and --inform asks for none",
                        "leave out the one or the other");
    if (command->count("INTERFACE") != 0 && command->count("--interface") != 0)
      throw usage_error("the interface is given twice", "give it alone, or by --interface");
    if (std::isnan(to->arp_s)) throw usage_error("--arp nan is no time", "give seconds, 0 to 60");
    return dhcp(*to, to->inform, to->keep, to->arp_s);
  });
}

void add_dns(CLI::App& parent) {
  struct options : common_options {
    std::string name;
    std::vector<std::string> servers;
    int family = 0;
  };
  const auto to = std::make_shared<options>();
  CLI::App* command = add(parent, "dns", "Look a name up", to);
  command->add_option("NAME", to->name, "Host name")->required();
  command->add_option("--server", to->servers, "DNS server (repeatable; default: those of /etc/resolv.conf)")
      ->type_name("ADDRESS[:PORT]");
  command->add_option("--family", to->family, "Only addresses of IPv4 (4) or IPv6 (6)")->check(CLI::IsMember({4, 6}));
  on_run(*command, [to] { return dns(*to, to->name, to->servers, to->family); });
}

// "host", "host:port", "[2001:db8::1]:port": where the port is, it isn't given by an option too.
void read_place(const CLI::App& command, std::string& host, std::uint16_t& port) {
  const auto place = device::parse_server(host, port);
  if (!place)
    throw usage_error(quoted_without_password(host) + " is no host", "give HOST, HOST:PORT or [ADDRESS]:PORT");
  const bool has_port = device::parse_server(host, 1)->port == device::parse_server(host, 2)->port;
  if (has_port && command.count("--port") != 0)
    throw usage_error("the port is given twice", "give it behind the host, or by --port");
  port = place->port;
  host = std::string{place->host};
}

void add_place(CLI::App& command, const char* name, std::string& to) {
  command.add_option(name, to, "Host name or address, with its port or without")
      ->type_name(std::string{name} + "[:PORT]")
      ->required();
}

void add_ntp(CLI::App& parent) {
  struct options : common_options {
    std::string server;
    std::uint16_t port = 123;
    unsigned samples = 1;
  };
  const auto to = std::make_shared<options>();
  CLI::App* command = add(parent, "ntp", "Ask a time server for the time; no clock is set", to);
  add_place(*command, "SERVER", to->server);
  command->add_option("--port", to->port, "UDP port")->capture_default_str()->check(CLI::Range(1, 65535));
  add_dns_servers(*command, *to);
  command->add_option("--samples", to->samples, "How often to ask")->capture_default_str()->check(CLI::Range(1, 8));
  on_run(*command, [to, command] {
    read_place(*command, to->server, to->port);
    return ntp(*to, to->server, to->port, to->samples);
  });
}

void add_tls_options(CLI::App& command, stream_options& to) {
  command.add_option("--cafile", to.ca_file, "Trusted certificates (default: the system's)")->type_name("FILE");
  command.add_option("--capath", to.ca_path, "Folder of trusted certificates, or several with : between")
      ->type_name("FOLDER");
  command.add_flag("--tls-use-os-certs", to.system_store, "Trust the system's certificates too");
  command.add_option("--cert", to.certificate_file, "The client's certificate")->type_name("FILE");
  command.add_option("--key", to.key_file, "Its private key")->type_name("FILE");
  command.add_option("--passphrase-file", to.pass_phrase_file, "File with the key's pass phrase")->type_name("FILE");
  command.add_option("--crlfile", to.crl_file, "Revocation lists")->type_name("FILE");
  command.add_option("--tls-version", to.tls_version, "Only this version")->check(CLI::IsMember({"1.2", "1.3"}));
  command.add_option("--tls-backend", to.tls_backend, "The library that does TLS")
      ->check(CLI::IsMember({"openssl", "mbedtls"}));
  command.add_option("--tls-alpn", to.alpn, "Protocols to offer (ALPN)")->capture_default_str();
  command.add_option("--keylog", to.key_log_file, "Append the secrets for Wireshark to this file")->type_name("FILE");
  command.add_flag("--insecure", to.insecure, "Verify nothing: anyone may answer");
}

void check_tls_options(const stream_options& what) {
  if (!what.pass_phrase_file.empty() && what.certificate_file.empty())
    throw usage_error("--passphrase-file opens the key of --cert, and none is given",
                      "add --cert FILE, and --key FILE if its key is in another one, or leave it out");
}

void add_tls(CLI::App& parent) {
  const auto to = std::make_shared<stream_options>();
  to->port = 8883;
  to->secure = true;
  CLI::App* command = add(parent, "tls", "Shake hands, show the server's chain and the verdict", to);
  add_place(*command, "HOST", to->host);
  command->add_option("-p,--port", to->port, "TCP port")->capture_default_str();
  add_dns_servers(*command, *to);
  add_tls_options(*command, *to);
  on_run(*command, [to, command] {
    read_place(*command, to->host, to->port);
    check_tls_options(*to);
    return tls(*to);
  });
}

std::string first_line_of(const std::string& path) {
  const pki::secret line = read_passphrase_file(path);
  return std::string{without_byte_order_mark(line.view())};
}

int run_mqtt(const CLI::App& command, mqtt_options& to, const std::string& version) {
  static constexpr const char* needs_tls[] = {"--cafile",   "--capath",      "--tls-use-os-certs", "--cert",   "--key",
                                              "--crlfile",  "--tls-version", "--insecure",         "--keylog", "--tls",
                                              "--tls-alpn", "--tls-backend", "--passphrase-file"};
  for (const char* each : needs_tls) to.secure = to.secure || command.count(each) != 0;
  if (command.count("--port") == 0) to.port = to.secure ? 8883 : 1883;
  read_place(command, to.host, to.port);
  check_tls_options(to);
  if (to.show_secrets && (to.table || to.json))
    throw usage_error(
        std::string{"--show-secrets is about packets, and "} + (to.table ? "--table" : "--json") + " shows none",
        "leave it out");
  if (command.count("--protocol-version") != 0 && (to.table || to.json))
    throw usage_error(std::string{to.table ? "--table" : "--json"} + " tries both versions", "leave -V out");
  to.for_programs = to.json;
  if (to.keep_alive_s > 65'535) throw usage_error("--keepalive is at most 65535 s", "0 turns it off");
  to.has_user_name = command.count("--username") != 0;
  to.has_password = command.count("--pw") != 0 || !to.password_file.empty();
  if (command.count("--pw") != 0 && !to.password_file.empty())
    throw usage_error("--pw and --pw-file are both given", "give one of them");
  if (!to.password_file.empty()) to.password = first_line_of(to.password_file);
  to.version = version == "5" || version == "mqttv5" ? recado::mqtt::version::v5_0 : recado::mqtt::version::v3_1_1;
  return mqtt(to);
}

void add_mqtt(CLI::App& parent) {
  const auto to = std::make_shared<mqtt_options>();
  const auto version = std::make_shared<std::string>("5");
  CLI::App* command = add(parent, "mqtt", "Connect to a broker and show what it offers", to);
  add_place(*command, "HOST", to->host);
  command->add_option("-p,--port", to->port, "TCP port (default: 1883, with TLS 8883)");
  add_dns_servers(*command, *to);
  command->add_option("-V,--protocol-version", *version, "5 or 311")
      ->capture_default_str()
      ->check(CLI::IsMember({"5", "311", "mqttv5", "mqttv311"}));
  command
      ->add_option("-i,--id", to->client_id,
                   "Client identifier (default: the broker assigns one); with --table or --json ID-1 and ID-2")
      ->type_name("ID");
  command->add_option("-u,--username", to->user_name, "User name");
  command->add_option("-P,--pw", to->password, "Password (others may see it in the process list)");
  command->add_option("--pw-file", to->password_file, "File with the password")->type_name("FILE");
  command->add_option("-k,--keepalive", to->keep_alive_s, "Keep alive in seconds")->capture_default_str();
  command->add_flag("--show-secrets", to->show_secrets, "Print passwords instead of their length");
  command->add_flag("--tls", to->secure, "Use TLS with the system's trusted certificates");
  CLI::Option* table = command->add_flag("--table", to->table, "Try what the broker supports, and print a table");
  command->add_flag("--json", to->json, "The same as JSON")->excludes(table);
  add_tls_options(*command, *to);
  on_run(*command, [to, version, command] { return run_mqtt(*command, *to, *version); });
}

}  // namespace
}  // namespace probe

void add_probe(CLI::App& root) {
  CLI::App* command = root.add_subcommand("probe", "Run one rung alone and show every packet, field by field");
  command->require_subcommand(0, 1);
  probe::add_dhcp(*command);
  probe::add_dns(*command);
  probe::add_ntp(*command);
  probe::add_tls(*command);
  probe::add_mqtt(*command);
}

}  // namespace recado::app
