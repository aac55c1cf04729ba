// What an image takes from the files that a configuration names, and what a configuration means on a board.
#include <recado/core/address.hpp>
#include <recado/core/nearest.hpp>
#include <recado/device/options.hpp>
#include <recado/device/server.hpp>
#include <recado/pki/export.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/file.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/key.hpp>
#include <recado/pki/parse.hpp>

#include "command.hpp"
#include "firmware.hpp"
#include "passphrase.hpp"

namespace recado::app::firmware {

namespace {

using linux_board::configuration_file;

std::string read(std::string_view path) { return pki::read_file(std::filesystem::path{path}); }

/// Only what the boards' TLS can verify and sign with.
void check_algorithm(EVP_PKEY* key, const std::string& what) {
  const int kind = EVP_PKEY_get_base_id(key);
  char group[32] = {};
  EVP_PKEY_get_group_name(key, group, sizeof group, nullptr);
  if (kind == EVP_PKEY_EC && std::string_view{group} == "prime256v1") return;
  const char* name = kind == EVP_PKEY_EC ? "an elliptic curve other than P-256" : OBJ_nid2ln(kind);
  throw failure(what + " has a key of " + name + ", and a board's TLS knows ECDSA with P-256 only",
                "make one with 'recado pki' and --key-type ecdsa-p256");
}

/// Authorities lie in the memory of TLS for as long as the board runs; with four none is left for the handshake.
constexpr std::size_t authorities_max = 3;

void check_authorities(std::string_view path) {
  const std::string what = "tls.ca '" + std::string{path} + "'";
  const std::size_t count = pki::parse_certificates(read(path), what).size();
  if (count > authorities_max)
    throw failure(what + " holds " + std::to_string(count) + " certificates, and a board has memory for " +
                      std::to_string(authorities_max),
                  "give only the root that the broker's certificate goes back to");
}

/// As DER, one behind the other.
pki::secret certificates(std::string_view path, const std::string& option) {
  const std::string what = option + " '" + std::string{path} + "'";
  std::string all;
  for (const auto& each : pki::parse_certificates(read(path), what)) {
    check_algorithm(X509_get0_pubkey(each.get()), what);
    all += pki::der_of(each.get());
  }
  return pki::secret{std::move(all)};
}

/// The key in DER, not encrypted; it has to be the certificate's.
pki::secret private_key(const device::configuration& chosen) {
  const std::string_view path = chosen.tls.key.empty() ? chosen.tls.certificate : chosen.tls.key;
  const std::string what = "tls.key '" + std::string{path} + "'";
  const pki::secret content{read(path)};
  refuse_needless(std::string{chosen.tls.key_password_file}, std::string{path}, "tls.key_password_file");
  const auto ask = passphrase_from(std::string{chosen.tls.key_password_file}, "tls.key_password_file");
  const pki::key_ptr key = pki::parse_private_key(content.view(), what, ask);
  check_algorithm(key.get(), what);
  const auto own = pki::parse_certificate(read(chosen.tls.certificate), "tls.certificate");
  if (X509_check_private_key(own.get(), key.get()) != 1)
    pki::fail_openssl(what + " is not the key of tls.certificate", "name the key that the certificate was made for");
  return pki::private_key_der(key.get());
}

/// The lists in DER, one behind the other.
pki::secret revocation_lists(std::string_view path) {
  const std::string what = "tls.crl '" + std::string{path} + "'";
  std::string all;
  for (const pki::crl_ptr& each : pki::parse_crls(read(path), what)) all += pki::der_of(each.get());
  return pki::secret{std::move(all)};
}

/// What a PC has and a board hasn't.
void refuse_foreign(const board& target, configuration_file& file) {
  const device::configuration& c = file.values;
  if (c.network.mode == device::address_mode::as_is)
    file.refuse("network", "mode",
                "nobody else gives a board an address; leave it out, or set dhcp.attempts = 0 for the static one");
  if (c.tls.enabled && c.tls.ca.empty() && c.tls.psk.empty())
    file.refuse("tls", "ca", "a board has no authorities of a system to trust; name the file of yours");
  if (c.test.bytes > target.message_bytes_max)
    file.refuse("test", "bytes", "the board has room for " + std::to_string(target.message_bytes_max));
  const std::pair<const char*, const device::server_list*> lists[] = {
      {"dns", &c.dns.servers}, {"ntp", &c.ntp.servers}, {"broker", &c.broker.servers}};
  for (const auto& [section, servers] : lists)
    for (const std::string_view each : *servers)
      if (const auto address = parse_address(device::parse_server(each, 1)->host); address && address->is_v6())
        file.refuse(section, "servers", "'" + std::string{each} + "' is an IPv6 address, and a board has IPv4 only");
}

}  // namespace

const std::vector<board>& boards() {
  static const std::vector<board> all{{"mps2-an500", "EEPROM", 1024}, {"nucleo-h723zg", "flash", 1024}};
  return all;
}

const std::vector<std::string>& presets() {
  static const std::vector<std::string> all{"full", "opaque", "tiny"};
  return all;
}

const board& find_board(std::string_view name) {
  std::vector<std::string_view> names;
  for (const board& each : boards()) {
    if (each.name == name) return each;
    names.push_back(each.name);
  }
  const std::string_view guess = nearest(name, names);
  std::string all;
  for (const std::string_view each : names) all += (all.empty() ? "" : " or ") + std::string{each};
  throw usage_error("there is no board '" + std::string{name} + "'",
                    guess.empty() ? "it is " + all : "did you mean '" + std::string{guess} + "'?");
}

credentials read_credentials(const device::configuration& chosen) {
  credentials result;
  if (!chosen.tls.enabled) return result;
  try {
    if (!chosen.tls.psk.empty()) return result;
    check_authorities(chosen.tls.ca);
    result.ca = certificates(chosen.tls.ca, "tls.ca");
    if (!chosen.tls.crl.empty()) result.crl = revocation_lists(chosen.tls.crl);
    if (!chosen.tls.client_authentication) return result;
    result.certificate = certificates(chosen.tls.certificate, "tls.certificate");
    result.key = private_key(chosen);
  } catch (const pki::failure& error) {
    throw failure(error.what(), std::string{error.remedy()});
  }
  return result;
}

std::vector<std::string> resolve_for(const board& target, std::string_view preset, configuration_file& file) {
  refuse_foreign(target, file);
  const bool tiny = preset == "tiny";
  std::vector<std::string> notes;
  const std::string memory{target.memory};
  device::configuration& c = file.values;
  if (!c.network.interface.empty()) notes.push_back("network.interface: the board has one, without a name");
  if (!c.device.storage.empty()) notes.push_back("device.storage: the board remembers in its " + memory);
  if (!c.device.session.empty())
    notes.push_back(tiny ? "device.session: with the preset tiny it doesn't outlive the power; full keeps it"
                         : "device.session: the board keeps its session in its " + memory);
  if (file.gives("device", "session_durability") && !tiny)
    notes.push_back("device.session_durability: what is written to the " + memory + " survives everything");
  if (!c.broker.password.empty()) notes.push_back("broker.password: it is readable in the image");
  if (!c.tls.psk.empty()) notes.push_back("tls.psk: it is readable in the image");
  if (c.tls.enabled && c.tls.debug_level >= 3)
    notes.push_back("tls.debug_level: the console shows the connection's keys; who has them can read everything");
  if (tiny && c.tls.enabled && c.tls.debug_level >= 1)
    notes.push_back("tls.debug_level: the preset tiny shows no certificates; full does");
  c.device.storage = {}, c.network.interface = {};
  if (!c.device.session.empty()) c.device.session = target.memory;
  c.device.session_durability = device::session_durability::fsync;
  c.broker.password_file = {}, c.broker.password_environment = {};
  return notes;
}

}  // namespace recado::app::firmware
