#include <mbedtls/asn1.h>
#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <recado/core/fixed_vector.hpp>
#include <recado/tls/folders.hpp>
#include <recado/tls/mbedtls/hooks.hpp>
#include <recado/tls/mbedtls/load.hpp>
#include <recado/tls/mbedtls/random.hpp>

namespace recado::tls::mbedtls {
namespace {

#if defined(MBEDTLS_PEM_PARSE_C)
// PEM has its marker in every file; explanatory text may stand before it (RFC 7468 §5.2).
bool is_pem(bytes content) { return as_text(content).contains("-----BEGIN "); }
#else
bool is_pem(bytes) { return false; }
#endif

#if defined(MBEDTLS_FS_IO)
constexpr std::size_t path_max = 1024;
constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;
#endif

/// What a source holds: with a zero behind it if it is PEM, as Mbed TLS wants it, or as it is. Wiped at the end.
class contents {
 public:
  contents() = default;
  contents(const contents&) = delete;
  contents& operator=(const contents&) = delete;
  ~contents() {
    if (!owned_) return;
    mbedtls_platform_zeroize(owned_, size_);
    recado_tls_release(owned_);
  }

  outcome<error> take(const source& from, error unreadable) {
    if (!from.path.empty()) return read(from.path, unreadable);
    if (!is_pem(from.data)) {
      stays_ = from.stays;
      data_ = reinterpret_cast<const unsigned char*>(from.data.data()), size_ = from.data.size();
      return {};
    }
    // Mbed TLS wants one zero behind the text and no more than that.
    const bytes text = from.data.back() == std::byte{0} ? from.data.first(from.data.size() - 1) : from.data;
    owned_ = static_cast<unsigned char*>(recado_tls_allocate(1, text.size() + 1));
    if (!owned_) return std::unexpected(error::out_of_memory);
    copy(text, {reinterpret_cast<std::byte*>(owned_), text.size()});
    data_ = owned_, size_ = text.size() + 1;
    return {};
  }
  const unsigned char* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// It may be used where it is, longer than this object lives.
  bool stays() const { return stays_; }
  bytes all() const { return {reinterpret_cast<const std::byte*>(data_), size_}; }

 private:
#if defined(MBEDTLS_FS_IO)
  // Room for as much again, and for the zero behind it.
  bool grow(std::size_t& room) {
    const std::size_t next = room == 0 ? 8192 : 2 * room;
    auto* larger = static_cast<unsigned char*>(recado_tls_allocate(1, next + 1));
    if (!larger) return false;
    if (owned_) {
      std::copy(owned_, owned_ + size_, larger);
      mbedtls_platform_zeroize(owned_, size_);
      recado_tls_release(owned_);
    }
    owned_ = larger, room = next;
    return true;
  }

  // A folder opens as a file does, but can't be read; a pipe can, to its end, and a device may have none.
  outcome<error> read(std::string_view path, error unreadable) {
    std::array<char, path_max> name{};
    if (path.size() >= name.size()) return std::unexpected(unreadable);
    std::copy(path.begin(), path.end(), name.begin());
    std::FILE* file = std::fopen(name.data(), "rb");
    if (!file) return std::unexpected(unreadable);
    std::size_t room = 0, got = 1;
    bool enough = true;
    while (got != 0 && size_ <= file_bytes_max && (enough = size_ < room || grow(room))) {
      got = std::fread(owned_ + size_, 1, room - size_, file);
      size_ += got;
    }
    const bool whole = got == 0 && std::ferror(file) == 0;
    std::fclose(file);
    if (!enough) return std::unexpected(error::out_of_memory);
    if (!whole) return std::unexpected(unreadable);
    data_ = owned_;
    if (is_pem(all())) ++size_;  // with the zero behind it
    return {};
  }
#else
  outcome<error> read(std::string_view, error unreadable) { return std::unexpected(unreadable); }
#endif

