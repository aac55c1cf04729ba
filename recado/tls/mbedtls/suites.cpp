#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>

#include <algorithm>
#include <optional>

#include <recado/tls/mbedtls/suites.hpp>

namespace recado::tls::mbedtls {
namespace {

enum trait : std::uint16_t {
  tls13 = 1 << 0,
  ecdhe = 1 << 1,
  dhe = 1 << 2,
  psk = 1 << 3,
  ecdsa = 1 << 4,
  rsa = 1 << 5,
  aes128 = 1 << 6,
  aes256 = 1 << 7,
  chacha = 1 << 8,
  sha384 = 1 << 9,
};

struct row {
  std::uint16_t number;
  std::uint16_t traits;
  std::string_view iana, openssl;  // the same for TLS 1.3

  consteval row(std::uint16_t its_number, std::uint16_t its_traits, std::string_view name, std::string_view other_name)
      : number(its_number), traits(its_traits), iana(name), openssl(has_choices ? other_name : "") {}
};

// All that may be offered: authenticated encryption, forward secrecy but for the last. Boards have neither RSA nor
// finite fields, and don't carry the names.
constexpr row rows[] = {
    {0x1301, tls13 | aes128, "TLS_AES_128_GCM_SHA256", ""},
    {0x1302, tls13 | aes256 | sha384, "TLS_AES_256_GCM_SHA384", ""},
    {0x1303, tls13 | chacha, "TLS_CHACHA20_POLY1305_SHA256", ""},
#if defined(MBEDTLS_SSL_PROTO_TLS1_2)
    {0xc02b, ecdhe | ecdsa | aes128, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {0xc02c, ecdhe | ecdsa | aes256, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {0xcca9, ecdhe | ecdsa | chacha, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
#if defined(MBEDTLS_RSA_C)
    {0xc02f, ecdhe | rsa | aes128, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {0xc030, ecdhe | rsa | aes256, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {0xcca8, ecdhe | rsa | chacha, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {0x009e, dhe | rsa | aes128, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256"},
    {0x009f, dhe | rsa | aes256, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384"},
    {0xccaa, dhe | rsa | chacha, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305"},
#endif
    {0xccac, ecdhe | psk | chacha, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-PSK-CHACHA20-POLY1305"},
#if defined(MBEDTLS_DHM_C)
    {0x00aa, dhe | psk | aes128, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", "DHE-PSK-AES128-GCM-SHA256"},
    {0x00ab, dhe | psk | aes256, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", "DHE-PSK-AES256-GCM-SHA384"},
    {0xccad, dhe | psk | chacha, "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256", "DHE-PSK-CHACHA20-POLY1305"},
#endif
    {0x00a8, psk | aes128, "TLS_PSK_WITH_AES_128_GCM_SHA256", "PSK-AES128-GCM-SHA256"},
    {0x00a9, psk | aes256, "TLS_PSK_WITH_AES_256_GCM_SHA384", "PSK-AES256-GCM-SHA384"},
    {0xccab, psk | chacha, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", "PSK-CHACHA20-POLY1305"},
#endif
};

struct word {
  std::string_view name;
  std::uint16_t any;  // one of these traits
};
constexpr word words_known[] = {
    {"ECDHE", ecdhe},
    {"kECDHE", ecdhe},
    {"EECDH", ecdhe},
    {"DHE", dhe},
    {"kDHE", dhe},
    {"EDH", dhe},
    {"PSK", psk},
    {"kECDHEPSK", ecdhe | psk},
    {"ECDSA", ecdsa},
    {"aECDSA", ecdsa},
    {"RSA", rsa},
    {"aRSA", rsa},
    {"AES128", aes128},
    {"AES256", aes256},
    {"AES", aes128 | aes256},
    {"AESGCM", aes128 | aes256},
    {"CHACHA20", chacha},
    {"ALL", 0xffff},
    {"HIGH", 0xffff},
    {"DEFAULT", 0xffff},
};

bool has(const row& one) { return mbedtls_ssl_ciphersuite_from_id(one.number) != nullptr; }

// With instructions for AES its suites are the fastest and the longest key costs little; without, ChaCha20 is.
constexpr std::uint16_t best_first[] = {
#if defined(MBEDTLS_AESNI_C)
    aes256, chacha, aes128
#else
    chacha, aes128, aes256
#endif
};

bool is_meant(const row& one, std::string_view name) {
  if (name == one.iana || name == one.openssl) return true;
  for (;;) {  // ECDHE+CHACHA20: both
    const auto part = name.substr(0, name.find('+'));
    const auto* known = std::ranges::find(words_known, part, &word::name);
    if (known == std::end(words_known) || (one.traits & known->any) == 0) return false;
    if (part == "kECDHEPSK" && (one.traits & known->any) != known->any) return false;
    if (part.size() == name.size()) return true;
    name.remove_prefix(part.size() + 1);
  }
}

bool listed(const suite_list& list, int number) { return std::ranges::find(list, number) != list.end(); }

// Those of TLS 1.3 have one name only.
bool is_named(const row& one, std::string_view name) {
  return (one.traits & tls13) != 0 ? one.iana == name : is_meant(one, name);
}

/// Rows with one of these traits, one of those, too, and none of the last; of that name, if one is given.
struct selection {
  std::uint16_t any, too = 0xffff, none = 0;
  std::string_view name{};

  bool holds(const row& one) const {
    const bool fits = (one.traits & any) != 0 && (one.traits & too) != 0 && (one.traits & none) == 0;
    return fits && (!has_choices || name.empty() || is_named(one, name));
  }
};

void add(suite_list& to, const selection& wanted) {
  for (const std::uint16_t cipher : best_first)
    for (const row& one : rows)
      if ((one.traits & cipher) != 0 && wanted.holds(one) && has(one) && !listed(to, one.number))
        (void)to.push_back(one.number);
}

void remove(suite_list& from, std::string_view name) {
  suite_list kept;
  for (const int number : from) {
    const auto* one = std::ranges::find(rows, number, &row::number);
    if ((one->traits & tls13) != 0 || !is_meant(*one, name)) (void)kept.push_back(number);
  }
  from = kept;
}

// A list may carry "@SECLEVEL=0": what it would allow isn't in the table.
void add_ciphers(suite_list& to, std::string_view names) {
  while (!names.empty()) {
    const auto end = std::min(names.find_first_of(":, "), names.size());
    const auto name = names.substr(0, end).substr(0, names.substr(0, end).find('@'));
    names.remove_prefix(std::min(end + 1, names.size()));
    if (name.empty()) continue;
    if (name[0] == '!' || name[0] == '-') remove(to, name.substr(1));
    else add(to, {.any = 0xffff, .none = tls13, .name = name});
  }
}

void add_suites(suite_list& to, std::string_view names) {
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(':'));
    if (!name.empty()) add(to, {.any = tls13, .name = name});
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
}

// A pre-shared key without a hash of its own goes with SHA-256 (RFC 8446 §4.2.11): the others come last.
void add_all_suites(suite_list& to, bool by_psk) {
  if (by_psk) add(to, {.any = tls13, .none = sha384});
  add(to, {.any = tls13});
}

void add_all_ciphers(suite_list& to, bool anyone, bool by_psk) {
  if (anyone) add(to, {.any = 0xffff, .none = tls13 | psk});
  if (!by_psk) return;
  add(to, {.any = psk, .too = ecdhe | dhe});
  add(to, {.any = psk});
}

}  // namespace

std::expected<suite_list, error> choose_suites(const client_options& options, bool anyone) {
  suite_list result;
  const bool by_psk = options.psk.given();
  const bool listed_suites = !options.suites.empty(), listed_ciphers = !options.ciphers.empty();
  if (options.highest == version::v1_3) {
    if (has_choices && listed_suites) add_suites(result, options.suites);
    else add_all_suites(result, by_psk);
    if (listed_suites && result.empty()) return std::unexpected(error::ciphers_invalid);
  }
  const auto before = result.size();
  if (options.lowest == version::v1_2) {
    if (has_choices && listed_ciphers) add_ciphers(result, options.ciphers);
    else add_all_ciphers(result, anyone, by_psk);
    if (listed_ciphers && result.size() == before) return std::unexpected(error::ciphers_invalid);
  }
  if (result.empty()) return std::unexpected(error::ciphers_invalid);
  (void)result.push_back(0);
  return result;
}

std::string_view suite_name(int suite) {
  for (const row& one : rows)
    if (one.number == suite) return one.iana;
  return {};
}

bool suite_is_psk(int suite) {
  for (const row& one : rows)
    if (one.number == suite) return (one.traits & psk) != 0;
  return false;
}

namespace {

struct group {
  std::uint16_t number;
  std::string_view name;
};
constexpr group known_groups[] = {
    {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, "x25519"},
    {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, "secp256r1"},
    {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, "secp384r1"},
    {MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, "secp521r1"},
};

constexpr std::uint16_t offered_groups[] = {
#if defined(PSA_WANT_ECC_MONTGOMERY_255)
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
#endif
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
#if defined(PSA_WANT_ECC_SECP_R1_384)
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
#endif
#if defined(PSA_WANT_ECC_SECP_R1_521)
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
#endif
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

}  // namespace

std::span<const std::uint16_t> groups() { return offered_groups; }

std::string_view group_name(std::uint16_t number) {
  for (const group& one : known_groups)
    if (one.number == number) return one.name;
  return {};
}

}  // namespace recado::tls::mbedtls
