#include <openssl/err.h>
#include <openssl/rsa.h>

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
    throw failure("'" + std::string{name} + "' is no host name",
                  ascii_remedy(name, "say how it is reached with --dns or --ip"));
  return all;
}

/// The digest that a request is signed with, NID_undef for one that is none of the usual.
int digest_of(X509_REQ* request) {
  const X509_ALGOR* algorithm = nullptr;
  X509_REQ_get0_signature(request, nullptr, &algorithm);
  const int signature = OBJ_obj2nid(algorithm->algorithm);
  if (signature == NID_ED25519) return NID_sha512;  // RFC 8032 §5.1
  if (signature == NID_ED448) return NID_shake256;  // RFC 8032 §5.2
  int digest = NID_undef;
  if (signature != NID_rsassaPss) return OBJ_find_sigid_algs(signature, &digest, nullptr), digest;
  const std::unique_ptr<RSA_PSS_PARAMS, freed_by<RSA_PSS_PARAMS_free>> parameters{
      static_cast<RSA_PSS_PARAMS*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter))};
  if (!parameters) return ERR_clear_error(), NID_undef;
  const X509_ALGOR* hash = parameters->hashAlgorithm;
  return hash != nullptr ? OBJ_obj2nid(hash->algorithm) : NID_sha1;  // RFC 4055 §3.1
}

bool is_strong(int digest) {
  static constexpr int all[] = {NID_sha256,   NID_sha384,   NID_sha512,   NID_sha512_256,
                                NID_sha3_256, NID_sha3_384, NID_sha3_512, NID_shake256};
  return std::ranges::find(all, digest) != std::end(all);
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
  if (const int digest = digest_of(request); !is_strong(digest))
    throw failure(
        std::string{what} + " is signed with " + (digest == NID_undef ? "an unknown digest" : OBJ_nid2sn(digest)),
        "make it anew with SHA-256");
  if (X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0)  // RFC 5280 §4.1.2.6
    throw failure(std::string{what} + " has an empty subject", "make it anew with a common name");
}

void check_name(std::string_view name) {
  if (!is_entity_name(name))
    throw failure("'" + std::string{name} + "' cannot be the name of a certificate",
                  "use up to 64 characters without slashes and with no dot or hyphen in front");
}

}  // namespace

fs::path authority::path_of(std::string_view name, std::string_view suffix) const {
  return folder_ / (std::string{name} + std::string{suffix});
}

entity_files authority::files_of(profile what, std::string_view name) const {
  check_name(name);
  if (name == "ca" || name == root_name || name == mqtt_name)
    throw failure("'" + std::string{name} + "' is the authority's own name", "choose another one");
  if (name.ends_with("-chain"))
    throw failure("a name that ends in -chain would be taken for another one's chain", "choose another one");
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
    for (const char* suffix : {".index", ".crl"}) refuse_existing(path_of(name, suffix), overwrite_);
  }
  for (const char* file : {"ca.crt", "ca.crl"}) refuse_existing(folder_ / file, overwrite_);
  const validity root_valid = resolve(request.valid, root_ca_days_default, now_, std::nullopt);
  for (const char* sub : {"servers", "clients", "issued"}) make_folder(folder_ / sub, 0755);
  make_folder(folder_ / "private", 0700);

  ca root{std::string{root_name}, nullptr, generate_key(request.key)};
  ca mqtt{std::string{mqtt_name}, nullptr, generate_key(request.key)};
  root.certificate = issue(profile::root_ca, {ca_subject(request.organization, "Root CA"), root.key.get(), {}},
                           {nullptr, root.key.get()}, root_valid);
  // An end that was asked for is that of both: with the MQTT CA everything that it issued ends.
  const std::optional<seconds_utc> end =
      request.valid.days || request.valid.to ? std::optional{root_valid.to} : std::nullopt;
  const validity mqtt_valid = resolve({root_valid.from, end, {}}, mqtt_ca_days_default, now_, root_valid.to);
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
  std::error_code none;
  for (const char* old : {"root-ca.crl", "mqtt-ca.crl", "ca.crl"}) fs::remove(folder_ / old, none);  // of those before
  renew_crl(root, {}, {});
  renew_crl(mqtt, {}, {});
  join_crls();
}

