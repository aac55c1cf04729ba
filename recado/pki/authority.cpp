#include <openssl/err.h>

#include <algorithm>

#include <recado/core/address.hpp>
#include <recado/pki/authority.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view root_name = "root-ca";
constexpr std::string_view mqtt_name = "mqtt-ca";

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

std::string file_stem(std::string_view name) {
  std::string stem{name};
  std::replace(stem.begin(), stem.end(), '*', '_');
  return stem;
}

name_ptr ca_subject(const std::string& organization, const char* role) {
  name_ptr name{X509_NAME_new()};
  const auto add = [&name](const char* type, const std::string& value) {
    const auto* data = reinterpret_cast<const unsigned char*>(value.c_str());
    if (X509_NAME_add_entry_by_txt(name.get(), type, MBSTRING_UTF8, data, -1, -1, 0) != 1)
      fail_openssl("the organization '" + value + "' cannot be in a subject", "give up to 50 characters of UTF-8");
  };
  if (!organization.empty()) add("O", organization);
  add("CN", (organization.empty() ? "recado" : organization) + " " + role);
  return name;
}

index_entry entry_of(X509* certificate, const std::string& file) {
  char* subject = X509_NAME_oneline(X509_get_subject_name(certificate), nullptr, 0);
  index_entry entry{.serial = text_of(X509_get0_serialNumber(certificate)),
                    .expires = decode(X509_get0_notAfter(certificate)),
                    .revoked = {},
                    .file = file,
                    .subject = subject != nullptr ? subject : ""};
  OPENSSL_free(subject);
  return entry;
}

name_ptr subject_or_name(const std::string& subject, const std::string& name) {
  if (!subject.empty()) return parse_subject(subject);
  std::string escaped;
  for (const char c : name) escaped += (c == ',' || c == '\\' ? std::string{'\\'} : std::string{}) + c;
  return parse_subject("CN=" + escaped);
}

/// Clients look at the alternative names only (RFC 6125 §6.4.4): a server's own name belongs to them.
alternative_names server_names(std::string_view name, const alternative_names& asked) {
  alternative_names all;
  if (is_host_name(name) || parse_address(name)) all.add(name);
  for (const std::string& dns : asked.dns) all.add(dns);
  for (const std::string& address : asked.addresses) all.add(address);
  if (all.empty())
    throw failure("'" + std::string{name} + "' is no host name", "say how it is reached with --dns or --ip");
  return all;
}

int default_days(profile what) { return what == profile::server ? server_days_default : client_days_default; }

void check_request(X509_REQ* request, std::string_view what) {
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  if (key == nullptr) fail_openssl(std::string{what} + " holds a key that cannot be read", "make it anew");
  if (X509_REQ_verify(request, key) != 1) {
    ERR_clear_error();
    throw failure(std::string{what} + " is not signed by its own key", "make it anew: it was changed or damaged");
  }
  refuse_weak(key, "the key of " + std::string{what});
  int digest = NID_undef;
  OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, nullptr);
  if (digest == NID_sha1 || digest == NID_md5)
    throw failure(std::string{what} + " is signed with " + OBJ_nid2sn(digest), "make it anew with SHA-256");
}

}  // namespace

fs::path authority::path_of(std::string_view name, std::string_view suffix) const {
  return folder_ / (std::string{name} + std::string{suffix});
}

entity_files authority::files_of(profile what, std::string_view name) const {
  if (!is_entity_name(name))
    throw failure("'" + std::string{name} + "' cannot be the name of a certificate",
                  "use up to 64 characters without slashes and with no dot or hyphen in front");
  const fs::path folder = folder_ / (what == profile::server ? "servers" : "clients");
  const std::string stem = file_stem(name);
  return {folder / (stem + ".crt"), folder / (stem + "-chain.crt"), folder / (stem + ".key")};
}

authority::ca authority::open(std::string_view name) const {
  const fs::path certificate = path_of(name, ".crt");
  if (!fs::exists(certificate))
    throw failure("there is no PKI in " + quoted(folder_), "make one with 'recado pki init' or give another --dir");
  ca opened{std::string{name}, parse_certificate(read_file(certificate), quoted(certificate)), nullptr};
  const fs::path key = folder_ / "private" / (std::string{name} + ".key");
  const secret content{read_file(key)};
  opened.key = parse_private_key(content.view(), "the key " + quoted(key), ask_);
  if (X509_check_private_key(opened.certificate.get(), opened.key.get()) != 1) {
    ERR_clear_error();
    throw failure(quoted(key) + " does not belong to " + quoted(certificate), "restore both from a backup");
  }
  return opened;
}

