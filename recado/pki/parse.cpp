#include <openssl/err.h>
#include <openssl/pem.h>

#include <recado/pki/failure.hpp>
#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view dashes = "-----";

template <class Owner, class Object>
Owner from_der(Object* (*decode)(Object**, const unsigned char**, long), std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  Owner object{decode(nullptr, &at, static_cast<long>(der.size()))};
  if (!object || at != end) ERR_clear_error(), object.reset();
  return object;
}

template <class Owner, class Object>
std::vector<Owner> all_of(std::string_view content, std::string_view label, std::string_view what,
                          Object* (*from_pem)(BIO*, Object**, pem_password_cb*, void*),
                          Owner (*from_der_form)(std::string_view), std::string_view kind) {
  std::vector<Owner> all;
  for (const pem_block& block : pem_blocks(content)) {
    if (!block.label.ends_with(label)) continue;
    Owner object{from_pem(reading(block.text).get(), nullptr, nullptr, nullptr)};
    if (!object) fail_openssl(std::string{what} + " holds a damaged " + std::string{kind}, "get it anew");
    all.push_back(std::move(object));
  }
  if (all.empty())
    if (Owner object = from_der_form(content)) all.push_back(std::move(object));
  if (all.empty()) throw failure(std::string{what} + " holds no " + std::string{kind}, "give one in PEM or DER");
  return all;
}

}  // namespace

std::vector<pem_block> pem_blocks(std::string_view text) {
  std::vector<pem_block> blocks;
  for (std::size_t begin = 0; (begin = text.find(begin_mark, begin)) != std::string_view::npos;) {
    const std::size_t label_at = begin + begin_mark.size();
    const std::size_t label_end = text.find(dashes, label_at);
    if (label_end == std::string_view::npos) break;
    const std::string_view label = text.substr(label_at, label_end - label_at);
    const std::string closing = "-----END " + std::string{label} + "-----";
    const std::size_t end = text.find(closing, label_end);
    if (end == std::string_view::npos)
      throw failure("a " + std::string{label} + " begins and never ends", "the file is cut off: get it anew");
    blocks.push_back({label, text.substr(begin, end + closing.size() - begin)});
    begin = end + closing.size();
  }
  return blocks;
}

certificate_ptr certificate_from_der(std::string_view der) { return from_der<certificate_ptr>(d2i_X509, der); }
request_ptr request_from_der(std::string_view der) { return from_der<request_ptr>(d2i_X509_REQ, der); }
crl_ptr crl_from_der(std::string_view der) { return from_der<crl_ptr>(d2i_X509_CRL, der); }
key_ptr public_key_from_der(std::string_view der) { return from_der<key_ptr>(d2i_PUBKEY, der); }

std::vector<certificate_ptr> parse_certificates(std::string_view content, std::string_view what) {
  return all_of(content, "CERTIFICATE", what, PEM_read_bio_X509, certificate_from_der, "certificate");
}

certificate_ptr parse_certificate(std::string_view content, std::string_view what) {
  return std::move(parse_certificates(content, what).front());
}

request_ptr parse_request(std::string_view content, std::string_view what) {
  return std::move(
      all_of(content, "CERTIFICATE REQUEST", what, PEM_read_bio_X509_REQ, request_from_der, "certificate request")
          .front());
}

std::vector<crl_ptr> parse_crls(std::string_view content, std::string_view what) {
  return all_of(content, "X509 CRL", what, PEM_read_bio_X509_CRL, crl_from_der, "revocation list");
}

}  // namespace recado::pki
