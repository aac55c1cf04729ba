#include "parting.hpp"

#include <algorithm>
#include <utility>

#include <recado/mqtt/packet.hpp>

namespace recado::app::tools {

std::optional<parting_session::event> parting_session::receive(bytes& in, instant now) {
  if (std::exchange(released_, false)) {
    over_ = false;
    return held_;
  }
  if (over_) return listen(in);
  auto what = session_.receive(in, now);
  const auto* end = what && listens_ ? std::get_if<mqtt::closed>(&*what) : nullptr;
  if (end == nullptr || end->why) return what;
  held_ = {.why = {}, .reason = end->reason};
  over_ = true;
  return listen(in);
}

// DISCONNECT of the server is what matters [MQTT-3.14.0-1]; what is malformed now comes too late to matter.
std::optional<parting_session::event> parting_session::listen(bytes& in) {
  const mqtt::decode_options how{.protocol = protocol_};
  for (;;) {
    const std::size_t now_skipped = std::min(skip_, in.size());
    in = in.subspan(now_skipped), skip_ -= now_skipped;
    mqtt::fixed_header header;
    if (in.empty()) return std::nullopt;
    if (mqtt::read_header(in, how, header)) {
      in = {};
      return std::nullopt;
    }
    if (header.size == 0) return std::nullopt;
    if (header.type != mqtt::packet_type::disconnect) {
      skip_ = header.total();
      continue;
    }
    if (in.size() < header.total()) return std::nullopt;
    mqtt::disconnect bye;
    const bool wrong{mqtt::decode(header, in.first(header.total()), how, bye)};
    in = in.subspan(header.total());
    if (wrong || !mqtt::is_failure(bye.reason)) continue;
    over_ = false;
    return mqtt::closed{.why = make_fault(mqtt::error::disconnected, static_cast<std::uint32_t>(bye.reason)),
                        .reason = bye.reason,
                        .by_server = true,
                        .reason_string = bye.properties.text(mqtt::property::reason_string),
                        .server_reference = bye.properties.text(mqtt::property::server_reference),
                        .properties = bye.properties};
  }
}

}  // namespace recado::app::tools
