#include <recado/dhcp/dialogue_test.hpp>

#include <cstdlib>

namespace recado::dhcp::test {

octets hex(std::string_view text) {
  octets result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (std::isxdigit(static_cast<unsigned char>(text[i]))) {
      const auto value = static_cast<std::byte>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16));
      i += 2;
      std::size_t count = 1;
      if (i < text.size() && text[i] == '*') {
        std::size_t digits = 0;
        count = std::stoul(std::string(text.substr(i + 1, 4)), &digits);
        i += 1 + digits;
      }
      result.insert(result.end(), count, value);
    } else {
      ++i;
    }
  }
  return result;
}

options exact_options() {
  options how;
  how.hardware = our_mac;
  how.attempts = 40;
  how.attempt_interval = 10s;
  how.retry_jitter = 0s;
  return how;
}

message_type letter::type() const {
  const auto value = option(dhcp::option::message_type);
  return value ? static_cast<message_type>((*value)[0]) : message_type::none;
}

std::optional<octets> letter::option(dhcp::option code) const {
  std::array<std::byte, joined_option_bytes_max> scratch;
  const auto value = find_option(fields(), code, scratch).value();
  if (!value) return {};
  return octets(value->begin(), value->end());
}

ip_address letter::address(dhcp::option code) const {
  const auto value = option(code);
  return value ? ip_address::v4(wire::reader{*value}.u32()) : ip_address{};
}

octets reply_to(const letter& question, const answer& how) {
  packet out = question.fields();
  out.op = operation::reply;
  out.secs = 0;
  out.yiaddr = how.type == message_type::nak ? ipv4::any : to_field(how.address);
  std::array<std::byte, 1024> memory;
  option_writer options{memory};
  options.put_u8(option::message_type, static_cast<std::uint8_t>(how.type));
  options.put(option::server_identifier, how.server);
  if (how.type != message_type::nak) {
    options.put(option::subnet_mask, ip_address::v4(255, 255, 255, 0));
    if (how.lease_s != 0) options.put_u32(option::lease_time, how.lease_s);
    if (how.t1_s) options.put_u32(option::renewal_time, *how.t1_s);
    if (how.t2_s) options.put_u32(option::rebinding_time, *how.t2_s);
  }
  octets all(options.written().begin(), options.written().end());
  all.insert(all.end(), how.more.begin(), how.more.end());
  all.push_back(std::byte{255});
  out.options = all;
  const auto written = encode(out, memory).value();
  return {written.begin(), written.end()};
}

bool dialogue::step(datagram& in) {
  const bool had = !in.payload.empty();
  bool moved = false;
  if (auto event = machine.receive(in, now)) events.push_back(*event), moved = true;
  moved = moved || (had && in.payload.empty());
  if (const auto out = machine.pending(now)) {
    EXPECT_EQ(out->local_port, client_port);
    EXPECT_EQ(out->peer.port, server_port);
    sent.push_back({now, out->peer, machine.source(), machine.needs_raw(), {out->payload.begin(), out->payload.end()}});
    machine.sent(now);
    moved = true;
  }
  return moved;
}

dialogue& dialogue::turn() { return hears(octets{}); }

dialogue& dialogue::hears(const octets& payload) {
  datagram in{client_port, {server_address, server_port}, payload, now};
  int turns = 0;
  while (step(in))
    if (++turns == 1000) {
      ADD_FAILURE() << "the machine never rests";
      break;
    }
  EXPECT_GT(machine.deadline(), now) << "a deadline was left in the past";
  return *this;
}

dialogue& dialogue::after(duration wait) {
  const instant end = now + wait;
  while (machine.deadline() <= end) {
    now = std::max(now, machine.deadline());
    turn();
    if (::testing::Test::HasFailure()) break;
  }
  now = end;
  return turn();
}

dialogue& dialogue::binds(answer how) {
  if (sent.empty()) opens().starts();
  how.type = message_type::offer;
  hears(how);
  how.type = message_type::ack;
  hears(how);
  machine.address_is_free(now);
  return turn();
}

std::string dialogue::told() {
  std::string result;
  for (; told_ < events.size(); ++told_) {
    const auto& event = events[told_];
    if (!result.empty()) result += ' ';
    if (std::holds_alternative<probe_address>(event)) result += "probe";
    if (std::holds_alternative<bound>(event)) result += "bound";
    if (std::holds_alternative<renewed>(event)) result += "renewed";
    if (std::holds_alternative<parameters>(event)) result += "parameters";
    if (auto* end = std::get_if<lease_lost>(&event)) result += "lost " + std::to_string(end->why.code);
    if (auto* end = std::get_if<failed>(&event)) result += "failed " + std::to_string(end->why.code);
  }
  return result;
}

std::string dialogue::said() {
  std::string result;
  for (; said_ < sent.size(); ++said_) {
    if (!result.empty()) result += ' ';
    result += words(sent[said_].type());
  }
  return result;
}

}  // namespace recado::dhcp::test
