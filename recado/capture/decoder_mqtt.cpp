#include <recado/capture/decoder.hpp>
#include <recado/capture/mqtt_json.hpp>
#include <recado/capture/string_sink.hpp>

namespace recado::capture {
namespace {

using mqtt::packet_type;
using mqtt::sender;

constexpr std::size_t payload_bytes_max = 1024;  // of a payload in readable text
// Of CONNECT up to the Keep Alive, behind a fixed header of two octets (5.0 §3.1.2): what follows has passwords.
constexpr std::size_t visible_of_connect = 12, visible_of_auth = 2;

std::size_t visible_of(std::byte first) {
  const auto type = static_cast<packet_type>(std::to_integer<unsigned>(first) >> 4);
  return type == packet_type::connect ? visible_of_connect : type == packet_type::auth ? visible_of_auth : SIZE_MAX;
}

std::string_view words(sender who) { return who == sender::client ? "client" : "server"; }

/// Who alone sends packets of that type; nothing if both do (2.1.2).
std::optional<sender> sender_of(std::byte first) {
  switch (static_cast<packet_type>(std::to_integer<unsigned>(first) >> 4)) {
    case packet_type::connect:
    case packet_type::subscribe:
    case packet_type::unsubscribe:
    case packet_type::pingreq:
      return sender::client;
    case packet_type::connack:
    case packet_type::suback:
    case packet_type::unsuback:
    case packet_type::pingresp:
      return sender::server;
    default:
      return std::nullopt;
  }
}

/// What stands at the front of some bytes.
struct reading {
  mqtt::fixed_header header;
  mqtt::any_packet packet;
  mqtt::defect wrong;
  sender from = sender::client;
  bool whole = false;
  bool either = false;  ///< both sides may send this, and nothing says which did

  std::string_view sent_by() const { return either ? std::string_view{} : words(from); }
};

reading read_as(bytes data, mqtt::version version, sender from) {
  reading result{.header = {}, .packet = {}, .wrong = {}, .from = from, .whole = false, .either = false};
  const mqtt::decode_options options{.protocol = version, .from = from};
  result.wrong = mqtt::read_header(data, options, result.header);
  if (result.wrong) return result;
  result.whole = result.header.size != 0 && data.size() >= result.header.total();
  if (result.whole)
    result.wrong = mqtt::decode(result.header, data.first(result.header.total()), options, result.packet);
  return result;
}

/// Reads a packet that either side may have sent, unless its type or the caller knows who.
reading read(bytes data, mqtt::version version, std::optional<sender> known) {
  if (!known) known = sender_of(data.front());
  reading first = read_as(data, version, known.value_or(sender::client));
  first.either = !known;
  if (known || !first.wrong) return first;
  reading second = read_as(data, version, sender::server);
  return second.wrong && second.wrong.offset <= first.wrong.offset ? first : second;
}

}  // namespace

/// The version under which more of the bytes make sense; 5.0 if both do.
mqtt::version decoder::guess_version(bytes data) const {
  std::pair<std::size_t, bool> reached[2];  // how far, and whether nothing was wrong there
  constexpr mqtt::version versions[] = {mqtt::version::v5_0, mqtt::version::v3_1_1};
  for (std::size_t i = 0; i < 2; ++i) {
    auto& [octets, good] = reached[i];
    good = true;
    for (bytes rest = data; !rest.empty();) {
      const reading one = read(rest, versions[i], how_.direction);
      good = !one.wrong;
      octets += one.wrong ? one.wrong.offset : one.whole ? one.header.total() : 0;
      if (one.wrong || !one.whole) break;
      rest = rest.subspan(one.header.total());
    }
  }
  return reached[1] > reached[0] ? mqtt::version::v3_1_1 : mqtt::version::v5_0;
}

void decoder::decode_mqtt(bytes data) {
  stream_facts facts;
  facts.version = how_.version;
  const bool connects = !data.empty() && std::to_integer<unsigned>(data.front()) >> 4 == 1;
  if (!facts.version && !connects && !data.empty()) {
    facts.version = guess_version(data);
    note("read as " + std::string{mqtt::words(*facts.version)} + ": no CONNECT tells (--version says otherwise)");
  }
  place at;
  for (std::size_t used = 0; !data.empty(); data = data.subspan(used), at.offset += used)
    if (!take_packet(data, at, facts, how_.direction, true, used)) return;
}

/// Prints the packet at the front, and answers false if it isn't whole (`last`: nor ever will be) or is malformed.
bool decoder::take_packet(bytes data, const place& at, stream_facts& facts, std::optional<sender> from, bool last,
                          std::size_t& used) {
  const mqtt::version version = facts.version.value_or(mqtt::version::v5_0);
  const reading found = read(data, version, from);
  if (!found.whole && !found.wrong && !last) return false;
  ++packets_;
  if (found.whole && !found.wrong) {
    used = found.header.total();
    const auto* connect = std::get_if<mqtt::connect>(&found.packet);
    if (connect != nullptr) facts.version = connect->protocol;
    print_mqtt(found.packet, data.first(used), at, found.sent_by(), facts.version.value_or(version));
    return true;
  }
  const std::size_t length = found.whole ? found.header.total() : data.size();
  if (how_.json) begin_json("MQTT", at, length, found.sent_by());
  else heading("MQTT", at, length, found.sent_by());
  const std::string_view type = mqtt::words(static_cast<packet_type>(std::to_integer<unsigned>(data.front()) >> 4));
  if (how_.json) json_.text("packet", type);
  else if (!type.empty()) out_ << "  " << type << '\n';
  if (found.wrong)
    complain({mqtt::words(found.wrong.code), mqtt::words(found.wrong.where), found.wrong.offset, false,
              visible_of(data.front())},
             data.first(length), at);
  else complain({"the packet is cut off", {}, data.size(), at.frame != nullptr, visible_of(data.front())}, data, at);
  if (how_.json) json_.end_object(), json_.end_line();
  return false;
}

void decoder::print_mqtt(const mqtt::any_packet& packet, bytes data, const place& at, std::string_view from,
                         mqtt::version version) {
  const mqtt::print_options how{.protocol = version,
                                .show_secrets = how_.show_secrets,
                                .one_line = false,
                                .payload_bytes_max = payload_bytes_max};
  if (how_.json) {
    begin_json("MQTT", at, data.size(), from);
    write_json(packet, how, json_);
    json_.end_object();
    return json_.end_line();
  }
  heading("MQTT", at, data.size(), from);
  std::string text;
  string_sink sink{text};
  mqtt::print(packet, how, sink);
  indent(text, "  ");
}

}  // namespace recado::capture
