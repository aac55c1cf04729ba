#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include <recado/core/address.hpp>
#include <recado/pki/authority.hpp>
#include <recado/pki/failure.hpp>

#include "command.hpp"
#include "console.hpp"
#include "passphrase.hpp"
#include "pki_options.hpp"

namespace recado::app {
namespace pki_command {
namespace fs = std::filesystem;

namespace {

constexpr const char* ca_option = "--ca-passphrase-file";
constexpr const char* key_option = "--key-passphrase-file";

void add_key_options(CLI::App& command, options& to) {
  command.add_option("--key-type", to.key_type, "Kind of key: " + pki::key_kind_names())
      ->capture_default_str()
      ->each([&to](const std::string&) { to.key_type_given = true; });
  command.add_option(key_option, to.key_passphrase_file, "Encrypt the private key with the pass phrase in this file");
  command.add_flag("--encrypt-key", to.encrypt_key, "Encrypt the private key; asks for the pass phrase");
}

void add_ca_passphrase(CLI::App& command, options& to) {
  command.add_option(ca_option, to.ca_passphrase_file, "File with the pass phrase of the authority's key");
}

void add_names(CLI::App& command, options& to) {
  command.add_option("--dns", to.dns, "Host name under which it is reached (repeatable)")->type_name("NAME");
  command.add_option("--ip", to.ip, "Address under which it is reached (repeatable)")->type_name("ADDRESS");
}

void add_subject(CLI::App& command, options& to) {
  command.add_option("--subject", to.subject, "Whole subject, like \"C=ES,O=Example,CN=board 1\" (default: CN=NAME)");
}

/// What was given on the command line: if it is wrong, the call was.
auto as_given(auto&& read) {
  try {
    return read();
  } catch (const pki::failure& error) {
    throw usage_error(error.what(), std::string{error.remedy()});
  }
}

pki::validity_request read_validity(const options& from) {
  pki::validity_request asked;
  if (!from.from.empty()) asked.from = pki::parse_time(from.from);
  if (!from.to.empty()) asked.to = pki::parse_time(from.to);
  asked.days = from.days;
  pki::check(asked);
  return asked;
}

pki::alternative_names read_names(const options& from) {
  pki::alternative_names names;
  for (const std::string& name : from.dns) {
    if (parse_address(name)) throw pki::failure("'" + name + "' is an IP address, no host name", "give it with --ip");
    names.add(name);
  }
  for (const std::string& address : from.ip) {
    if (!parse_address(address)) throw pki::failure("'" + address + "' is no IP address", "give host names with --dns");
    names.add(address);
  }
  return names;
}

pki::key_kind asked_key(const options& from) {
  return as_given([&] { return pki::parse_key_kind(from.key_type); });
}

pki::secret new_key_passphrase(const options& from, const std::string& file, const std::string& what,
                               const char* option) {
  if (!file.empty() && from.encrypt_key)
    throw usage_error(std::string{"--encrypt-key asks for the pass phrase, and "} + option + " gives it",
                      "give one of them");
  if (!file.empty()) return read_passphrase_file(file);
  return from.encrypt_key ? ask_passphrase(what, true, option) : pki::secret{};
}

console& say_file(const fs::path& path, std::string_view what) {
  std::string name = path.string();
  name.resize(std::max<std::size_t>(name.size() + 1, 34), ' ');
  return out() << "  " << std::string_view{name} << what << '\n';
}

void say_issued(const pki::issued& made, bool with_key) {
  out() << painted{style::good, "issued"} << ' ' << made.subject << "\n  serial " << made.serial << ", valid from "
        << pki::text_of(made.valid.from) << " to " << pki::text_of(made.valid.to) << '\n';
  say_file(made.files.certificate, "the certificate");
  say_file(made.files.chain, "the same with the MQTT CA's behind it");
  if (with_key) say_file(made.files.key, "its private key");
}

/// The authority with its keys; a pass phrase that none of them needs is a mistake.
pki::authority open_issuer(const options& from) {
  std::error_code error;
  const fs::directory_iterator keys{fs::path{from.folder} / "private", error};
  const bool needless =
      !from.ca_passphrase_file.empty() && !error &&
      std::none_of(begin(keys), end(keys), [](auto& each) { return may_be_encrypted(each.path().string()); });
  if (needless)
    throw usage_error(
        "the keys of the authorities in '" + from.folder + "' are not encrypted, and " + ca_option + " is given",
        std::string{"leave "} + ca_option + " out");
  return open_authority(from);
}

/// Lists that nobody renews shut everybody out, on a day on which nobody thinks of them.
void say_when_due(const pki::authority& of) {
  out() << "renew the revocation lists by " << pki::text_of(of.crls_expire())
        << " ('recado pki crl'), or whoever uses them refuses everybody\n";
}

int init(const options& from) {
  pki::init_request request{
      .organization = from.organization,
      .key = asked_key(from),
      .valid = asked_validity(from),
      .passphrase = new_key_passphrase(from, from.ca_passphrase_file, "the authorities' keys", ca_option)};
  const fs::path folder{from.folder};
  pki::authority made = open_authority(from);
  made.init(request);
  out() << painted{style::good, "made"} << " a Root CA and an MQTT CA in " << folder.string() << '\n';
  say_file(folder / "ca.crt", "what brokers and devices trust (mosquitto: cafile)");
  say_file(folder / "ca.crl", "the revocation lists of both (mosquitto: crlfile)");
  say_file(folder / "private", "their keys: the Root CA's is needed for revocation lists only");
  say_when_due(made);
  return exit_success;
}

int issue(const options& from, pki::profile what) {
  pki::issue_request request{
      .what = what,
      .name = from.name,
      .subject = from.subject,
      .names = asked_names(from),
      .key = asked_key(from),
      .passphrase = new_key_passphrase(from, from.key_passphrase_file, "the new key", key_option),
      .valid = asked_validity(from)};
  say_issued(open_issuer(from).issue_entity(request), true);
  return exit_success;
}

int csr(const options& from) {
  pki::csr_request request{.name = from.name,
                           .subject = from.subject,
                           .names = asked_names(from),
                           .key = asked_key(from),
                           .passphrase = {},
                           .existing_key = {}};
  if (!from.key_file.empty() && (from.encrypt_key || from.key_type_given))
    throw usage_error("--key is a key that is there, and --encrypt-key and --key-type are about a new one",
                      "leave out the one or the others");
  if (from.key_file.empty())
    request.passphrase = new_key_passphrase(from, from.key_passphrase_file, "the new key", key_option);
  else
    refuse_needless(from.key_passphrase_file, from.key_file, key_option),
        request.existing_key = pki::read_file(from.key_file);
  pki::authority authority{from.folder, passphrase_from(from.key_passphrase_file, key_option), now(),
                           from.force ? pki::existing::replace : pki::existing::keep};
  const pki::entity_files files = authority.make_csr(request);
  out() << painted{style::good, "made"} << " a certificate request: give it to the authority, keep the key\n";
  say_file(files.certificate, "the request");
  if (!files.key.empty()) say_file(files.key, "its private key");
  return exit_success;
}

int sign(const options& from) {
  if (from.as != "server" && (!from.dns.empty() || !from.ip.empty()))
    throw usage_error("--dns and --ip are names of a server", "add --as server, or leave them out");
  pki::sign_request request{.what = from.as == "server" ? pki::profile::server : pki::profile::client,
                            .request = pki::read_file(from.files.front()),
                            .origin = "'" + from.files.front() + "'",
                            .name = from.name.empty() ? fs::path{from.files.front()}.stem().string() : from.name,
                            .names = asked_names(from),
                            .valid = asked_validity(from)};
  say_issued(open_issuer(from).sign(request), false);
  return exit_success;
}

int revoke(const options& from) {
  const pki::revocation_reason reason = as_given([&] { return pki::parse_revocation_reason(from.reason); });
  pki::authority by = open_issuer(from);
  for (const pki::index_entry& entry : by.revoke(from.name, reason))
    out() << painted{style::warning, "revoked"} << ' ' << entry.file << " (serial " << entry.serial << ", "
          << words(entry.reason) << ")\n";
  out() << "give the new " << (fs::path{from.folder} / "ca.crl").string() << " to brokers and devices\n";
  say_when_due(by);
  return exit_success;
}

int crl(const options& from) {
  pki::authority by = open_issuer(from);
  by.renew_crls(asked_validity(from));
  out() << painted{style::good, "renewed"} << " the revocation lists\n";
  say_file(fs::path{from.folder} / "ca.crl", "of both authorities (mosquitto: crlfile)");
  say_when_due(by);
  return exit_success;
}

int list(const options& from) {
  for (const pki::index_entry& entry : open_authority(from).list()) {
    const bool expired = entry.expires < now();
    if (entry.revoked) out() << painted{style::bad, "revoked "};
    else out() << painted{expired ? style::warning : style::good, expired ? "expired " : "valid   "};
    out() << ' ' << entry.serial << "  until " << pki::text_of(entry.expires) << "  " << entry.file;
    if (entry.revoked) out() << "  (" << pki::text_of(*entry.revoked) << ", " << words(entry.reason) << ')';
    out() << '\n';
  }
  return exit_success;
}

using action = int (*)(const options&);

/// A leaf with the options that all which change something have.
CLI::App& add_leaf(CLI::App& pki, const char* name, const char* what, const std::shared_ptr<options>& to, action run) {
  CLI::App& leaf = *pki.add_subcommand(name, what);
  add_folder(leaf, *to);
  on_run(leaf, [to, run] { return run(*to); });
  return leaf;
}

void add_init(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = add_leaf(pki, "init", "Make a Root CA and, below it, an MQTT CA", to, init);
  add_force(leaf, *to);
  leaf.add_option("--organization", to->organization, "Whose authorities they are");
  leaf.add_option("--key-type", to->key_type, "Kind of keys: " + pki::key_kind_names())->capture_default_str();
  leaf.add_option(ca_option, to->ca_passphrase_file, "Encrypt both private keys with the pass phrase in this file");
  leaf.add_flag("--encrypt-key", to->encrypt_key, "Encrypt both private keys; asks for the pass phrase");
  add_validity(
      leaf, *to,
      std::to_string(pki::root_ca_days_default) + ", the MQTT CA " + std::to_string(pki::mqtt_ca_days_default));
}

void add_issue(CLI::App& pki, const char* name, const char* what, pki::profile profile) {
  const auto to = std::make_shared<options>();
  const bool server = profile == pki::profile::server;
  CLI::App& leaf = add_leaf(pki, name, what, to,
                            server ? action{[](const options& o) { return issue(o, pki::profile::server); }}
                                   : action{[](const options& o) { return issue(o, pki::profile::client); }});
  leaf.add_option("NAME", to->name, server ? "Host name (also of its files)" : "Name of the device")->required();
  if (server) add_names(leaf, *to);
  add_subject(leaf, *to);
  add_key_options(leaf, *to);
  add_ca_passphrase(leaf, *to);
  add_validity(leaf, *to, std::to_string(server ? pki::server_days_default : pki::client_days_default));
  add_force(leaf, *to);
}

void add_csr(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = add_leaf(pki, "csr", "Make a key and a certificate request for another authority", to, csr);
  leaf.add_option("NAME", to->name, "Common name (also of its files)")->required();
  add_subject(leaf, *to);
  add_names(leaf, *to);
  leaf.add_option("--key", to->key_file, "Use this private key instead of a new one");
  add_key_options(leaf, *to);
  add_force(leaf, *to);
}

void add_sign(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = add_leaf(pki, "sign", "Issue a certificate for a certificate request", to, sign);
  leaf.add_option("FILE", to->files, "The request (PEM or DER)")->required()->expected(1);
  leaf.add_option("--as", to->as, "What it is for: client or server")
      ->check(CLI::IsMember({"client", "server"}))
      ->capture_default_str();
  leaf.add_option("--name", to->name, "Name of its files (default: that of the request)");
  add_names(leaf, *to);
  add_ca_passphrase(leaf, *to);
  add_validity(leaf, *to,
               std::to_string(pki::client_days_default) + ", as a server " + std::to_string(pki::server_days_default));
  add_force(leaf, *to);
}

void add_revoke(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = add_leaf(pki, "revoke", "Revoke a certificate and renew the revocation list", to, revoke);
  leaf.add_option("NAME", to->name, "Name, serial number or file of the certificate")->required();
  leaf.add_option("--reason", to->reason, "Why: " + pki::revocation_reason_names())->capture_default_str();
  add_ca_passphrase(leaf, *to);
}

void add_crl(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = add_leaf(pki, "crl", "Renew the revocation lists", to, crl);
  add_ca_passphrase(leaf, *to);
  add_validity(leaf, *to,
               std::to_string(pki::mqtt_crl_days_default) + ", the Root CA's list " +
                   std::to_string(pki::root_crl_days_default));
}

}  // namespace

void add_folder(CLI::App& command, options& to) {
  command.add_option("--dir", to.folder, "Folder of the PKI")->type_name("DIR")->capture_default_str();
}

void add_force(CLI::App& command, options& to) { command.add_flag("--force", to.force, "Replace what exists already"); }

void add_validity(CLI::App& command, options& to, const std::string& usual) {
  command.add_option("--days", to.days, "How many days it is valid (default: " + usual + ")");
  command.add_option("--from", to.from, "From when, like 2026-11-22 or 2026-11-22T17:50:00Z (default: now)");
  command.add_option("--to", to.to, "Until when");
}

void on_run(CLI::App& command, std::function<int()> run) {
  app::on_run(command, [run = std::move(run)]() -> int {
    try {
      return run();
    } catch (const pki::failure& error) {
      throw failure(error.what(), std::string{error.remedy()});
    }
  });
}

pki::seconds_utc now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

pki::authority open_authority(const options& from) {
  return {from.folder, passphrase_from(from.ca_passphrase_file, ca_option), now(),
          from.force ? pki::existing::replace : pki::existing::keep};
}

pki::validity_request asked_validity(const options& from) {
  return as_given([&] { return read_validity(from); });
}

pki::alternative_names asked_names(const options& from) {
  return as_given([&] { return read_names(from); });
}

}  // namespace pki_command

void add_pki(CLI::App& root) {
  using namespace pki_command;
  CLI::App& pki = *root.add_subcommand("pki", "Keys and certificates for brokers and devices");
  pki.require_subcommand(0, 1);
  add_init(pki);
  add_issue(pki, "server", "Issue a certificate for a broker", pki::profile::server);
  add_issue(pki, "client", "Issue a certificate for a device", pki::profile::client);
  add_csr(pki);
  add_sign(pki);
  add_revoke(pki);
  add_crl(pki);
  add_leaf(pki, "list", "List what was issued", std::make_shared<options>(), list);
  add_show(pki);
  add_verify(pki);
  add_export(pki);
}

}  // namespace recado::app
