// DNS messages (RFC 1035 §4), records (RFC 1035 §3, 2782, 3596) and EDNS0 (RFC 6891).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/name.hpp>

namespace recado::dns {

/// The kinds of records that are asked for or printed (the IANA registry has many more).
enum class record_type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  any = 255,
};
/// "A", "AAAA" …: the mnemonics of the IANA registry.
std::string_view words(record_type type);
/// What A and AAAA hold.
constexpr ip_address::kind family_of(record_type type) {
  return has_ipv6 && type == record_type::aaaa ? ip_address::kind::v6 : ip_address::kind::v4;
}

/// The only class in use.
enum class record_class : std::uint16_t { internet = 1 };
/// "IN" or "another class".
std::string_view words(record_class value);

/// The response code of the header (RFC 1035 §4.1.1); OPT may add eight bits (RFC 6891 §6.1.3).
enum class response_code : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,
};
/// "NXDOMAIN" and the like: the mnemonics of the IANA registry.
std::string_view words(response_code code);

/// The second 16 bits of the header.
enum class message_flags : std::uint16_t {
  response = 0x8000,
  authoritative = 0x0400,
  truncated = 0x0200,
  recursion_desired = 0x0100,
  recursion_available = 0x0080,
};

/// RFC 1035 §4.1.1.
struct header {
  std::uint16_t id = 0;           ///< of the question, and again of its answer
  std::uint16_t flags = 0;        ///< `message_flags`, the opcode and the response code
  std::uint16_t questions = 0;    ///< how many follow
  std::uint16_t answers = 0;      ///< how many follow
  std::uint16_t authorities = 0;  ///< how many follow
  std::uint16_t additionals = 0;  ///< how many follow

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("id", self.id);
    walk("flags", self.flags);
    walk("questions", self.questions);
    walk("answers", self.answers);
    walk("authorities", self.authorities);
    walk("additionals", self.additionals);
  }
  /// True if the flag is set.
  constexpr bool has(message_flags flag) const { return (flags & static_cast<std::uint16_t>(flag)) != 0; }
  /// The kind of query: 0 is the ordinary one.
  constexpr unsigned opcode() const { return flags >> 11 & 0xfu; }
  /// The lower four bits of the response code.
  constexpr response_code code() const { return static_cast<response_code>(flags & 0xf); }
};

/// What follows the name of a question (RFC 1035 §4.1.2).
struct question_fields {
  record_type type{};    ///< of the records that are wanted
  record_class klass{};  ///< internet

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("type", self.type);
    walk("class", self.klass);
  }
};

/// What follows the name of a record (RFC 1035 §4.1.3).
struct record_fields {
  record_type type{};        ///< what the data mean
  record_class klass{};      ///< internet; of OPT the size of datagrams (RFC 6891 §6.1.2)
  std::uint32_t ttl = 0;     ///< seconds that it may be kept
  std::uint16_t length = 0;  ///< bytes of the data behind it

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("type", self.type);
    walk("class", self.klass);
    walk("ttl", self.ttl);
    walk("length", self.length);
  }
};

/// The numbers that end a SOA record (RFC 1035 §3.3.13).
struct soa_fields {
  std::uint32_t serial = 0,  ///< version of the zone
      refresh = 0,           ///< seconds until a secondary looks again
      retry = 0,             ///< seconds until it tries again
      expire = 0,            ///< seconds until it gives up
      minimum = 0;           ///< seconds that a negative answer may be kept (RFC 2308 §4)

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("serial", self.serial);
    walk("refresh", self.refresh);
    walk("retry", self.retry);
    walk("expire", self.expire);
    walk("minimum", self.minimum);
  }
};

/// The numbers that open a SRV record (RFC 2782).
struct srv_fields {
  std::uint16_t priority = 0,  ///< the least goes first
      weight = 0,              ///< share among those of equal priority
      port = 0;                ///< of the service

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("priority", self.priority);
    walk("weight", self.weight);
    walk("port", self.port);
  }
};

/// One question of a message.
struct question_record {
  name about;            ///< the name that is asked for
  question_fields data;  ///< type and class
};

/// Where a record stands in a message.
enum class section : std::uint8_t { answer, authority, additional };
/// "answer", "authority" or "additional".
std::string_view words(section where);

/// One record of a message. Its data may hold compressed names, so it is only read with the message.
struct record {
  name owner;              ///< the name that it is about
  record_fields data;      ///< type, class, time to live and length
  section where{};         ///< the part of the message
  std::size_t offset = 0;  ///< where the data begin in the message
};

/// Walks through a message from its header to its last record; whatever breaks off makes it fail.
class message_reader {
 public:
  /// Reads the header; the message must outlive it.
  explicit message_reader(bytes message);

  /// The header; all 0 if there is none.
  const header& head() const { return head_; }
  /// The next question; false after the last one or if the message breaks off.
  bool next(question_record& out);
  /// The next record (remaining questions are skipped); false after the last one or if the message breaks off.
  bool next(record& out);
  /// True if the message broke off or contradicts itself.
  bool failed() const { return failed_; }
  /// How far it was read, in bytes from its beginning.
  std::size_t offset() const { return offset_; }

 private:
  bool fail() { return failed_ = true, false; }

  bytes message_;
  header head_;
  std::size_t offset_ = 0;
  std::uint32_t questions_read_ = 0, records_read_ = 0;
  bool failed_ = false;
};

/// The address of an A (RFC 1035 §3.4.1) or AAAA record (RFC 3596 §2.2) of exactly the right length.
std::optional<ip_address> address_of(bytes message, const record& from);
/// The name that a CNAME, NS or PTR record holds; false if it is malformed or doesn't fill the record.
bool target_of(bytes message, const record& from, name& out);
/// The numbers of a SOA record.
std::optional<soa_fields> soa_of(bytes message, const record& from);
/// The numbers and the target of a SRV record.
std::optional<srv_fields> srv_of(bytes message, const record& from, name& target);
/// The life of a record in seconds: a value with the top bit set counts as 0 (RFC 2181 §8).
std::uint32_t ttl_of(const record& from);

/// What is asked: enough to encode the query again, for a retry or over TCP.
struct query {
  std::uint16_t id = 0;         ///< to be sent back in the answer
  const name* about = nullptr;  ///< never null; lives as long as the lookup
  record_type type{};           ///< of the records that are wanted
  bool edns = true;             ///< offer answers of up to `datagram_octets_max` (RFC 6891)
};
/// How long the query is on the wire.
std::size_t size(const query& what);
/// Writes the query to the front of `out` and gives its length, or `no_room`.
std::expected<std::size_t, error> encode(const query& what, mutable_bytes out);

/// Prints a message field by field, one line for the header and for each question and record.
/// A message that breaks off is printed as far as it goes, and that is said.
void print(bytes message, text_sink& out);

}  // namespace recado::dns
