#include "own_certificate.hpp"

#include <openssl/x509.h>

#include <recado/tls/openssl/load.hpp>

namespace recado::app::tools {

std::optional<duration> time_left(const std::string& path) {
  using tls::error;
  const auto chain = tls::openssl::load_certificates(tls::source::file(path),
                                                     {error::certificate_file_unreadable, error::certificate_invalid});
  int days = 0, seconds = 0;
  if (!chain || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(sk_X509_value(chain->get(), 0))) != 1)
    return std::nullopt;
  return std::chrono::hours{24 * days} + std::chrono::seconds{seconds};
}

}  // namespace recado::app::tools