issued authority::issue_entity(const issue_request& request) {
  const entity_files files = files_of(request.what, request.name);
  subject_info whose{subject_or_name(request.subject, request.name), nullptr, {}};
  if (request.what == profile::server) whose.names = server_names(request.name, request.names);
  const ca by = open_issuer();
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
  const ca by = open_issuer();
  const folder_lock lock{folder_};
  for (const fs::path& file : {files.certificate, files.chain}) refuse_existing(file, overwrite_);
  refuse_other_key(files, whose.public_key);
  return finish(by, request.what, name, whose, request.valid, nullptr);
}

/// The authority that issues, unless it was revoked itself.
authority::ca authority::open_issuer() const {
  ca by = open(mqtt_name);
  const std::string serial = text_of(X509_get0_serialNumber(by.certificate.get()));
  for (const index_entry& entry : read_index(root_name))
    if (entry.serial == serial && entry.revoked)
      throw failure(
          "the MQTT CA itself was revoked on " + text_of(*entry.revoked) + ", and nobody accepts what it issues",
          "make new authorities in another folder with 'recado pki init'");
  return by;
}

/// A key that lies beside the certificate would be taken for its own.
void authority::refuse_other_key(const entity_files& files, EVP_PKEY* own) const {
  if (!fs::exists(files.key)) return;
  const secret content{read_file(files.key)};
  const bool encrypted = content.view().find("ENCRYPTED") != std::string_view::npos;
  if (!encrypted && EVP_PKEY_eq(parse_private_key(content.view(), quoted(files.key), {}).get(), own) == 1) return;
  if (encrypted && fs::exists(files.certificate)) {  // what it was made with says whose it is
    const certificate_ptr there = parse_certificate(read_file(files.certificate), quoted(files.certificate));
    if (EVP_PKEY_eq(X509_get0_pubkey(there.get()), own) == 1) return;
  }
  throw failure(quoted(files.key) + " is another certificate's key", "give another --name, or take the key away");
}

/// The index is written before the certificate: nothing exists that could not be revoked. All that may fail is tried
/// before the first file is written.
issued authority::finish(const ca& by, profile what, std::string_view name, const subject_info& whose,
                         const validity_request& asked, const secret* key_pem) {
  const entity_files files = files_of(what, name);
  const validity valid = resolve(asked, default_days(what), now_, decode(X509_get0_notAfter(by.certificate.get())));
  const certificate_ptr made = issue(what, whose, by.as_signer(), valid);
  for (const fs::path& folder : {files.certificate.parent_path(), folder_ / "issued"}) make_folder(folder, 0755);
  std::vector<index_entry> index = read_index(by.name);
  index.push_back(entry_of(made.get(), files.certificate.lexically_relative(folder_).string()));
  const std::string serial = index.back().serial;
  const fs::path copy = folder_ / "issued" / (serial + ".crt");
  for (const fs::path& file : {path_of(by.name, ".index"), copy, files.certificate, files.chain, files.key})
    refuse_place(file);
  write_file(path_of(by.name, ".index"), text_of(index), mode_public, existing::replace);
  const std::string pem = pem_of(made.get());
  write_file(copy, pem, mode_public, overwrite_);
  if (key_pem != nullptr) write_file(files.key, key_pem->view(), mode_private, overwrite_);
  write_file(files.certificate, pem, mode_public, overwrite_);
  write_file(files.chain, pem + pem_of(by.certificate.get()), mode_public, overwrite_);
  return {files, serial, text_of(X509_get_subject_name(made.get())), valid};
}

entity_files authority::make_csr(const csr_request& request) {
  check_name(request.name);
  const fs::path folder = folder_ / "requests";
  const std::string stem = file_stem(request.name);
  entity_files files{folder / (stem + ".csr"), {}, {}};
  const bool fresh = !request.existing_key;
  if (fresh) files.key = folder / (stem + ".key");
  refuse_existing(files.certificate, overwrite_);
  if (fresh) refuse_existing(files.key, overwrite_);
  const key_ptr key = fresh ? generate_key(request.key) : parse_private_key(*request.existing_key, "the key", ask_);
  refuse_weak(key.get(), "the key");
  const name_ptr subject = subject_or_name(request.subject, request.name);
  const request_ptr csr = make_request(subject.get(), request.names, key.get());
  make_folder(folder_, 0755);
  make_folder(folder, 0755);
  const folder_lock lock{folder_};
  if (fresh) write_file(files.key, private_key_pem(key.get(), request.passphrase).view(), mode_private, overwrite_);
  write_file(files.certificate, pem_of(csr.get()), mode_public, overwrite_);
  return files;
}

}  // namespace recado::pki
