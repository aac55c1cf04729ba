#include <openssl/bn.h>

#include <algorithm>
#include <cctype>

#include <recado/core/nearest.hpp>
#include <recado/pki/authority.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view root_name = "root-ca";
constexpr std::string_view mqtt_name = "mqtt-ca";

/// "servers/broker" for "servers/broker.crt".
std::string_view name_in(const index_entry& entry) {
  std::string_view name = entry.file;
  if (name.ends_with(".crt")) name.remove_suffix(4);
  return name;
}

std::string_view without_folder(std::string_view name) { return name.substr(name.find('/') + 1); }

/// "0a:FF" and "0aff" are both "0AFF".
std::string serial_from(std::string_view text) {
  std::string serial;
  for (const char c : text)
    if (c != ':') serial += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return serial;
}

/// The entries that a name or a serial number means, revoked ones too. Throws if the name is a server's and a client's.
std::vector<const index_entry*> matching(const std::vector<index_entry>& index, std::string_view target) {
  std::vector<const index_entry*> found;
  std::string stem{target};
  std::ranges::replace(stem, '*', '_');  // as in the names of files
  for (const index_entry& entry : index)
    if (name_in(entry) == stem || without_folder(name_in(entry)) == stem) found.push_back(&entry);
  for (const index_entry* entry : found)
    if (entry->file != found.front()->file)
      throw failure("'" + std::string{target} + "' is a server and a client",
                    "write servers/" + std::string{target} + " or clients/" + std::string{target});
  if (!found.empty()) return found;
  const std::string serial = serial_from(target);
  for (const index_entry& entry : index)
    if (entry.serial == serial) found.push_back(&entry);
  return found;
}

[[noreturn]] void fail_unknown(const std::vector<index_entry>& index, std::string_view target) {
  std::vector<std::string_view> known{mqtt_name};
  for (const index_entry& entry : index) {
    known.push_back(name_in(entry));
    known.push_back(without_folder(name_in(entry)));
  }
  const std::string_view guess = nearest(target, known);
  throw failure("nothing named '" + std::string{target} + "' was issued here",
                guess.empty() ? "'recado pki list' shows what was" : "did you mean '" + std::string{guess} + "'?");
}

/// The same, or what the certificate in a file means.
std::vector<const index_entry*> meant(const std::vector<index_entry>& index, std::string_view target) {
  std::vector<const index_entry*> found = matching(index, target);
  std::error_code none;
  if (!found.empty() || !fs::is_regular_file(fs::path{target}, none)) return found;
  const certificate_ptr certificate = parse_certificate(read_file(target), "'" + std::string{target} + "'");
  return matching(index, text_of(X509_get0_serialNumber(certificate.get())));
}

std::vector<std::string> serials_of(const std::vector<index_entry>& index, std::string_view target) {
  const std::vector<const index_entry*> found = meant(index, target);
  std::error_code none;
  if (found.empty() && fs::is_regular_file(fs::path{target}, none))
    throw failure("'" + std::string{target} + "' was not issued here", "revoke it where it was issued");
  if (found.empty()) fail_unknown(index, target);
  std::vector<std::string> serials;
  for (const index_entry* entry : found)
    if (!entry->revoked) serials.push_back(entry->serial);
  if (serials.empty())
    throw failure("'" + std::string{target} + "' is revoked already, on " + text_of(*found.back()->revoked),
                  "'recado pki crl' renews the list");
  return serials;
}

integer_ptr integer_of(const std::string& hex) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hex.c_str());
  const number_ptr owned{number};
  return integer_ptr{owned ? BN_to_ASN1_INTEGER(owned.get(), nullptr) : nullptr};
}

/// The highest number of the lists of that issuer in a file, 0 if there is none.
long number_in(const fs::path& path, const X509* issuer) {
  long highest = 0;
  if (!fs::exists(path)) return highest;
  for (const crl_ptr& list : parse_crls(read_file(path), "'" + path.string() + "'")) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_subject_name(issuer)) != 0) continue;
    const integer_ptr number{
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list.get(), NID_crl_number, nullptr, nullptr))};
    highest = std::max(highest, number ? ASN1_INTEGER_get(number.get()) : 0);
  }
  return highest;
}

