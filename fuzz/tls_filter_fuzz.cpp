// A hostile server against the TLS filter on OpenSSL.
#include <string>

#include <recado/tls/openssl/describe.hpp>
#include <recado/tls/openssl/session.hpp>

#include "tls_peer.hpp"

using namespace recado;
using namespace recado::tls::openssl;

namespace {

void described(bytes data) {
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  const x509_handle parsed{d2i_X509(nullptr, &at, static_cast<long>(data.size()))};
  ERR_clear_error();
  if (parsed) fuzz::print_described(describe(*parsed));
}

void kept(bytes data) {
  const policy_digest none{};
  session_memory nothing;
  std::string whole{"recado session 1"};
  whole += as_text(none);
  whole += as_text(data);
  (void)parse_session(as_bytes(whole), none, nothing);
  (void)parse_session(data, none, nothing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::tls_filter({reinterpret_cast<const std::byte*>(data), size}, described, kept);
}
