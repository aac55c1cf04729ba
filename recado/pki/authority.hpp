// A folder with two authorities: the Root CA, which signs only the MQTT CA and can then be put away, and the MQTT CA,
// which signs servers and clients.
//
//   ca.crt               MQTT CA and Root CA: what brokers and devices trust      ca.crl  the CRLs of both
//   root-ca.crt .crl .index      mqtt-ca.crt .crl .index      private/root-ca.key  private/mqtt-ca.key
//   servers/NAME.crt .key -chain.crt       clients/NAME.crt .key -chain.crt       requests/NAME.csr .key
//   issued/SERIAL.crt    a copy of everything that was issued
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/file.hpp>
#include <recado/pki/index.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/key.hpp>

namespace recado::pki {

/// Days that a Root CA is valid unless a time is asked for.
inline constexpr int root_ca_days_default = 20 * 365;
inline constexpr int mqtt_ca_days_default = 10 * 365;  ///< days of the MQTT CA
inline constexpr int server_days_default = 397;        ///< days of a server
inline constexpr int client_days_default = 825;        ///< days of a client
inline constexpr int mqtt_crl_days_default = 30;       ///< days until the next CRL of the MQTT CA is due
inline constexpr int root_crl_days_default = 365;      ///< days until the next CRL of the Root CA is due

/// The name of a server's, a client's or a request's files.
struct entity_files {
  std::filesystem::path certificate;  ///< in PEM
  std::filesystem::path chain;        ///< the certificate and the MQTT CA's behind it
  std::filesystem::path key;          ///< in PEM, mode 0600
};

/// What a new authority shall be.
struct init_request {
  std::string organization;             ///< for the subjects of both authorities; may be empty
  key_kind key = key_kind::ecdsa_p256;  ///< of both authorities
  validity_request valid;               ///< of the Root CA; the MQTT CA ends no later
  secret passphrase;                    ///< encrypts both private keys unless empty
};

/// A certificate for a server or a client with a key made here.
struct issue_request {
  profile what = profile::client;       ///< server or client
  std::string name;                     ///< of the files, and the common name unless `subject` says otherwise
  std::string subject;                  ///< empty: "CN=" and the name
  alternative_names names;              ///< of a server, besides its name
  key_kind key = key_kind::ecdsa_p256;  ///< to be made
  secret passphrase;                    ///< encrypts the private key unless empty
  validity_request valid;               ///< from when to when
};

/// A certificate for somebody who made the key elsewhere.
struct sign_request {
  profile what = profile::client;  ///< server or client
  std::string request;             ///< the CSR's content, PEM or DER
  std::string origin;              ///< how errors name it
  std::string name;                ///< of the files; empty: the common name
  alternative_names names;         ///< besides those that the CSR asks for (servers)
  validity_request valid;          ///< from when to when
};

/// A request for an authority elsewhere.
struct csr_request {
  std::string name;                         ///< of the files
  std::string subject;                      ///< empty: "CN=" and the name
  alternative_names names;                  ///< that are asked for
  key_kind key = key_kind::ecdsa_p256;      ///< to be made
  secret passphrase;                        ///< encrypts the private key unless empty
  std::optional<std::string> existing_key;  ///< a private key's content to use in place of a new one
};

/// What came of it.
struct issued {
  entity_files files;   ///< where they were written
  std::string serial;   ///< capital hexadecimal digits
  std::string subject;  ///< as text
  validity valid;       ///< from when to when
};

/// The folder and all that is done in it. Everything throws `failure`; nothing is overwritten but with
/// `existing::replace`; others that work in the same folder, threads or programs, wait. One thread at a time.
class authority {
 public:
  /// `ask` is called when an authority's private key turns out to be encrypted; `now` is the date of issue.
  authority(std::filesystem::path folder, passphrase_source ask, seconds_utc now, existing overwrite)
      : folder_(std::move(folder)), ask_(std::move(ask)), now_(now), overwrite_(overwrite) {}

  /// Makes both authorities and their first (empty) CRLs. Replacing them forgets all that they issued.
  void init(const init_request& request);
  /// Makes a key and a certificate for it. Throws `failure`.
  issued issue_entity(const issue_request& request);
  /// Makes a certificate for a request. Throws `failure`.
  issued sign(const sign_request& request);
  /// Makes a key and a request; needs no authority. `certificate` of the result is the request's path.
  entity_files make_csr(const csr_request& request);

  /// Revokes what `target` names: a serial number, "servers/NAME", "clients/NAME", NAME if it is only one of them,
  /// "mqtt-ca", or the path of a certificate; then renews the CRL. Returns what was revoked.
  std::vector<index_entry> revoke(std::string_view target, revocation_reason reason);
  /// Renews both CRLs. Both are checked by "openssl verify -crl_check_all" and ca.crl holds both.
  void renew_crls(const validity_request& valid);
  /// When the first of the two in ca.crl expires: from then on whoever checks by it refuses everybody.
  seconds_utc crls_expire() const;

  /// Everything that was issued, the MQTT CA itself first.
  std::vector<index_entry> list() const;

  /// Where the authority lives.
  const std::filesystem::path& folder() const { return folder_; }
  /// The files of a name; throws if it can't be one.
  entity_files files_of(profile what, std::string_view name) const;

 private:
  /// One of the two, opened.
  struct ca {
    std::string name;
    certificate_ptr certificate;
    key_ptr key;
    signer as_signer() const { return {certificate.get(), key.get()}; }
  };
  ca open(std::string_view name) const;
  ca open_issuer() const;
  void refuse_other_key(const entity_files& files, EVP_PKEY* own) const;
  issued finish(const ca& by, profile what, std::string_view name, const subject_info& whose,
                const validity_request& asked, const secret* key_pem);
  /// The next list, and that list written.
  crl_ptr next_crl(const ca& by, const std::vector<index_entry>& index, const validity_request& valid) const;
  void renew_crl(const ca& by, const std::vector<index_entry>& index, const validity_request& valid);
  void write_crl(const ca& by, X509_CRL* list);
  std::string_view issuer_of(std::string_view target) const;
  void join_crls();
  std::vector<index_entry> read_index(std::string_view name) const;
  std::filesystem::path path_of(std::string_view name, std::string_view suffix) const;

  std::filesystem::path folder_;
  passphrase_source ask_;
  seconds_utc now_;
  existing overwrite_;
};

}  // namespace recado::pki
