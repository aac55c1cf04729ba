#include <recado/chain/words.hpp>

#include <recado/chain/bring_up.hpp>
#include <recado/chain/error.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dns/error.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/ntp/error.hpp>
#include <recado/store/error.hpp>
#include <recado/tls/error.hpp>
#include <recado/transport/error.hpp>

namespace recado::chain {
namespace {

template <class Error>
Error error_of(const fault& what) {
  return static_cast<Error>(what.code);
}

/// For a build without the words.
[[maybe_unused]] void describe_number(const fault& what, text_sink& out) {
  out << "error ";
  out.number(what.code);
  if (what.detail != 0) out << ", detail 0x", out.hex(what.detail, 8);
}

void with_errno(phrase cause, std::uint32_t number, text_sink& out) {
  out << cause;
  if (number == 0) return;
  out << " (errno ";
  out.number(number) << ')';
}

void describe_dhcp(const fault& what, text_sink& out) {
  out << words(error_of<dhcp::error>(what));
  const bool says_more = is(what, dhcp::error::no_offer) || is(what, dhcp::error::no_usable_offer) ||
                         is(what, dhcp::error::no_acknowledgement);
  if (says_more && what.detail != 0) out << " (" << words(static_cast<dhcp::error>(what.detail)) << ')';
}

void describe_ntp(const fault& what, text_sink& out) {
  out << words(error_of<ntp::error>(what));
  if (is(what, ntp::error::rate_limited) && what.detail != 0) {
    out << " (wait ";
    out.number(what.detail) << " s)";
  }
}

void describe_mqtt(const fault& what, text_sink& out) {
  const auto code = error_of<mqtt::error>(what);
  out << words(code);
  const bool by_reason = code == mqtt::error::refused || code == mqtt::error::disconnected;
  if (by_reason && what.detail != 0) {
    out << ": ", describe_reason(static_cast<mqtt::reason>(what.detail), out);
    return;
  }
  const auto defect = mqtt::defect::from(what);
  if (!by_reason && what.detail != 0 && defect.where != mqtt::field::none) {
    out << " (" << words(defect.where);
    if (defect.offset != 0) out << " at byte ", out.number(defect.offset);
    out << ')';
  }
}

void describe_transport(const fault& what, text_sink& out) {
  const auto code = error_of<transport::error>(what);
  out << words(code);
  if (what.detail == 0) return;
  const std::string_view meaning = transport::words_of_detail(code, what.detail);
  if (!meaning.empty()) out << ": " << meaning;
  out << " (";
  out.number(what.detail) << ')';
}

void describe_own(const fault& what, text_sink& out) {
  out << words(error_of<error>(what));
  if (is(what, error::no_answer_in_time) && what.detail < rung_count)
    out << ": " << step_of(static_cast<rung>(what.detail)).title;
  if (is(what, error::subscription_refused)) out << ": ", describe_reason(static_cast<mqtt::reason>(what.detail), out);
}

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* text_of(layer where) {
  switch (where) {
    case layer::none:
      return "";
    case layer::link:
      return "network interface";
    case layer::dhcp:
      return "DHCP";
    case layer::dns:
      return "DNS";
    case layer::ntp:
      return "NTP";
    case layer::stream:
      return "connection";
    case layer::tls:
      return "TLS";
    case layer::mqtt:
      return "MQTT";
    case layer::store:
      return "storage";
    case layer::application:
      return "device";
    case layer::transport:
      return "transport";
  }
  return "";
}

}  // namespace

std::string_view name_of(layer where) { return text_of(where); }

void describe_reason(mqtt::reason code, text_sink& out) {
  if constexpr (has_causes) out << words(code);
  else out << "0x", out.hex(static_cast<std::uint8_t>(code), 2);
}

void describe_cause(const fault& what, text_sink& out) {
  if constexpr (!has_causes) return describe_number(what, out);
  switch (what.where) {
    case layer::none:
      out << "nothing went wrong";
      return;
    case layer::link:
      return with_errno(words(error_of<link_error>(what)), what.detail, out);
    case layer::stream:
      return with_errno(words(error_of<stream_error>(what)), what.detail, out);
    case layer::dhcp:
      return describe_dhcp(what, out);
    case layer::dns:
      out << words(error_of<dns::error>(what));
      return;
    case layer::ntp:
      return describe_ntp(what, out);
    case layer::tls:
      return tls::print_cause(what, out);
    case layer::mqtt:
      return describe_mqtt(what, out);
    case layer::transport:
      if constexpr (transport::has_transport) describe_transport(what, out);
      return;
    case layer::store:
      out << words(error_of<store::error>(what));
      return;
    case layer::application:
      return describe_own(what, out);
  }
}

phrase remedy_of(const fault& what) {
  if constexpr (!has_remedies) return {};
  switch (what.where) {
    case layer::none:
      return {};
    case layer::link:
      return remedy(error_of<link_error>(what));
    case layer::stream:
      return remedy(error_of<stream_error>(what));
    case layer::dhcp:
      return remedy(error_of<dhcp::error>(what));
    case layer::dns:
      return remedy(error_of<dns::error>(what));
    case layer::ntp:
      return remedy(error_of<ntp::error>(what));
    case layer::tls:
      return remedy(error_of<tls::error>(what));
    case layer::mqtt:
      return remedy(error_of<mqtt::error>(what));
    case layer::transport:
      if constexpr (transport::has_transport)
        return phrase{remedy(error_of<transport::error>(what), what.detail).data()};
      return {};
    case layer::store:
      return remedy(error_of<store::error>(what));
    case layer::application:
      return remedy(error_of<error>(what));
  }
  return {};
}

void describe(const fault& what, text_sink& out, std::string_view cause) {
  if (what) out << name_of(what.where) << ": ";
  if (cause.empty()) describe_cause(what, out);
  else out << cause;
  const phrase advice = remedy_of(what);
  if (!advice.empty()) out << "; " << advice;
}

}  // namespace recado::chain
