#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include <recado/core/nearest.hpp>
#include <recado/pki/export.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/parse.hpp>
#include <recado/pki/show.hpp>
#include <recado/pki/verify.hpp>

#include "command.hpp"
#include "console.hpp"
#include "passphrase.hpp"
#include "pki_options.hpp"

namespace recado::app::pki_command {
namespace fs = std::filesystem;

namespace {

constexpr const char* key_option = "--key-passphrase-file";

std::string in_quotes(const fs::path& path) { return "'" + path.string() + "'"; }

/// The files of the folder that end in `suffix`, as names without it.
std::vector<std::string> names_in(const fs::path& folder, std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const char* sub : {"", "servers", "clients", "requests"})
    for (const fs::directory_entry& each : fs::directory_iterator{folder / sub, error})
      if (std::string name = each.path().filename().string(); name.ends_with(suffix))
        names.push_back(name.substr(0, name.size() - suffix.size()));
  return names;
}

[[noreturn]] void fail_unknown(const options& from, const std::string& word, std::string_view suffix) {
  const std::vector<std::string> known = names_in(from.folder, suffix);
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string guess{nearest(word, views)};
  throw pki::failure("there is no file " + in_quotes(word) + " and nothing of that name in " + in_quotes(from.folder),
                     guess.empty() ? "check the name or give another --dir" : "did you mean '" + guess + "'?");
}

/// True if a pass phrase may open something in it. DER doesn't tell; what a pipe holds can be read but once.
bool may_be_opened(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return true;
  const pki::secret content{pki::read_file(file)};
  return content.view().find("-----BEGIN") == std::string_view::npos ||
         content.view().find("ENCRYPTED") != std::string_view::npos;
}

int show(const options& from) {
  pki::show_options how{from.long_form, from.show_secrets, now(), {}};
  if (!from.key_passphrase_file.empty() || from.show_secrets)
    how.ask = passphrase_from(from.key_passphrase_file, key_option);
  const bool needless = std::ranges::none_of(
      from.files, [&](const std::string& word) { return may_be_opened(locate(from, word, ".crt")); });
  if (!from.key_passphrase_file.empty() && needless)
    throw usage_error(std::string{"no encrypted key is to be shown, and "} + key_option + " is given",
                      std::string{"leave "} + key_option + " out");
  bool first = true;
  for (const std::string& word : from.files) {
    const fs::path path = locate(from, word, ".crt");
    const pki::secret content{pki::read_file(path)};
    const std::string text = pki::show(content.view(), in_quotes(path), how);
    if (from.files.size() > 1) out() << (first ? "" : "\n") << painted{style::title, path.string()} << '\n';
    first = false;
    out() << text;
  }
  return exit_success;
}

pki::purpose purpose_of(const std::string& word) {
  return word == "server" ? pki::purpose::server : word == "client" ? pki::purpose::client : pki::purpose::any;
}

int verify(const options& from) {
  const fs::path path = locate(from, from.name, ".crt");
  const fs::path lists = from.crl.empty() ? fs::path{from.folder} / "ca.crl" : fs::path{from.crl};
  const std::string trusted = pki::read_file(from.ca.empty() ? fs::path{from.folder} / "ca.crt" : fs::path{from.ca});
  const bool with_lists = !from.no_crl && (!from.crl.empty() || from.ca.empty());
  if (with_lists && from.crl.empty() && !fs::exists(lists))
    throw pki::failure("there is no revocation list " + in_quotes(lists),
                       "make it with 'recado pki crl', or go without by --no-crl");
  std::optional<std::string> revocations;
  if (with_lists) revocations = pki::read_file(lists);
  const pki::verification result = pki::verify(pki::read_file(path), in_quotes(path),
                                               {trusted, revocations, from.crl.empty(), purpose_of(from.what_for),
                                                from.host, from.at.empty() ? now() : pki::parse_time(from.at)});
  if (!result.accepted)
    throw failure(in_quotes(path) + " is refused: " + result.about + (result.about.empty() ? "" : " ") + result.cause,
                  result.remedy);
  out() << painted{style::good, "accepted"} << ' ' << path.string()
        << (with_lists ? "" : " (revocation was not checked)") << '\n';
  for (std::size_t i = 0; i < result.chain.size(); ++i) out() << "  " << result.chain[i] << '\n';
  return exit_success;
}

/// What is exported: the certificates from the entity's own up to the Root CA, and the key's path.
struct exported {
  fs::path certificate;
  std::vector<std::string> contents;  ///< the certificate, then those above it
  fs::path key;
};

exported gather(const options& from) {
  const fs::path folder{from.folder};
  exported what{locate(from, from.name, ".crt"), {}, {}};
  what.contents.push_back(pki::read_file(what.certificate));
  const std::string parent = what.certificate.parent_path().filename().string();
  const bool entity = parent == "servers" || parent == "clients";
  if (entity) what.contents.push_back(pki::read_file(what.certificate.parent_path().parent_path() / "ca.crt"));
  what.key = what.certificate;
  what.key.replace_extension(".key");
  if (from.with_key && !fs::exists(what.key))
    throw pki::failure("there is no private key " + in_quotes(what.key), "export without --with-key");
  return what;
}

void refuse_other_key(const exported& what, EVP_PKEY* key) {
  const pki::certificate_ptr own = pki::parse_certificate(what.contents.front(), in_quotes(what.certificate));
  if (EVP_PKEY_eq(X509_get0_pubkey(own.get()), key) == 1) return;
  throw pki::failure(in_quotes(what.key) + " is not the key of " + in_quotes(what.certificate),
                     "export without --with-key, or restore the key");
}

pki::key_ptr open_key(const options& from, const exported& what) {
  const pki::secret content{pki::read_file(what.key)};
  pki::key_ptr key = pki::parse_private_key(content.view(), "the key " + in_quotes(what.key),
                                            passphrase_from(from.key_passphrase_file, key_option));
  refuse_other_key(what, key.get());
  return key;
}

void put(const options& from, const fs::path& path, std::string_view content, bool is_private) {
  if (path == "-") {
    out() << content;
    return;
  }
  pki::write_file(path, content, is_private ? pki::mode_private : pki::mode_public,
                  from.force ? pki::existing::replace : pki::existing::keep);
  out() << painted{style::good, "written"} << ' ' << path.string() << '\n';
}

fs::path output_or(const options& from, fs::path path, const char* extension) {
  if (!from.output.empty()) return from.output;
  return path.replace_extension(extension);
}

void export_der(const options& from, const exported& what) {
  const fs::path path = output_or(from, what.certificate, ".der");
  if (from.with_key && path == "-")
    throw usage_error("two files cannot both go to standard output", "give a path with --output");
  const pki::secret key{from.with_key ? pki::private_key_der(open_key(from, what).get()) : pki::secret{}};
  put(from, path, pki::to_der(what.contents.front(), in_quotes(what.certificate)), false);
  fs::path key_path = path;
  if (from.with_key) put(from, key_path.replace_extension(".key.der"), key.view(), true);
}

void export_pem(const options& from, const exported& what) {
  const std::string bundle = pki::pem_bundle(what.contents, in_quotes(what.certificate));
  const fs::path path = output_or(from, what.certificate, ".pem");
  if (!from.with_key) return put(from, path, bundle, false);
  const pki::secret key{pki::read_file(what.key)};  // as it is: an encrypted one stays encrypted
  if (key.view().find("ENCRYPTED") == std::string_view::npos) (void)open_key(from, what);
  const pki::secret both{bundle + std::string{key.view()}};
  put(from, path, both.view(), true);
}

void export_header(const options& from, const exported& what) {
  static constexpr const char* names[] = {"certificate", "mqtt_ca_certificate", "root_ca_certificate"};
  std::vector<std::string> ders;
  for (const std::string& content : what.contents)
    for (const pki::certificate_ptr& each : pki::parse_certificates(content, in_quotes(what.certificate)))
      ders.push_back(pki::der_of(each.get()));
  const bool entity = what.contents.size() > 1;
  std::vector<pki::header_part> parts;
  for (std::size_t i = 0; i < ders.size(); ++i) {
    const bool known = entity && i < std::size(names);
    const std::string name = known ? names[i] : "certificate_" + std::to_string(i + 1);
    const pki::certificate_ptr each = pki::certificate_from_der(ders[i]);
    const std::string subject = pki::text_of(X509_get_subject_name(each.get()));
    parts.push_back({name, subject.find('\\') == std::string::npos ? subject : "A certificate", ders[i]});
  }
  pki::secret key;
  if (from.with_key) key = pki::private_key_der(open_key(from, what).get());
  if (from.with_key) parts.push_back({"private_key", "The private key (PKCS #8)", key.view()});
  const pki::secret header = pki::cpp_header(from.name_space.empty() ? "credentials" : from.name_space, parts);
  put(from, output_or(from, what.certificate, ".hpp"), header.view(), from.with_key);
}

int export_files(const options& from) {
  if (!from.name_space.empty() && from.format != "header")
    throw usage_error("--namespace is that of a header", "add --format header, or leave it out");
  if (!from.key_passphrase_file.empty() && (!from.with_key || from.format == "pem"))
    throw usage_error("no key is to be opened: without --with-key none is exported, and in PEM it stays as it is",
                      std::string{"leave out "} + key_option);
  const exported what = gather(from);
  if (from.with_key) refuse_needless(from.key_passphrase_file, what.key.string(), key_option);
  if (from.format == "der") export_der(from, what);
  else if (from.format == "header") export_header(from, what);
  else export_pem(from, what);
  return exit_success;
}

}  // namespace

