// TLS records as they pass (RFC 8446 §5.1, RFC 5246 §6.2.1): all before the keys are known, lengths afterwards.
#include <recado/wire/cursor.hpp>

#include "probe.hpp"

namespace recado::app::probe {
namespace {

enum record_type : std::uint8_t { change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23 };

std::string_view name_of_record(std::uint8_t type) {
  switch (type) {
    case change_cipher_spec:
      return "change_cipher_spec";
    case alert:
      return "alert";
    case handshake:
      return "handshake";
    case application_data:
      return "application_data (encrypted)";
    default:
      return "unknown type";
  }
}

std::string_view name_of_message(std::uint8_t type) {
  switch (type) {
    case 0:
      return "hello_request";
    case 1:
      return "client_hello";
    case 2:
      return "server_hello";
    case 4:
      return "new_session_ticket";
    case 8:
      return "encrypted_extensions";
    case 11:
      return "certificate";
    case 12:
      return "server_key_exchange";
    case 13:
      return "certificate_request";
    case 14:
      return "server_hello_done";
    case 15:
      return "certificate_verify";
    case 16:
      return "client_key_exchange";
    case 20:
      return "finished";
    case 22:
      return "certificate_status";
    default:
      return {};
  }
}

std::string_view name_of_extension(std::uint16_t type) {
  switch (type) {
    case 0:
      return "server_name";
    case 5:
      return "status_request";
    case 10:
      return "supported_groups";
    case 11:
      return "ec_point_formats";
    case 13:
      return "signature_algorithms";
    case 16:
      return "application_layer_protocol_negotiation";
    case 21:
      return "padding";
    case 22:
      return "encrypt_then_mac";
    case 23:
      return "extended_master_secret";
    case 35:
      return "session_ticket";
    case 41:
      return "pre_shared_key";
    case 42:
      return "early_data";
    case 43:
      return "supported_versions";
    case 44:
      return "cookie";
    case 45:
      return "psk_key_exchange_modes";
    case 50:
      return "signature_algorithms_cert";
    case 51:
      return "key_share";
    case 0xff01:
      return "renegotiation_info";
    default:
      return {};
  }
}

std::string_view name_of_version(std::uint16_t version) {
  switch (version) {
    case 0x0301:
      return "TLS 1.0";
    case 0x0302:
      return "TLS 1.1";
    case 0x0303:
      return "TLS 1.2";
    case 0x0304:
      return "TLS 1.3";
    default:
      return {};
  }
}

void put_name(std::string_view name, std::uint16_t value, text_sink& out) {
  if (!name.empty()) out << name;
  else out << "0x", out.hex(value, 4);
}

void print_versions(bytes value, bool from_server, text_sink& out) {
  wire::reader in{value};
  if (!from_server) in.u8();  // their length
  while (in.remaining() >= 2) {
    const std::uint16_t each = in.u16();
    out << ' ';
    put_name(name_of_version(each), each, out);
  }
}

// The value where it is short and says something, else its length.
void print_extension(std::uint16_t type, bytes value, bool from_server, text_sink& out) {
  out << "extension ";
  put_name(name_of_extension(type), type, out);
  if (type == 0 && value.size() > 5) {
    out << ' ';
    out.quoted(value.subspan(5));
  } else if (type == 16 && value.size() > 3) {
    out << ' ';
    out.quoted(value.subspan(3));
  } else if (type == 43) {
    print_versions(value, from_server, out);
  } else {
    out << ", ";
    out.number(value.size());
    out << " bytes";
  }
  out << '\n';
}

// ClientHello and ServerHello (RFC 8446 §4.1.2, §4.1.3), as far as they are well formed.
void print_hello(bytes body, bool from_server, text_sink& out) {
  wire::reader in{body};
  const std::uint16_t version = in.u16();
  out << "version ";
  put_name(name_of_version(version), version, out);
  out << "\nrandom ";
  out.hex(in.take(32));
  out << "\nsession id, ";
  const std::size_t session = in.u8();
  out.number(session);
  out << " bytes\ncipher suites";
  in.take(session);
  wire::reader suites{in.take(from_server ? 2 : in.u16())};
  while (suites.remaining() >= 2) out << " 0x", out.hex(suites.u16(), 4);
  out << '\n';
  if (from_server) in.u8();  // compression
  else in.take(in.u8());
  if (in.remaining() < 2) return;
  wire::reader extensions{in.take(in.u16())};
  while (extensions.remaining() >= 4) {
    const std::uint16_t type = extensions.u16();
    print_extension(type, extensions.take(extensions.u16()), from_server, out);
  }
}

void print_handshake(bytes body, text_sink& out) {
  wire::reader in{body};
  while (in.remaining() >= 4) {
    const std::uint8_t type = in.u8();
    const std::size_t length = std::size_t{in.u8()} << 16 | in.u16();
    const std::string_view name = name_of_message(type);
    if (name.empty() || length > in.remaining()) {
      out << "encrypted, or goes on in the next record\n";
      return;
    }
    out << name << ", ";
    out.number(length);
    out << " bytes\n";
    const bytes message = in.take(length);
    if (type == 1 || type == 2) print_hello(message, type == 2, out);
  }
}

void print_alert(bytes body, text_sink& out) {
  if (body.size() != 2) {
    out << "encrypted\n";
    return;
  }
  out << (body[0] == std::byte{2} ? "fatal, " : "warning, ") << "description ";
  out.number(std::to_integer<unsigned>(body[1]));
  out << '\n';
}

}  // namespace

std::size_t print_tls_records(direction, bytes data, text_sink& out) {
  wire::reader in{data};
  const std::uint8_t type = in.u8();
  const std::uint16_t version = in.u16();
  const bytes body = in.take(in.u16());
  if (!data.empty() && (type < change_cipher_spec || type > application_data)) {
    out << "no TLS record\n";
    out.quoted(data.first(std::min<std::size_t>(data.size(), 64)));
    out << '\n';
    return data.size();
  }
  if (in.failed()) return 0;
  out << "TLS record " << name_of_record(type) << ", version ";
  put_name(name_of_version(version), version, out);
  out << ", ";
  out.number(body.size());
  out << " bytes\n";
  if (type == handshake) print_handshake(body, out);
  if (type == alert) print_alert(body, out);
  return in.offset();
}

}  // namespace recado::app::probe
