#include <tests/support/mqtt_told.hpp>

#include <recado/mqtt/error.hpp>

namespace recado::mqtt::test {
namespace {

struct teller {
  static std::string id(token what) { return " #" + std::to_string(what.packet_identifier); }
  static std::string how(outcome what) { return what == outcome::session_lost ? " (session lost)" : ""; }
  static std::string quality(qos level, bool retain, bool duplicate) {
    return " qos " + std::to_string(static_cast<int>(level)) + (retain ? " retain" : "") + (duplicate ? " dup" : "");
  }
  static std::string codes(std::span<const reason> list) {
    std::string out;
    for (reason one : list) out += ' ', out += std::to_string(static_cast<int>(one));
    return out;
  }
  std::string operator()(const connected& e) const {
    return std::string{"connected"} + (e.session_present ? " present" : "") + (e.in_doubt ? " in doubt" : "") +
           (e.assigned_client_identifier.empty() ? "" : " as " + std::string{e.assigned_client_identifier});
  }
  std::string operator()(const message_received& e) const {
    return "message " + std::string{e.topic} + " '" + std::string{as_text(e.payload)} + "'" +
           quality(e.qos, e.retain, e.duplicate) + (e.receipt ? " owed" : "") +
           (e.payload_as_announced ? "" : " not as announced");
  }
  std::string operator()(const message_begin& e) const {
    return "begin " + std::string{e.topic} + " " + std::to_string(e.payload_size) +
           quality(e.qos, e.retain, e.duplicate);
  }
  std::string operator()(const message_part& e) const {
    return "part " + std::to_string(e.offset) + " '" + std::string{as_text(e.payload)} + "'";
  }
  std::string operator()(const message_end& e) const {
    return std::string{"end"} + (e.receipt ? " owed" : "") + (e.payload_as_announced ? "" : " not as announced");
  }
  std::string operator()(const message_dropped& e) const { return "dropped tag " + std::to_string(e.tag); }
  std::string operator()(const message_aborted&) const { return "aborted"; }
  std::string operator()(const acknowledged& e) const {
    return "acknowledged" + id(e.token) + " tag " + std::to_string(e.tag) +
           (e.reason == reason::success ? "" : " " + std::string{words(e.reason)}) + how(e.outcome);
  }
  std::string operator()(const remark& e) const {
    constexpr std::string_view names[] = {"puback", "pubrec", "pubrel", "pubcomp"};
    return "remark " + std::string{names[static_cast<std::size_t>(e.packet) - 4]} + id({e.packet_identifier}) +
           (e.token ? " tag " + std::to_string(e.tag) : "") +
           (e.reason == reason::success ? "" : " " + std::string{words(e.reason)});
  }
  std::string operator()(const subscribed& e) const {
    return "subscribed" + id(e.token) + codes(e.reasons) + how(e.outcome);
  }
  std::string operator()(const unsubscribed& e) const {
    return "unsubscribed" + id(e.token) + codes(e.reasons) + how(e.outcome);
  }
  std::string operator()(const wants_payload& e) const {
    return "wants payload" + id(e.token) + " tag " + std::to_string(e.tag) + " from " + std::to_string(e.offset);
  }
  std::string operator()(const challenge& e) const {
    return "challenge " + std::string{e.method} + " '" + std::string{as_text(e.data)} + "'";
  }
  std::string operator()(const authenticated& e) const {
    return "authenticated '" + std::string{as_text(e.data)} + "'";
  }
  std::string operator()(const closed& e) const {
    std::string out = e.why ? "closed: " + std::string{words(static_cast<error>(e.why.code))} : "closed";
    if (e.by_server) out += ": " + std::string{words(e.reason)};
    if (!e.reason_string.empty()) out += " (" + std::string{e.reason_string} + ")";
    if (!e.server_reference.empty()) out += " -> " + std::string{e.server_reference};
    return out;
  }
};

}  // namespace

std::string tell(const session_event& what) { return std::visit(teller{}, what); }

}  // namespace recado::mqtt::test
