#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <recado/core/nearest.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/key.hpp>

namespace recado::pki {
namespace {

struct kind_row {
  key_kind kind;
  std::string_view name;
  const char* algorithm;
  const char* curve;  ///< of an elliptic-curve key
  std::size_t bits;   ///< of an RSA key
};
constexpr std::array kinds{
    kind_row{key_kind::ecdsa_p256, "ecdsa-p256", "EC", "P-256", 0},
    kind_row{key_kind::ecdsa_p384, "ecdsa-p384", "EC", "P-384", 0},
    kind_row{key_kind::rsa_2048, "rsa-2048", "RSA", nullptr, 2048},
    kind_row{key_kind::rsa_3072, "rsa-3072", "RSA", nullptr, 3072},
    kind_row{key_kind::rsa_4096, "rsa-4096", "RSA", nullptr, 4096},
    kind_row{key_kind::ed25519, "ed25519", "ED25519", nullptr, 0},
};

const kind_row& row_of(key_kind kind) {
  return *std::find_if(kinds.begin(), kinds.end(), [kind](const kind_row& row) { return row.kind == kind; });
}

constexpr int pbkdf2_iterations = 100'000;

/// What OpenSSL's callback needs to ask, and what became of it: exceptions must not cross C code.
struct question {
  const passphrase_source* ask;
  std::string what;
  bool asked = false;
  std::exception_ptr refused;
};

int answer(char* buffer, int size, int, void* context) {
  auto& q = *static_cast<question*>(context);
  try {
    if (q.asked || !*q.ask) return -1;
    q.asked = true;
    const secret phrase = (*q.ask)(q.what);
    if (phrase.view().size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, phrase.view().data(), phrase.view().size());
    return static_cast<int>(phrase.view().size());
  } catch (...) {
    q.refused = std::current_exception();
    return -1;
  }
}

key_ptr parse_der(std::string_view content, question& q) {
  auto bio = reading(content);
  key_ptr key{d2i_PrivateKey_bio(bio.get(), nullptr)};
  if (key) return key;
  ERR_clear_error();
  bio = reading(content);
  return key_ptr{d2i_PKCS8PrivateKey_bio(bio.get(), nullptr, answer, &q)};
}

[[noreturn]] void fail_encoding() { fail_openssl("the key could not be encoded", "check the OpenSSL installation"); }

}  // namespace

std::string_view name_of(key_kind kind) { return row_of(kind).name; }

std::string key_kind_names() {
  std::string names;
  for (const kind_row& row : kinds) names += (names.empty() ? "" : ", ") + std::string{row.name};
  return names;
}

key_kind parse_key_kind(std::string_view name) {
  std::array<std::string_view, kinds.size()> known;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    known[i] = kinds[i].name;
    if (kinds[i].name == name) return kinds[i].kind;
  }
  const std::string_view guess = nearest(name, known);
  throw failure(
      "'" + std::string{name} + "' is no kind of key",
      (guess.empty() ? "" : "did you mean '" + std::string{guess} + "'? ") + ("there are " + key_kind_names()));
}

key_ptr generate_key(key_kind kind) {
  const kind_row& row = row_of(kind);
  EVP_PKEY* key = nullptr;
  if (row.curve != nullptr) key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm, row.curve);
  else if (row.bits != 0) key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm, row.bits);
  else key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm);
  if (key == nullptr) fail_openssl("the key could not be generated", "check the OpenSSL installation");
  return key_ptr{key};
}

secret private_key_pem(EVP_PKEY* key, const secret& passphrase) {
  const bio_ptr out = gathering();
  if (passphrase.empty()) {
    if (PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) fail_encoding();
    return secret{text_of(out)};
  }
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, freed_by<PKCS8_PRIV_KEY_INFO_free>> plain{EVP_PKEY2PKCS8(key)};
  const std::string_view phrase = passphrase.view();
  // -1: PBES2 with its default pseudo-random function; no salt given: eight random bytes.
  const std::unique_ptr<X509_SIG, freed_by<X509_SIG_free>> sealed{
      PKCS8_encrypt(-1, EVP_aes_256_cbc(), phrase.data(), static_cast<int>(phrase.size()), nullptr, 0,
                    pbkdf2_iterations, plain.get())};
  if (!sealed || PEM_write_bio_PKCS8(out.get(), sealed.get()) != 1) fail_encoding();
  return secret{text_of(out)};
}

secret private_key_der(EVP_PKEY* key) {
  const bio_ptr out = gathering();
  if (i2d_PKCS8PrivateKeyInfo_bio(out.get(), key) != 1) fail_encoding();
  return secret{text_of(out)};
}

key_ptr parse_private_key(std::string_view content, std::string_view what, const passphrase_source& ask) {
  ERR_clear_error();
  question q{&ask, std::string{what}, false, nullptr};
  const bool pem = content.find("-----BEGIN") != std::string_view::npos;
  key_ptr key;
  if (pem) key.reset(PEM_read_bio_PrivateKey(reading(content).get(), nullptr, answer, &q));
  else key = parse_der(content, q);
  if (key) return key;
  if (q.refused) ERR_clear_error(), std::rethrow_exception(q.refused);
  if (q.asked) {
    ERR_clear_error();
    throw failure(q.what + " does not open with that pass phrase", "check the pass phrase");
  }
  fail_openssl(q.what + " is no private key that can be read", "give a private key in PEM or DER");
}

void refuse_weak(EVP_PKEY* key, std::string_view what) {
  const int bits = EVP_PKEY_get_security_bits(key);
  if (bits >= security_bits_min) return;
  throw failure(std::string{what} + " has only " + std::to_string(bits) + " bits of strength",
                "use a key of " + std::to_string(security_bits_min) + " bits or more, such as ecdsa-p256");
}

const EVP_MD* digest_for(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")) return nullptr;
  return EVP_PKEY_get_security_bits(key) >= 192 ? EVP_sha384() : EVP_sha256();
}

}  // namespace recado::pki
