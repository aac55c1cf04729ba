#include <recado/tls/error.hpp>
#include <recado/tls/event.hpp>

namespace recado::tls {

std::string_view words(version which) { return which == version::v1_2 ? "TLS 1.2" : "TLS 1.3"; }

void print(const closed& what, text_sink& out) {
  out << what.cause;
  phrase advice;
  if (what.why.where == layer::tls) advice = remedy(static_cast<error>(what.why.code));
  if (what.why.where == layer::stream) advice = remedy(static_cast<stream_error>(what.why.code));
  if (!advice.empty()) out << "; " << advice;
}

void print(const secured& what, text_sink& out) {
  out << words(what.negotiated) << ", " << what.suite;
  if (!what.group.empty()) out << ", " << what.group;
  if (!what.alpn.empty()) (out << ", ALPN ").quoted(as_bytes(what.alpn));
  if (what.resumed) out << ", resumed";
  if (what.by_psk) out << ", pre-shared key";
  if (!what.verified) out << ", NOT VERIFIED";
}

}  // namespace recado::tls