/// One more than that of the last list (RFC 5280 §5.2.3), or 1. Both files have it, and one of them may be damaged.
long next_number(const fs::path& own, const fs::path& both, const X509* issuer) {
  long highest = 0;
  bool damaged = false;
  for (const fs::path& each : {own, both}) {
    try {
      highest = std::max(highest, number_in(each, issuer));
    } catch (const failure&) {
      damaged = true;
    }
  }
  if (highest == 0 && damaged)
    throw failure("the number of the last revocation list is lost: '" + own.string() + "' is damaged",
                  "restore it from a backup, or delete it and ca.crl: then the numbers begin anew");
  return highest + 1;
}

}  // namespace

std::vector<index_entry> authority::read_index(std::string_view name) const {
  const fs::path path = path_of(name, ".index");
  if (!fs::exists(path) && fs::exists(path_of(name, ".crt")))
    throw failure("'" + path.string() + "' is missing, which says what was issued", "restore it from a backup");
  if (!fs::exists(path))
    throw failure("there is no PKI in '" + folder_.string() + "'",
                  "make one with 'recado pki init' or give another --dir");
  return parse_index(read_file(path), path.string());
}

std::vector<index_entry> authority::list() const {
  std::vector<index_entry> all = read_index(root_name);
  for (index_entry& entry : read_index(mqtt_name)) all.push_back(std::move(entry));
  return all;
}

crl_ptr authority::next_crl(const ca& by, const std::vector<index_entry>& index, const validity_request& asked) const {
  std::vector<revocation> revoked;
  for (const index_entry& entry : index)
    if (entry.revoked) revoked.push_back({integer_of(entry.serial), *entry.revoked, static_cast<int>(entry.reason)});
  const int days = by.name == root_name ? root_crl_days_default : mqtt_crl_days_default;
  const validity valid = resolve(asked, days, now_, std::nullopt);
  const long number = next_number(path_of(by.name, ".crl"), folder_ / "ca.crl", by.certificate.get());
  return make_crl(revoked, number, by.as_signer(), valid);
}

void authority::write_crl(const ca& by, X509_CRL* list) {
  write_file(path_of(by.name, ".crl"), pem_of(list), mode_public, existing::replace);
}

void authority::renew_crl(const ca& by, const std::vector<index_entry>& index, const validity_request& asked) {
  write_crl(by, next_crl(by, index, asked).get());
}

void authority::join_crls() {
  for (const std::string_view name : {mqtt_name, root_name})
    if (!fs::exists(path_of(name, ".crl")))
      throw failure("'" + path_of(name, ".crl").string() + "' is missing, so ca.crl is still the old one",
                    "run 'recado pki crl', which makes both lists anew");
  write_file(folder_ / "ca.crl", read_file(path_of(mqtt_name, ".crl")) + read_file(path_of(root_name, ".crl")),
             mode_public, existing::replace);
}

void authority::renew_crls(const validity_request& valid) {
  const ca root = open(root_name);
  const ca mqtt = open(mqtt_name);
  const folder_lock lock{folder_};
  renew_crl(root, read_index(root_name), valid);
  renew_crl(mqtt, read_index(mqtt_name), valid);
  join_crls();
}

seconds_utc authority::crls_expire() const {
  seconds_utc first = seconds_utc::max();
  const fs::path path = folder_ / "ca.crl";
  for (const crl_ptr& each : parse_crls(read_file(path), "'" + path.string() + "'"))
    first = std::min(first, decode(X509_CRL_get0_nextUpdate(each.get())));
  return first;
}

/// Whose index it is in: the MQTT CA itself is in the Root CA's, by its name, its number and its file.
std::string_view authority::issuer_of(std::string_view target) const {
  const bool of_mqtt = target != mqtt_name && !meant(read_index(mqtt_name), target).empty();
  return !of_mqtt && !meant(read_index(root_name), target).empty() ? root_name : mqtt_name;
}

std::vector<index_entry> authority::revoke(std::string_view target, revocation_reason reason) {
  const std::string_view by = issuer_of(target);
  const ca opened = open(by);
  const folder_lock lock{folder_};
  std::vector<index_entry> index = read_index(by);
  std::vector<index_entry> revoked;
  for (const std::string& serial : serials_of(index, target))
    for (index_entry& entry : index)
      if (entry.serial == serial) {
        entry.revoked = now_;
        entry.reason = reason;
        revoked.push_back(entry);
      }
  const crl_ptr list = next_crl(opened, index, {});  // if that isn't possible, nothing has happened
  write_file(path_of(by, ".index"), text_of(index), mode_public, existing::replace);
  write_crl(opened, list.get());
  join_crls();
  return revoked;
}

}  // namespace recado::pki