  unsigned char* owned_ = nullptr;
  const unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
  bool stays_ = false;
};

// The high part of an error says where it happened, the low part why.
bool lacks_algorithm(int code) {
  const int why = -code & 0xff80;
  return why == -MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || why == -MBEDTLS_ERR_X509_UNKNOWN_OID ||
         why == -MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || why == -MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE ||
         why == -MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
}
bool lacks_memory(int code) {
  const int why = -code & 0xff80, low = -code & 0x7f;
  return why == -MBEDTLS_ERR_X509_ALLOC_FAILED || why == -MBEDTLS_ERR_PK_ALLOC_FAILED ||
         why == -MBEDTLS_ERR_PEM_ALLOC_FAILED || low == -MBEDTLS_ERR_ASN1_ALLOC_FAILED;
}
error error_of_parsing(int code, error otherwise) {
  if (lacks_memory(code)) return error::out_of_memory;
  return code < 0 && lacks_algorithm(code) ? error::algorithm_unsupported : otherwise;
}

#if defined(MBEDTLS_PEM_PARSE_C)
// PEM with several: Mbed TLS says how many it couldn't read, not why.
error why_of_pem(const contents& from, error otherwise) {
  std::string_view rest = as_text(from.all());
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  for (std::size_t at; (at = rest.find(begin)) != rest.npos; rest.remove_prefix(at + begin.size())) {
    mbedtls_pem_context one;
    mbedtls_pem_init(&one);
    std::size_t used = 0;
    int code = mbedtls_pem_read_buffer(&one, begin.data(), "-----END CERTIFICATE-----",
                                       reinterpret_cast<const unsigned char*>(rest.data() + at), nullptr, 0, &used);
    if (code == 0) {
      mbedtls_x509_crt read;
      mbedtls_x509_crt_init(&read);
      std::size_t size = 0;
      const unsigned char* der = mbedtls_pem_get_buffer(&one, &size);
      code = mbedtls_x509_crt_parse_der(&read, der, size);
      mbedtls_x509_crt_free(&read);
    }
    mbedtls_pem_free(&one);
    if (code != 0) return error_of_parsing(code, otherwise);
  }
  return otherwise;
}
#else
error why_of_pem(const contents&, error otherwise) { return otherwise; }
#endif

constexpr int sequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;

// How long the first of several is; all of it if that can't be said, and then it is none.
std::size_t first_of(bytes several) {
  auto* at = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(several.data()));
  const unsigned char* const begin = at;
  std::size_t length = 0;
  if (mbedtls_asn1_get_tag(&at, begin + several.size(), &length, sequence) != 0) return several.size();
  return static_cast<std::size_t>(at - begin) + length;
}

// One certificate or CRL as DER, or several behind one another; what is none any more ends them.
template <class List>
int parse_der(List& to, const contents& from, auto parse_one) {
  bytes rest = from.all();
  do {
    const std::size_t size = first_of(rest);
    const int code = parse_one(&to, reinterpret_cast<const unsigned char*>(rest.data()), size);
    if (code != 0) return code;
    rest = rest.subspan(size);
  } while (!rest.empty() && rest[0] == std::byte{sequence});
  return 0;
}

int parse_certificates(mbedtls_x509_crt& to, const contents& from) {
  return parse_der(to, from, from.stays() ? mbedtls_x509_crt_parse_der_nocopy : mbedtls_x509_crt_parse_der);
}

struct pass_phrase_text {
  std::array<char, pass_phrase_bytes_max> text{};
  std::size_t size = 0;
  ~pass_phrase_text() { mbedtls_platform_zeroize(text.data(), text.size()); }
};

bool ask_for(pass_phrase_text& to, bytes given, pass_phrase_source* ask) {
  if (!given.empty() && given.size() <= to.text.size()) {
    copy(given, std::as_writable_bytes(std::span{to.text}));
    to.size = given.size();
  } else if (ask) {
    to.size = std::min(ask->ask(to.text), to.text.size());
  }
  return to.size != 0;
}

// EncryptedPrivateKeyInfo begins with an algorithm, all others with a version (RFC 5958 §3, RFC 8018 §A.4), and a
// certificate with one of another kind.
bool is_encrypted_der(const contents& from) {
  auto* at = const_cast<unsigned char*>(from.data());
  const unsigned char* end = at + from.size();
  std::size_t length = 0;
  return mbedtls_asn1_get_tag(&at, end, &length, sequence) == 0 &&
         mbedtls_asn1_get_tag(&at, end, &length, sequence) == 0 && at < end && *at == MBEDTLS_ASN1_OID;
}

int parse(mbedtls_pk_context& to, const contents& from, const pass_phrase_text* with) {
  mbedtls_pk_free(&to);
  mbedtls_pk_init(&to);
  return mbedtls_pk_parse_key(&to, from.data(), from.size(),
                              with ? reinterpret_cast<const unsigned char*>(with->text.data()) : nullptr,
                              with ? with->size : 0, fill_random, nullptr);
}

}  // namespace

