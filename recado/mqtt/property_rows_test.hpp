// What the tables of properties share: one value of each property with its bytes, where table 2-4 of 5.0 has it, and a
// session that is online.
#pragma once

#include <tests/support/mqtt_dialogue.hpp>

#include <recado/mqtt/annotated_test.hpp>

namespace recado::mqtt::test {
using P = property;

struct row {
  property_value value;
  const char* annotated;  // as it stands on the wire
  const char* places;     // of table 2-4
};
inline const row rows[] = {
    {{P::payload_format_indicator, 1}, "01 01", "publish will"},
    {{P::message_expiry_interval, 0x01020304}, "02 01 02 03 04", "publish will"},
    {{P::content_type, "t"}, "03 00 01 't'", "publish will"},
    {{P::response_topic, "r"}, "08 00 01 'r'", "publish will"},
    {{P::correlation_data, std::string_view{"\0\xff", 2}}, "09 00 02 00 ff", "publish will"},
    {{P::subscription_identifier, 200}, "0b c8 01", "publish subscribe"},
    {{P::session_expiry_interval, 5}, "11 00 00 00 05", "connect connack disconnect"},
    {{P::assigned_client_identifier, "c"}, "12 00 01 'c'", "connack"},
    {{P::server_keep_alive, 7}, "13 00 07", "connack"},
    {{P::authentication_method, "M"}, "15 00 01 'M'", "connect connack auth"},
    {{P::authentication_data, "d"}, "16 00 01 'd'", "connect connack auth"},
    {{P::request_problem_information, 0}, "17 00", "connect"},
    {{P::will_delay_interval, 9}, "18 00 00 00 09", "will"},
    {{P::request_response_information, 1}, "19 01", "connect"},
    {{P::response_information, "i"}, "1a 00 01 'i'", "connack"},
    {{P::server_reference, "s"}, "1c 00 01 's'", "connack disconnect"},
    {{P::reason_string, "why"}, "1f 00 03 'why'", "connack answer suback unsuback disconnect auth"},
    {{P::receive_maximum, 3}, "21 00 03", "connect connack"},
    {{P::topic_alias_maximum, 2}, "22 00 02", "connect connack"},
    {{P::topic_alias, 1}, "23 00 01", "publish"},
    {{P::maximum_qos, 1}, "24 01", "connack"},
    {{P::retain_available, 0}, "25 00", "connack"},
    {{"k", "v"},
     "26 00 01 'k' 00 01 'v'",
     "connect will connack publish answer subscribe suback unsubscribe unsuback disconnect auth"},
    {{P::maximum_packet_size, 100}, "27 00 00 00 64", "connect connack"},
    {{P::wildcard_subscription_available, 0}, "28 00", "connack"},
    {{P::subscription_identifiers_available, 0}, "29 00", "connack"},
    {{P::shared_subscription_available, 0}, "2a 00", "connack"},
};
inline bool may_stand(const row& one, std::string_view place) {
  const std::string padded = " " + std::string{one.places} + " ";
  return padded.find(" " + std::string{place} + " ") != std::string::npos;
}
inline std::string named(error code) { return std::string{words(code)}; }
inline properties only(const property_value& one) { return std::span<const property_value>{&one, 1}; }

/// A packet: its first byte, what stands before the properties, they, and what stands behind.
inline octets packet(int first, std::string_view before, std::string_view list, std::string_view behind) {
  octets out = mqtt::testing::wire(before);
  const octets inner = mqtt::testing::wire(list), last = mqtt::testing::wire(behind);
  out.push_back(static_cast<std::byte>(inner.size()));
  out.insert(out.end(), inner.begin(), inner.end());
  out.insert(out.end(), last.begin(), last.end());
  out.insert(out.begin(), {static_cast<std::byte>(first), static_cast<std::byte>(out.size())});
  return out;
}
inline std::string all_sent(session& s) {
  octets out;
  for (bytes now = s.pending({}); !now.empty(); now = s.pending({})) {
    out.insert(out.end(), now.begin(), now.end());
    s.sent(now.size());
  }
  return hex(out);
}

inline constexpr sizes roomy{.received = received_bitmap_words, .receive = 60, .incoming_aliases = 0};

/// A session that is online; with a method, so that AUTH may come; what came before is sent.
struct online {
  explicit online(connect_options how = {}, sizes room = roomy) : who(room), s(who.machine) {
    if (how.client_identifier.empty()) how.client_identifier = "id";
    EXPECT_TRUE(s.connect(how).has_value());
    s.opened({});
    all_sent(s);
    const bool v5 = how.version == version::v5_0;
    hear(v5 ? packet(0x20, "00 00", std::string{"22 00 05"} + (how.authentication_method ? "15 00 01 'M'" : ""), "")
            : raw({0x20, 2, 0, 0}));
    EXPECT_TRUE(s.online());
  }
  /// The first event of what the server sends; it may point to `heard`.
  std::optional<session_event> hear(octets data) {
    heard = std::move(data);
    bytes in = heard;
    return s.receive(in, {});
  }
  subject who;
  session& s;
  octets heard;
};

}  // namespace recado::mqtt::test
