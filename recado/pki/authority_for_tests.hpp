// A folder with authorities, for the tests of them.
#pragma once

#include <recado/pki/authority.hpp>

#include <sys/stat.h>

#include <chrono>
#include <string>
#include <utility>

#include <recado/pki/failure.hpp>
#include <recado/pki/shell_test.hpp>

namespace recado::pki {
inline const seconds_utc today = parse_time("2026-11-22");

/// What a call refuses with, as "cause; remedy"; empty if it doesn't refuse.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
    return {};
  } catch (const failure& error) {
    return std::string{error.what()} + "; " + std::string{error.remedy()};
  }
}

inline secret phrase(const char* text) { return secret{std::string{text}}; }

class authority_in_folder : public in_folder {
 protected:
  authority open(existing what = existing::keep, passphrase_source ask = {}) const {
    return {path("pki"), std::move(ask), std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
            what};
  }
  void init(key_kind kind = key_kind::ecdsa_p256) const {
    open().init({.organization = "Test", .key = kind, .valid = {}, .passphrase = {}});
  }
  issued make(profile what, const std::string& name, alternative_names names = {}, validity_request valid = {},
              key_kind kind = key_kind::ecdsa_p256, existing what_is_there = existing::keep) const {
    return open(what_is_there)
        .issue_entity({.what = what,
                       .name = name,
                       .subject = {},
                       .names = std::move(names),
                       .key = kind,
                       .passphrase = {},
                       .valid = valid});
  }
  /// In the place of the one that there is.
  issued make_again(profile what, const std::string& name) const {
    return make(what, name, {}, {}, key_kind::ecdsa_p256, existing::replace);
  }
  issued sign(const std::string& name) const {
    return open(existing::replace)
        .sign({.what = profile::client,
               .request = content("r.csr"),
               .origin = "r.csr",
               .name = name,
               .names = {},
               .valid = {}});
  }
  shell_result openssl_verify(const std::string& options, const std::string& file) const {
    return shell("openssl verify -x509_strict -CAfile " + word("pki/ca.crt") + " -CRLfile " + word("pki/ca.crl") +
                 " -crl_check_all " + options + " " + word("pki/" + file));
  }
  mode_t mode(const std::string& name) const {
    struct stat status {};
    return ::stat(path(name).c_str(), &status) == 0 ? status.st_mode & 07777u : 0;
  }
};

}  // namespace recado::pki
