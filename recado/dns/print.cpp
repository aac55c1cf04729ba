#include <recado/dns/packet.hpp>
#include <recado/wire/walk.hpp>

namespace recado::dns {

std::string_view words(record_type type) {
  switch (type) {
    case record_type::a:
      return "A";
    case record_type::ns:
      return "NS";
    case record_type::cname:
      return "CNAME";
    case record_type::soa:
      return "SOA";
    case record_type::ptr:
      return "PTR";
    case record_type::mx:
      return "MX";
    case record_type::txt:
      return "TXT";
    case record_type::aaaa:
      return "AAAA";
    case record_type::srv:
      return "SRV";
    case record_type::opt:
      return "OPT";
    case record_type::any:
      return "ANY";
  }
  return "another type";
}

std::string_view words(record_class value) { return value == record_class::internet ? "IN" : "another class"; }

std::string_view words(response_code code) {
  switch (code) {
    case response_code::no_error:
      return "NOERROR";
    case response_code::format_error:
      return "FORMERR";
    case response_code::server_failure:
      return "SERVFAIL";
    case response_code::name_error:
      return "NXDOMAIN";
    case response_code::not_implemented:
      return "NOTIMP";
    case response_code::refused:
      return "REFUSED";
    case response_code::bad_version:
      return "BADVERS";
  }
  return "another code";
}

std::string_view words(section where) {
  switch (where) {
    case section::answer:
      return "answer";
    case section::authority:
      return "authority";
    case section::additional:
      return "additional";
  }
  return "";
}

namespace {

void print_flags(const header& head, text_sink& out) {
  constexpr struct {
    message_flags flag;
    std::string_view text;
  } rows[] = {{message_flags::authoritative, ", authoritative"},
              {message_flags::truncated, ", truncated"},
              {message_flags::recursion_desired, ", recursion desired"},
              {message_flags::recursion_available, ", recursion available"}};
  out << (head.has(message_flags::response) ? "response" : "query");
  if (head.opcode() != 0) (out << ", opcode ").number(head.opcode());
  for (const auto& row : rows)
    if (head.has(row.flag)) out << row.text;
  (out << ", " << words(head.code()) << " (").number(static_cast<std::uint16_t>(head.code())) << ")\n";
}

void print_type(record_type type, text_sink& out) {
  out << words(type);
  if (words(type).find(' ') != std::string_view::npos) (out << " (").number(static_cast<std::uint16_t>(type)) << ')';
}

void print_strings(bytes data, text_sink& out) {
  while (!data.empty()) {
    const auto length = std::to_integer<std::size_t>(data[0]);
    data = data.subspan(1);
    const bytes text = data.first(length < data.size() ? length : data.size());
    (out << ' ').quoted(text);
    data = data.subspan(text.size());
  }
}

void print_soa(bytes message, const record& what, text_sink& out) {
  const auto numbers = soa_of(message, what);
  if (!numbers) return void(out << " malformed");
  std::size_t at = what.offset;
  for (int i = 0; i < 2; ++i) {
    name about;
    read_name(message, at, about);
    out << ' ' << about;
  }
  out << ' ';
  wire::print_walker walk{out};
  soa_fields::fields(*numbers, walk);
}

void print_srv(bytes message, const record& what, text_sink& out) {
  name target;
  const auto numbers = srv_of(message, what, target);
  if (!numbers) return void(out << " malformed");
  out << ' ';
  wire::print_walker walk{out};
  srv_fields::fields(*numbers, walk);
  out << ", target " << target;
}

void print_opt(const record& what, text_sink& out) {
  (out << " datagrams up to ").number(static_cast<std::uint16_t>(what.data.klass));
  (out << ", version ").number(what.data.ttl >> 16 & 0xff);
  (out << ", upper bits of the code ").number(what.data.ttl >> 24);
  if ((what.data.ttl & 0x8000) != 0) out << ", DNSSEC OK";
  (out << ", options of ").number(what.data.length) << " octets";
}

void print_data(bytes message, const record& what, text_sink& out) {
  const bytes data = message.subspan(what.offset, what.data.length);
  name target;
  switch (what.data.type) {
    case record_type::a:
    case record_type::aaaa:
      if (const auto address = address_of(message, what)) out << ' ' << *address;
      else out << " malformed";
      return;
    case record_type::cname:
    case record_type::ns:
    case record_type::ptr:
      if (target_of(message, what, target)) out << ' ' << target;
      else out << " malformed";
      return;
    case record_type::soa:
      return print_soa(message, what, out);
    case record_type::srv:
      return print_srv(message, what, out);
    case record_type::txt:
      return print_strings(data, out);
    case record_type::opt:
      return print_opt(what, out);
    default:
      (out << ' ').hex(data);
  }
}

void print_record(bytes message, const record& what, text_sink& out) {
  out << words(what.where) << ": " << what.owner << ' ';
  print_type(what.data.type, out);
  if (what.data.type != record_type::opt) {
    (out << ", class " << words(what.data.klass) << ", ttl ").number(what.data.ttl);
    (out << ", length ").number(what.data.length) << ',';
  }
  print_data(message, what, out);
  out << '\n';
}

}  // namespace

void print(bytes message, text_sink& out) {
  message_reader reader{message};
  if (reader.failed()) return void(out << "not a DNS message: shorter than its header\n");
  wire::print_walker walk{out};
  header::fields(reader.head(), walk);
  out << "\nflags: ";
  print_flags(reader.head(), out);
  for (question_record asked; reader.next(asked);) {
    out << "question: " << asked.about << ' ';
    print_type(asked.data.type, out);
    out << ", class " << words(asked.data.klass) << '\n';
  }
  for (record what; reader.next(what);) print_record(message, what, out);
  if (reader.failed()) (out << "malformed from octet ").number(reader.offset()) << " on\n";
  else if (reader.offset() != message.size())
    (out << "surplus: ").number(message.size() - reader.offset()) << " octets behind the last record\n";
}

}  // namespace recado::dns
