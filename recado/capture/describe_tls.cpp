#include <recado/capture/describe.hpp>

#include <algorithm>

namespace recado::capture {
namespace {

constexpr std::size_t header_bytes = 5;  // RFC 8446 §5.1: type, version, length
constexpr unsigned change_cipher_spec = 20;
constexpr unsigned handshake = 22;

std::string_view record_words(unsigned type) {
  switch (type) {
    case change_cipher_spec:
      return "change cipher spec";
    case 21:
      return "alert";
    case handshake:
      return "handshake";
    case 23:
      return "application data";
    default:
      return "";
  }
}

std::string_view message_words(unsigned type) {
  switch (type) {
    case 0:
      return "HelloRequest";
    case 1:
      return "ClientHello";
    case 2:
      return "ServerHello";
    case 4:
      return "NewSessionTicket";
    case 11:
      return "Certificate";
    case 12:
      return "ServerKeyExchange";
    case 13:
      return "CertificateRequest";
    case 14:
      return "ServerHelloDone";
    case 15:
      return "CertificateVerify";
    case 16:
      return "ClientKeyExchange";
    case 20:
      return "Finished";
    case 22:
      return "CertificateStatus";
    default:
      return "continued";
  }
}

unsigned octet(std::byte value) { return std::to_integer<unsigned>(value); }

void print_record(bytes head, bool sealed, text_sink& out) {
  const unsigned type = octet(head[0]);
  out << "TLS " << record_words(type);
  if (sealed && type != change_cipher_spec) out << " (encrypted)";
  else if (type == handshake) out << ' ' << message_words(octet(head[5]));
  out << ", ";
  out.number(octet(head[3]) << 8 | octet(head[4])) << " bytes\n";
}

}  // namespace

void tls_words::add(std::size_t from, bytes data, text_sink& out) {
  side& of = sides_[from];
  while (!data.empty() && !of.lost) {
    const std::size_t skipped = std::min(of.skip, data.size());
    of.skip -= skipped;
    data = data.subspan(skipped);
    while (of.skip == 0 && !data.empty() && of.known < of.head.size()) {
      of.head[of.known++] = data.front();
      data = data.subspan(1);
    }
    if (of.skip != 0 || of.known < of.head.size()) return;
    const std::size_t length = octet(of.head[3]) << 8 | octet(of.head[4]);
    if (record_words(octet(of.head[0])).empty() || octet(of.head[1]) != 3 || length == 0) {
      out << "not TLS\n";
      of.lost = true;
      return;
    }
    print_record(of.head, of.sealed, out);
    of.sealed = of.sealed || octet(of.head[0]) == change_cipher_spec;
    of.skip = length - (of.head.size() - header_bytes);
    of.known = 0;
  }
}

}  // namespace recado::capture
