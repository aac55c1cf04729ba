#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <string>

#include <recado/tls/openssl/load.hpp>

namespace recado::tls::openssl {
namespace {

constexpr std::size_t file_bytes_max = 16U << 20;

// PEM has its marker in every file; explanatory text may stand before it (RFC 7468 §5.2).
bool is_pem(BIO* from) {
  std::array<char, 512> piece;
  std::size_t kept = 0;
  bool found = false;
  constexpr std::string_view marker = "-----BEGIN ";
  for (int n; !found && (n = BIO_read(from, piece.data() + kept, static_cast<int>(piece.size() - kept))) > 0;) {
    const std::string_view text{piece.data(), kept + static_cast<std::size_t>(n)};
    found = text.find(marker) != text.npos;
    kept = std::min(text.size(), marker.size() - 1);
    std::copy(text.end() - static_cast<std::ptrdiff_t>(kept), text.end(), piece.begin());
  }
  wipe(std::as_writable_bytes(std::span{piece}));
  (void)BIO_seek(from, 0);
  return found;
}

struct phrase {
  bytes given;
  pass_phrase_source* ask;
  bool wanted = false;
  bool missing = false;
};

int give_phrase(char* out, int size, int, void* user) {
  auto& from = *static_cast<phrase*>(user);
  from.wanted = true;
  const std::span<char> room{out, static_cast<std::size_t>(std::max(size, 0))};
  std::size_t length = 0;
  if (!from.given.empty() && from.given.size() <= room.size()) {
    copy(from.given, std::as_writable_bytes(room));
    length = from.given.size();
  } else if (from.ask) {
    length = std::min(from.ask->ask(room.first(std::min(room.size(), pass_phrase_bytes_max))), room.size());
  }
  from.missing = length == 0;
  return length == 0 ? -1 : static_cast<int>(length);
}

/// A file in memory, that of a pipe as well, where nothing could go back to the beginning; wiped when it is freed.
/// Nothing if it can't be read, as a folder, or is longer than any such file, as a device that has no end.
bio_handle whole(const std::string& path) {
  const bio_handle file{BIO_new_file(path.c_str(), "rb")};
  bio_handle result{BIO_new(BIO_s_mem())};
  std::array<char, 4096> piece;
  std::size_t size = 0;
  int got = file && result ? 1 : -1;
  while (got > 0 && size <= file_bytes_max) {
    got = BIO_read(file.get(), piece.data(), static_cast<int>(piece.size()));
    if (got > 0 && BIO_write(result.get(), piece.data(), got) != got) got = -1;
    size += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  wipe(std::as_writable_bytes(std::span{piece}));
  if (got != 0) return {};
  BIO_set_mem_eof_return(result.get(), 0);
  return result;
}

}  // namespace

std::expected<bio_handle, error> open(const source& from, error unreadable) {
  bio_handle result;
  if (!from.path.empty()) result = whole(std::string{from.path});
  else if (from.data.size() <= INT32_MAX)
    result.reset(BIO_new_mem_buf(from.data.data(), static_cast<int>(from.data.size())));
  if (result) return result;
  ERR_clear_error();
  return std::unexpected(unreadable);
}

std::expected<chain_handle, error> load_certificates(const source& from, load_errors errors) {
  auto input = open(from, errors.unreadable);
  if (!input) return std::unexpected(input.error());
  chain_handle result{sk_X509_new_null()};
  const bool pem = is_pem(input->get());
  for (;;) {
    x509_handle next{pem ? PEM_read_bio_X509_AUX(input->get(), nullptr, nullptr, nullptr)
                         : d2i_X509_bio(input->get(), nullptr)};
    if (!next || !sk_X509_push(result.get(), next.get())) break;
    (void)next.release();
    if (!pem) break;
  }
  // The end of a PEM file is no error; a damaged certificate behind a good one is.
  const auto last = ERR_peek_last_error();
  const bool at_end = !pem || (ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE);
  ERR_clear_error();
  if (sk_X509_num(result.get()) < 1 || !at_end) return std::unexpected(errors.invalid);
  return result;
}

std::expected<void, error> load_crls(const source& from, X509_STORE* store) {
  auto input = open(from, error::crl_file_unreadable);
  if (!input) return std::unexpected(input.error());
  const bool pem = is_pem(input->get());
  bool any = false;
  for (;;) {
    crl_handle next{pem ? PEM_read_bio_X509_CRL(input->get(), nullptr, nullptr, nullptr)
                        : d2i_X509_CRL_bio(input->get(), nullptr)};
    if (!next || X509_STORE_add_crl(store, next.get()) != 1) break;
    any = true;
    if (!pem) break;
  }
  const auto last = ERR_peek_last_error();
  const bool at_end = !pem || (ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE);
  ERR_clear_error();
  if (!any || !at_end) return std::unexpected(error::crl_invalid);
  return {};
}

std::expected<key_handle, error> load_key(const source& from, bytes pass_phrase, pass_phrase_source* ask) {
  auto input = open(from, error::key_file_unreadable);
  if (!input) return std::unexpected(input.error());
  phrase words_for{pass_phrase, ask};
  EVP_PKEY* found = nullptr;
  using decoder_handle = std::unique_ptr<OSSL_DECODER_CTX, freed_by<OSSL_DECODER_CTX_free>>;
  const decoder_handle decoder{
      OSSL_DECODER_CTX_new_for_pkey(&found, nullptr, nullptr, nullptr, EVP_PKEY_KEYPAIR, nullptr, nullptr)};
  if (!decoder || OSSL_DECODER_CTX_set_pem_password_cb(decoder.get(), give_phrase, &words_for) != 1) {
    return std::unexpected(error::out_of_memory);
  }
  // In a file with certificates before the key, each call takes one object.
  for (int before = -1, at = 0; !found && before < at; before = at, at = BIO_tell(input->get())) {
    if (OSSL_DECODER_from_bio(decoder.get(), input->get()) == 1 || words_for.wanted) break;
  }
  ERR_clear_error();
  if (found) return key_handle{found};
  if (words_for.wanted) return std::unexpected(words_for.missing ? error::key_encrypted : error::pass_phrase_wrong);
  return std::unexpected(error::key_invalid);
}

}  // namespace recado::tls::openssl
