// What the subcommands of "recado pki" share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/authority.hpp>

namespace CLI {
class App;
}

namespace recado::app::pki_command {

/// The options of all subcommands; each adds those that it knows.
struct options {
  std::string folder = "pki";
  bool force = false;
  std::string name;
  std::vector<std::string> files;
  std::string organization, subject;
  std::vector<std::string> dns, ip;
  std::string key_type = "ecdsa-p256";
  bool key_type_given = false;
  std::string key_passphrase_file, ca_passphrase_file;
  bool encrypt_key = false;
  std::string from, to;
  std::optional<int> days;
  std::string as = "client", key_file, reason = "unspecified";
  bool long_form = false, show_secrets = false;
  std::string ca, crl, host, at, what_for = "any";
  bool no_crl = false;
  std::string format = "pem", output, name_space;
  bool with_key = false;
};

void add_folder(CLI::App& command, options& to);
void add_force(CLI::App& command, options& to);
/// `usual` says what holds where nothing is given.
void add_validity(CLI::App& command, options& to, const std::string& usual);

/// Registers the action of a leaf; errors of the PKI become the program's.
void on_run(CLI::App& command, std::function<int()> action);

pki::seconds_utc now();
pki::authority open_authority(const options& from);
pki::validity_request asked_validity(const options& from);
pki::alternative_names asked_names(const options& from);

/// The file that `word` means: a path that exists, or what the folder holds under that name ("broker",
/// "servers/broker", "ca"). `suffix` tells which of an entity's files. Throws `pki::failure`.
std::filesystem::path locate(const options& from, const std::string& word, std::string_view suffix);

void add_show(CLI::App& pki);
void add_verify(CLI::App& pki);
void add_export(CLI::App& pki);

}  // namespace recado::app::pki_command