void authority::init(const init_request& request) {
  make_folder(folder_, 0755);
  const folder_lock lock{folder_};
  for (const std::string_view name : {root_name, mqtt_name}) {
    refuse_existing(path_of(name, ".crt"), overwrite_);
    refuse_existing(folder_ / "private" / (std::string{name} + ".key"), overwrite_);
  }
  for (const char* sub : {"servers", "clients", "issued"}) make_folder(folder_ / sub, 0755);
  make_folder(folder_ / "private", 0700);

  ca root{std::string{root_name}, nullptr, generate_key(request.key)};
  ca mqtt{std::string{mqtt_name}, nullptr, generate_key(request.key)};
  const validity root_valid = resolve(request.valid, root_ca_days_default, now_, std::nullopt);
  root.certificate = issue(profile::root_ca, {ca_subject(request.organization, "Root CA"), root.key.get(), {}},
                           {nullptr, root.key.get()}, root_valid);
  const validity mqtt_valid = resolve({root_valid.from, {}, {}}, mqtt_ca_days_default, now_, root_valid.to);
  mqtt.certificate = issue(profile::mqtt_ca, {ca_subject(request.organization, "MQTT CA"), mqtt.key.get(), {}},
                           root.as_signer(), mqtt_valid);

  for (const ca* each : {&root, &mqtt}) {
    write_file(folder_ / "private" / (each->name + ".key"), private_key_pem(each->key.get(), request.passphrase).view(),
               mode_private, overwrite_);
    write_file(path_of(each->name, ".crt"), pem_of(each->certificate.get()), mode_public, overwrite_);
  }
  write_file(folder_ / "ca.crt", pem_of(mqtt.certificate.get()) + pem_of(root.certificate.get()), mode_public,
             existing::replace);
  write_file(path_of(root_name, ".index"), text_of(std::vector{entry_of(mqtt.certificate.get(), "mqtt-ca.crt")}),
             mode_public, existing::replace);
  write_file(path_of(mqtt_name, ".index"), "", mode_public, existing::replace);
  renew_crl(root, {}, {});
  renew_crl(mqtt, {}, {});
  join_crls();
}

issued authority::issue_entity(const issue_request& request) {
  const entity_files files = files_of(request.what, request.name);
  subject_info whose{subject_or_name(request.subject, request.name), nullptr, {}};
  if (request.what == profile::server) whose.names = server_names(request.name, request.names);
  const ca by = open(mqtt_name);
  const folder_lock lock{folder_};
  for (const fs::path& file : {files.certificate, files.chain, files.key}) refuse_existing(file, overwrite_);
  const key_ptr key = generate_key(request.key);
  whose.public_key = key.get();
  const secret pem = private_key_pem(key.get(), request.passphrase);
  return finish(by, request.what, request.name, whose, request.valid, &pem);
}

issued authority::sign(const sign_request& request) {
  const request_ptr csr = parse_request(request.request, request.origin);
  check_request(csr.get(), request.origin);
  const std::string common_name = common_name_of(X509_REQ_get_subject_name(csr.get()));
  const std::string name = request.name.empty() ? common_name : request.name;
  if (name.empty()) throw failure(request.origin + " has no common name", "give a name with --name");
  const entity_files files = files_of(request.what, name);
  subject_info whose{
      name_ptr{X509_NAME_dup(X509_REQ_get_subject_name(csr.get()))}, X509_REQ_get0_pubkey(csr.get()), {}};
  if (request.what == profile::server) {
    whose.names = names_of(csr.get());
    for (const std::string& dns : request.names.dns) whose.names.add(dns);
    for (const std::string& address : request.names.addresses) whose.names.add(address);
    if (whose.names.empty()) whose.names = server_names(common_name, {});
  }
  const ca by = open(mqtt_name);
  const folder_lock lock{folder_};
  for (const fs::path& file : {files.certificate, files.chain}) refuse_existing(file, overwrite_);
  return finish(by, request.what, name, whose, request.valid, nullptr);
}

/// The index is written before the certificate: nothing exists that could not be revoked.
issued authority::finish(const ca& by, profile what, std::string_view name, const subject_info& whose,
                         const validity_request& asked, const secret* key_pem) {
  const entity_files files = files_of(what, name);
  const validity valid = resolve(asked, default_days(what), now_, decode(X509_get0_notAfter(by.certificate.get())));
  const certificate_ptr made = issue(what, whose, by.as_signer(), valid);
  for (const fs::path& folder : {files.certificate.parent_path(), folder_ / "issued"}) make_folder(folder, 0755);
  if (key_pem != nullptr) write_file(files.key, key_pem->view(), mode_private, overwrite_);
  std::vector<index_entry> index = read_index(by.name);
  index.push_back(entry_of(made.get(), files.certificate.lexically_relative(folder_).string()));
  const std::string serial = index.back().serial;
  write_file(path_of(by.name, ".index"), text_of(index), mode_public, existing::replace);
  const std::string pem = pem_of(made.get());
  write_file(folder_ / "issued" / (serial + ".crt"), pem, mode_public, overwrite_);
  write_file(files.certificate, pem, mode_public, overwrite_);
  write_file(files.chain, pem + pem_of(by.certificate.get()), mode_public, overwrite_);
  return {files, serial, text_of(X509_get_subject_name(made.get())), valid};
}

entity_files authority::make_csr(const csr_request& request) {
  (void)files_of(profile::client, request.name);
  const fs::path folder = folder_ / "requests";
  const std::string stem = file_stem(request.name);
  entity_files files{folder / (stem + ".csr"), {}, {}};
  const bool fresh = request.existing_key.empty();
  if (fresh) files.key = folder / (stem + ".key");
  refuse_existing(files.certificate, overwrite_);
  if (fresh) refuse_existing(files.key, overwrite_);
  const key_ptr key = fresh ? generate_key(request.key) : parse_private_key(request.existing_key, "the key", ask_);
  refuse_weak(key.get(), "the key");
  const name_ptr subject = subject_or_name(request.subject, request.name);
  const request_ptr csr = make_request(subject.get(), request.names, key.get());
  make_folder(folder_, 0755);
  make_folder(folder, 0755);
  if (fresh) write_file(files.key, private_key_pem(key.get(), request.passphrase).view(), mode_private, overwrite_);
  write_file(files.certificate, pem_of(csr.get()), mode_public, overwrite_);
  return files;
}

}  // namespace recado::pki