outcome<error> load_certificates(const source& from, load_errors errors, mbedtls_x509_crt& to) {
  contents input;
  if (auto taken = input.take(from, errors.unreadable); !taken) return taken;
  if (input.size() == 0) return std::unexpected(errors.invalid);
  const std::size_t refusals = memory_usage().refused_count;
  const int code =
      is_pem(input.all()) ? mbedtls_x509_crt_parse(&to, input.data(), input.size()) : parse_certificates(to, input);
  if (code == 0) return {};
  if (memory_usage().refused_count != refusals) return std::unexpected(error::out_of_memory);
  if (is_pem(input.all()) && !lacks_memory(code)) return std::unexpected(why_of_pem(input, errors.invalid));
  return std::unexpected(error_of_parsing(code, errors.invalid));
}

#if defined(MBEDTLS_FS_IO)
// What isn't a certificate, or one with an algorithm that is lacking, is passed over.
static outcome<error> load_folder(std::string_view path, mbedtls_x509_crt& to) {
  std::array<char, path_max> name{};
  if (path.size() >= name.size()) return std::unexpected(error::ca_file_unreadable);
  std::copy(path.begin(), path.end(), name.begin());
  const int code = mbedtls_x509_crt_parse_path(&to, name.data());
  if (code >= 0) return {};
  return std::unexpected(lacks_memory(code) ? error::out_of_memory : error::ca_file_unreadable);
}

outcome<error> load_folders(std::string_view list, mbedtls_x509_crt& to) {
  outcome<error> done;
  const bool all = takes_folders(list, [&](std::string_view one) {
    done = load_folder(one, to);
    return static_cast<bool>(done);
  });
  if (done && (!all || !to.raw.p)) return std::unexpected(error::ca_file_unreadable);
  return done;
}

outcome<error> load_system(mbedtls_x509_crt& to) {
  const auto loaded = load_folders("/etc/ssl/certs", to);
  if (!loaded && loaded.error() == error::out_of_memory) return loaded;
  if (!loaded) return std::unexpected(error::no_authority);
  return {};
}
#else
outcome<error> load_folders(std::string_view, mbedtls_x509_crt&) { return std::unexpected(error::ca_file_unreadable); }
outcome<error> load_system(mbedtls_x509_crt&) { return std::unexpected(error::no_authority); }
#endif

#if defined(MBEDTLS_X509_CRL_PARSE_C)
outcome<error> load_crls(const source& from, mbedtls_x509_crl& to) {
  contents input;
  if (auto taken = input.take(from, error::crl_file_unreadable); !taken) return taken;
  const int code = is_pem(input.all()) ? mbedtls_x509_crl_parse(&to, input.data(), input.size())
                                       : parse_der(to, input, mbedtls_x509_crl_parse_der);
  if (code != 0) return std::unexpected(error_of_parsing(code, error::crl_invalid));
  return {};
}
#endif

outcome<error> load_key(const source& from, bytes pass_phrase, pass_phrase_source* ask, mbedtls_pk_context& to) {
  contents input;
  if (auto taken = input.take(from, error::key_file_unreadable); !taken) return taken;
  if (input.size() == 0) return std::unexpected(error::key_invalid);
  int code = parse(to, input, nullptr);
  const bool encrypted =
      code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || (code != 0 && !is_pem(input.all()) && is_encrypted_der(input)) ||
      (is_pem(input.all()) && as_text(input.all()).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  if (code != 0 && encrypted) {
    pass_phrase_text words_for;
    if (!ask_for(words_for, pass_phrase, ask)) return std::unexpected(error::key_encrypted);
    code = parse(to, input, &words_for);
    // What a wrong pass phrase deciphers to is no key, but may look like one for a moment.
    if (code != 0 && !lacks_memory(code) && !lacks_algorithm(code)) return std::unexpected(error::pass_phrase_wrong);
  }
  if (code == 0) return {};
  if (lacks_memory(code)) return std::unexpected(error::out_of_memory);
  return std::unexpected(lacks_algorithm(code) ? error::algorithm_unsupported : error::key_invalid);
}

}  // namespace recado::tls::mbedtls
