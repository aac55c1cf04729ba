#include "servers.hpp"

#include <pwd.h>
#include <unistd.h>

#include <fstream>

namespace recado::lab {

namespace {

/// The user that a server should run as: whoever runs the lab, root in its namespaces.
std::string own_user(const plan& at) {
  const passwd* user = at.how == mode::loopback ? getpwuid(geteuid()) : nullptr;
  return user != nullptr ? user->pw_name : "root";
}

std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

void write_config(const folder& where, const std::string& name, const std::string& text, const extra_lines& extra) {
  std::ofstream out{where.config(name), std::ios::trunc};
  out << "# Written by recado lab; changes are lost.\n" << text;
  if (const auto lines = extra.find(name); lines != extra.end())
    for (const auto& line : lines->second) out << line << '\n';
  if (!out.flush()) throw lab_error{"cannot write " + where.config(name).string()};
}

std::string dnsmasq_config(const folder& where, const plan& at) {
  std::string text = "no-resolv\nno-hosts\nlog-queries\nlog-dhcp\n";
  text += "port=" + std::to_string(at.dns_port) + "\nlocal=/lab/\ndomain=lab\n";
  text += "address=/router.lab/" + at.router_address + "\naddress=/ntp.lab/" + at.router_address + '\n';
  text += "address=/broker.lab/" + at.broker_address + "\ncname=mqtt.lab,broker.lab\n";
  text += "host-record=broker.lab," + at.broker_address + '\n';
  if (at.how == mode::loopback) return text + "listen-address=127.0.0.1\nbind-interfaces\n";
  // no-ping: dnsmasq would try each address for three seconds before it offers it.
  return text + "dhcp-authoritative\nno-ping\ndhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h\n" +
         "dhcp-option=option:router," + at.router_address + "\ndhcp-option=option:dns-server," + at.router_address +
         "\ndhcp-option=option:ntp-server," + at.router_address +
         "\ndhcp-leasefile=" + (where.root / "dnsmasq.leases").string() + '\n';
}

// Without a socket for commands: its usual place is the machine's own chronyd's.
std::string chronyd_config(const plan& at) {
  return "local stratum 3\nallow\ncmdport 0\nbindcmdaddress /\nport " + std::to_string(at.ntp_port) + "\nbindaddress " +
         at.router_address + "\npidfile " + std::string{chronyd_number_file} + '\n';
}

std::string mosquitto_config(const folder& where, const plan& at) {
  const auto pki = [&](const char* name) { return (where.pki() / name).string(); };
  const auto store = where.root / "mosquitto";
  std::filesystem::create_directories(store);
  return "user " + own_user(at) +
         "\nper_listener_settings false\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n"
         "persistence true\npersistence_location " +
         store.string() +
         "/\nlog_dest stderr\nlog_type all\n"
         "listener " +
         std::to_string(at.mqtt_port) + ' ' + at.broker_address + "\nlistener " + std::to_string(at.mqtts_port) + ' ' +
         at.broker_address + "\ncafile " + pki("root-ca.crt") + "\ncertfile " + pki("servers/broker.lab-chain.crt") +
         "\nkeyfile " + pki("servers/broker.lab.key") + "\nrequire_certificate true\n";
}

/// Certificates grow here, so that a lab that was interrupted meanwhile has all of them or none.
std::filesystem::path unfinished_pki(const folder& where) { return where.root / "pki.new"; }

void run_pki(const folder& where, std::vector<std::string> words) {
  command what{{own_program().string(), "pki"}, where.log("pki")};
  what.words.insert(what.words.end(), words.begin(), words.end());
  what.words.insert(what.words.end(), {"--dir", unfinished_pki(where).string()});
  if (run(what) != 0) throw lab_error{"making the certificates failed; see " + where.log("pki").string()};
}

}  // namespace

std::string find_program(const std::string& name) {
  const auto build = own_program().parent_path().parent_path().parent_path();
  for (const std::filesystem::path& folder :
       {build / "servers/usr/sbin", std::filesystem::path{"/usr/sbin"}, std::filesystem::path{"/usr/bin"},
        std::filesystem::path{"/usr/local/sbin"}}) {
    const auto program = folder / name;
    if (access(program.c_str(), X_OK) == 0) return program.string();
  }
  throw lab_error{"the lab needs " + name + ": run tools/servers lab in the checkout, or install it"};
}

std::vector<server> configure_servers(const folder& where, const plan& at, const extra_lines& extra) {
  write_config(where, "dnsmasq", dnsmasq_config(where, at), extra);
  write_config(where, "chronyd", chronyd_config(at), extra);
  write_config(where, "mosquitto", mosquitto_config(where, at), extra);
  const auto config = [&](const char* name) { return where.config(name).string(); };
  return {
      {"dnsmasq",
       0,
       {{find_program("dnsmasq"), "--no-daemon", "--log-facility=-", "--conf-file=" + config("dnsmasq")},
        where.log("dnsmasq")},
       false,
       at.how == mode::loopback ? at.dns_port : std::uint16_t{67}},
      {"chronyd",
       0,
       {{find_program("chronyd"), "-d", "-x", "-U", "-u", own_user(at), "-f", config("chronyd")}, where.log("chronyd")},
       false,
       at.ntp_port},
      {"mosquitto",
       1,
       {{find_program("mosquitto"), "-c", config("mosquitto")}, where.log("mosquitto")},
       true,
       at.mqtts_port},
  };
}

void make_certificates(const folder& where) {
  if (std::filesystem::exists(where.pki())) return;
  std::filesystem::remove_all(unfinished_pki(where));
  run_pki(where, {"init"});
  run_pki(where, {"server", "broker.lab", "--dns", "mqtt.lab", "--ip", "10.77.0.2", "--ip", "127.0.0.1"});
  run_pki(where, {"client", "board"});
  run_pki(where, {"client", "visitor"});
  std::filesystem::rename(unfinished_pki(where), where.pki());
}

}  // namespace recado::lab