fs::path locate(const options& from, const std::string& word, std::string_view suffix) {
  std::error_code error;
  if (fs::exists(word, error) && !fs::is_directory(word, error)) return word;  // a pipe of the shell's <(…), too
  std::vector<fs::path> found;
  for (const char* sub : {"", "servers", "clients"}) {
    std::string stem = word;
    std::replace(stem.begin(), stem.end(), '*', '_');
    fs::path path = fs::path{from.folder} / sub / stem;
    path += suffix;
    if (fs::is_regular_file(path, error)) found.push_back(path);
  }
  if (found.empty()) fail_unknown(from, word, suffix);
  if (found.size() > 1)
    throw pki::failure("'" + word + "' is the name of more than one", "write servers/" + word + " or clients/" + word);
  return found.front();
}

void add_show(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = *pki.add_subcommand("show", "Show certificates, requests, revocation lists or keys (PEM or DER)");
  add_folder(leaf, *to);
  leaf.add_option("FILE", to->files, "Files, or names of what was issued")->required();
  leaf.add_flag("--long", to->long_form, "Public keys and signatures byte by byte, too");
  leaf.add_flag("--show-secrets", to->show_secrets, "Private keys, too");
  leaf.add_option(key_option, to->key_passphrase_file, "File with the pass phrase of an encrypted key");
  on_run(leaf, [to] { return show(*to); });
}

