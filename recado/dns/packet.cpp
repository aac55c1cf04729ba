#include <recado/dns/packet.hpp>

#include <recado/wire/walk.hpp>

namespace recado::dns {

namespace {

constexpr std::size_t opt_octets = 11;  // root, type, class, ttl, length 0

template <class Fields>
bool decode_fields(bytes message, std::size_t& offset, Fields& out) {
  if (offset > message.size()) return false;
  wire::decode_walker walk{message.subspan(offset)};
  Fields::fields(out, walk);
  if (walk.in().failed()) return false;
  offset += walk.in().offset();
  return true;
}

/// The data of a record; `message_reader` has checked that they are there.
bytes data_of(bytes message, const record& from) { return message.subspan(from.offset, from.data.length); }

/// Reads a name at `at` that must end where the record's data end.
bool read_last_name(bytes message, const record& from, std::size_t at, name& out) {
  const std::size_t end = from.offset + from.data.length;
  return read_name(message.first(end), at, out) && at == end;
}

}  // namespace

message_reader::message_reader(bytes message) : message_(message) {
  failed_ = !decode_fields(message_, offset_, head_);
}

bool message_reader::next(question_record& out) {
  if (failed_ || questions_read_ == head_.questions) return false;
  if (!read_name(message_, offset_, out.about) || !decode_fields(message_, offset_, out.data)) return fail();
  ++questions_read_;
  return true;
}

bool message_reader::next(record& out) {
  for (question_record skipped; next(skipped);) {
  }
  const std::uint32_t authorities_begin = head_.answers;
  const std::uint32_t additionals_begin = authorities_begin + head_.authorities;
  if (failed_ || records_read_ == additionals_begin + head_.additionals) return false;
  if (!read_name(message_, offset_, out.owner) || !decode_fields(message_, offset_, out.data)) return fail();
  if (out.data.length > message_.size() - offset_) return fail();
  out.where = records_read_ < authorities_begin   ? section::answer
              : records_read_ < additionals_begin ? section::authority
                                                  : section::additional;
  out.offset = offset_;
  offset_ += out.data.length;
  ++records_read_;
  return true;
}

std::optional<ip_address> address_of(bytes message, const record& from) {
  const bool v4 = from.data.type == record_type::a && from.data.length == 4;
  const bool v6 = has_ipv6 && from.data.type == record_type::aaaa && from.data.length == 16;
  if (!v4 && !v6) return {};
  ip_address result{family_of(from.data.type), {}};
  copy(data_of(message, from), result.octets);
  return result;
}

bool target_of(bytes message, const record& from, name& out) { return read_last_name(message, from, from.offset, out); }

std::optional<soa_fields> soa_of(bytes message, const record& from) {
  const std::size_t end = from.offset + from.data.length;
  std::size_t at = from.offset;
  name skipped;
  soa_fields result;
  if (!read_name(message.first(end), at, skipped) || !read_name(message.first(end), at, skipped)) return {};
  if (!decode_fields(message.first(end), at, result) || at != end) return {};
  return result;
}

std::optional<srv_fields> srv_of(bytes message, const record& from, name& target) {
  const std::size_t end = from.offset + from.data.length;
  std::size_t at = from.offset;
  srv_fields result;
  if (!decode_fields(message.first(end), at, result) || !read_last_name(message, from, at, target)) return {};
  return result;
}

std::uint32_t ttl_of(const record& from) { return from.data.ttl >> 31 != 0 ? 0 : from.data.ttl; }

std::size_t size(const query& what) {
  return header_octets + what.about->size() + wire::size(question_fields{}) + (what.edns ? opt_octets : 0);
}

std::expected<std::size_t, error> encode(const query& what, mutable_bytes out) {
  wire::encode_walker walk{out};
  const header head{.id = what.id,
                    .flags = static_cast<std::uint16_t>(message_flags::recursion_desired),
                    .questions = 1,
                    .additionals = static_cast<std::uint16_t>(what.edns ? 1 : 0)};
  header::fields(head, walk);
  walk.out().put(what.about->octets());
  const question_fields asked{what.type, record_class::internet};
  question_fields::fields(asked, walk);
  if (what.edns) {
    // RFC 6891 §6.1.2: the class of an OPT record is the size of datagram that its sender takes.
    walk.out().put(name{}.octets());
    const record_fields opt{record_type::opt, static_cast<record_class>(datagram_octets_max)};
    record_fields::fields(opt, walk);
  }
  if (walk.out().failed()) return std::unexpected{error::no_room};
  return walk.out().offset();
}

}  // namespace recado::dns