void add_verify(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = *pki.add_subcommand("verify", "Check a certificate's chain, dates, revocation, purpose and names");
  add_folder(leaf, *to);
  leaf.add_option("FILE", to->name, "A file, or the name of what was issued")->required();
  leaf.add_option("--ca", to->ca, "Trusted authorities (default: ca.crt of the folder)");
  auto* lists = leaf.add_option("--crl", to->crl, "Revocation lists (default: ca.crl of the folder)");
  leaf.add_flag("--no-crl", to->no_crl, "Don't check for revocation")->excludes(lists);
  leaf.add_option("--purpose", to->what_for, "What it must be good for: any, server or client")
      ->check(CLI::IsMember({"any", "server", "client"}))
      ->capture_default_str();
  leaf.add_option("--host", to->host, "Host name or address that it must be issued for");
  leaf.add_option("--at", to->at, "Date of the check, like 2026-11-22 (default: now)");
  on_run(leaf, [to] { return verify(*to); });
}

void add_export(CLI::App& pki) {
  const auto to = std::make_shared<options>();
  CLI::App& leaf = *pki.add_subcommand("export", "Write a certificate, its chain and its key in another form");
  add_folder(leaf, *to);
  add_force(leaf, *to);
  leaf.add_option("FILE", to->name, "A file, or the name of what was issued")->required();
  leaf.add_option("--format", to->format, "pem (with the chain up to the Root CA), der or header (C++)")
      ->check(CLI::IsMember({"pem", "der", "header"}))
      ->capture_default_str();
  leaf.add_flag("--with-key", to->with_key, "The private key, too: the file is of mode 0600");
  leaf.add_option(key_option, to->key_passphrase_file, "File with the pass phrase of an encrypted key");
  leaf.add_option("--namespace", to->name_space, "Namespace of the C++ header (default: credentials)");
  leaf.add_option("-o,--output", to->output, "File to write, or - for standard output (default: beside the original)");
  on_run(leaf, [to] { return export_files(*to); });
}

}  // namespace recado::app::pki_command
