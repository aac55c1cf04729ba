// A board and a broker in memory and virtual time, for the tests of the application.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <recado/device/application.hpp>
#include <recado/store/memory_storage.hpp>

namespace recado::device {

class seeded_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (auto& each : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      each = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_ = 42;
};

/// Counts up by a microsecond at each look, so that every measured step takes some time.
class counting_stopwatch final : public stopwatch {
 public:
  std::uint64_t nanoseconds() override { return count += 1000; }

  std::uint64_t count = 0;
};

class memory_storage final : public storage {
 public:
  std::size_t block_bytes() const override { return 1024; }
  std::size_t block_count() const override { return 2; }
  bool read(std::size_t offset, mutable_bytes into) override {
    return copy(bytes{data}.subspan(offset, into.size()), into), !fails;
  }
  bool program(std::size_t offset, bytes what) override {
    const std::size_t limit = std::min(what.size(), power_lost_after);
    return copy(what.first(limit), mutable_bytes{data}.subspan(offset)), !fails && limit == what.size();
  }
  bool erase(std::size_t block) override {
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(block * 1024), 1024, std::byte{0xff});
    return !fails;
  }
  bool sync() override { return !fails; }

  std::vector<std::byte> data = std::vector<std::byte>(2048, std::byte{0xff});
  bool fails = false;
  std::size_t power_lost_after = 4096;
};

/// Lines, LEDs, button and clock.
class simulated_panel final : public console, public leds, public button, public real_time_clock {
 public:
  void line(console_level, std::string_view text) override { lines.emplace_back(text); }
  void rung(const rung_report& report) override {
    static constexpr const char* names[] = {"begun", "reached", "failed", "lost"};
    if (report.what == rung_report::kind::begun) return;
    rungs.push_back(std::string{names[static_cast<int>(report.what)]} + ' ' + std::string{chain::name_of(report.at)});
    details.emplace_back(report.detail);
  }
  void set(unsigned led, bool on) override { lit[led - 1] = on; }
  bool pressed() override { return std::exchange(press, false); }
  bool held_at_start() override { return held; }
  std::optional<utc_time> read() override { return time; }
  void set(utc_time now) override { time = now; }

  bool said(std::string_view part) const {
    const auto has = [&](const std::string& text) { return text.find(part) != std::string::npos; };
    return std::ranges::any_of(lines, has) || std::ranges::any_of(details, has);
  }

  std::vector<std::string> lines, rungs, details;
  std::array<bool, led_count> lit{};
  bool press = false, held = false;
  std::optional<utc_time> time;
};

/// What the broker was told in one PUBLISH.
struct heard {
  std::string topic, payload;
  int qos = 0;
  bool operator==(const heard&) const = default;
};

/// A CONNECT as a broker heard it.
struct heard_connect {
  endpoint broker;
  bool clean = false;
  bool operator==(const heard_connect&) const = default;
};

/// A stream whose other end is a broker of a hundred lines: one client, one subscription.
class broker_stream final : public stream {
 public:
  std::expected<void, fault> connect(const endpoint& to, instant) override {
    attempts.push_back(to);
    at = refuses > 0 ? phase::closed : phase::connecting;
    why_ = refuses > 0 ? make_fault(stream_error::refused, 111) : fault{};
    if (refuses > 0) --refuses;
    inbox.clear(), outbox.clear(), ended = false, borrowed = acknowledged = 0;
    return {};
  }
  phase advance(instant) override {
    acknowledged = borrowed;
    if (at == phase::connecting) at = phase::open;
    if (finishing) at = phase::closed, finishing = false, why_ = make_fault(stream_error::aborted);
    return at;
  }
  fault why() const override { return why_; }
  std::expected<std::size_t, fault> send(bytes data, instant) override {
    if (ended) return std::unexpected{make_fault(stream_error::reset)};
    if (blocked) return 0;
    const bytes more = data.subspan(borrowed);
    inbox.append(as_text(more));
    while (!mute && handle()) {
    }
    if (!lends || (borrowed == 0 && more.size() < 128)) return data.size();
    borrowed += more.size();
    const std::size_t told = std::min(std::exchange(acknowledged, 0), borrowed);
    borrowed -= told;
    return told;
  }
  std::size_t lent() const override { return borrowed; }
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant) override {
    const std::size_t n = std::min({memory.size(), outbox.size(), piece});
    if (n == 0 && ended) return std::unexpected{make_fault(stream_error::closed_by_peer)};
    copy(as_bytes(std::string_view{outbox}.substr(0, n)), memory);
    outbox.erase(0, n);
    return n;
  }
  std::size_t available() override { return outbox.size(); }
  void finish(instant) override { finishing = true; }
  void close(instant) override {
    if (at != phase::idle) at = phase::closed, why_ = make_fault(stream_error::aborted);
  }
  instant deadline() const override { return finishing ? instant::min() : never; }

  /// A message from somebody else, with QoS 2 if it has an identifier.
  void deliver(const std::string& topic, const std::string& payload, int identifier = 0) {
    std::string body;
    body += static_cast<char>(topic.size() >> 8), body += static_cast<char>(topic.size());
    body += topic;
    if (identifier != 0) body += static_cast<char>(identifier >> 8), body += static_cast<char>(identifier);
    body += no_properties, body += payload;
    put(identifier != 0 ? 0x34 : 0x30, body);
  }

  /// As lwIP does: what is long stays the sender's until it is acknowledged, which only the next `send` tells.
  bool lends = false;
  std::size_t borrowed = 0, acknowledged = 0;
  std::vector<endpoint> attempts;
  std::vector<heard> messages;
  std::vector<int> packets;  ///< their types
  std::vector<heard_connect> connects;
  bool session_known = false;
  bool ends_none = false;          ///< against the standard
  bool apart = false;              ///< each address is a broker of its own,
  std::vector<endpoint> sessions;  ///< and these have the session
  int refuses = 0;
  bool mute = false;
  bool blocked = false;      ///< takes nothing
  bool acknowledges = true;  ///< what is published with QoS 1 and 2
  bool completes = true;     ///< what is released with QoS 2
  bool ended = false;
  bool loses_suback = false, loses_unsuback = false;
  unsigned suback = 0;
  std::string instead_of_connack;
  bool refers_once = false;  ///< instead of the first CONNACK only
  bool hangs_up = false;     ///< instead of CONNACK
  std::size_t piece = 1 << 20;

 private:
  void put(unsigned first, const std::string& body) {
    outbox += static_cast<char>(first);
    std::size_t left = body.size();
    do {
      outbox += static_cast<char>((left & 127) | (left > 127 ? 128 : 0));
      left >>= 7;
    } while (left != 0);
    outbox += body;
  }

  bool handle() {
    std::size_t length = 0, place = 1, shift = 0;
    for (; place < inbox.size(); ++place, shift += 7) {
      const auto octet = static_cast<unsigned char>(inbox[place]);
      length |= static_cast<std::size_t>(octet & 127) << shift;
      if (octet < 128) break;
    }
    if (place >= inbox.size() || inbox.size() < ++place + length) return false;
    const auto first = static_cast<unsigned char>(inbox[0]);
    const std::string body = inbox.substr(place, length);
    inbox.erase(0, place + length);
    packets.push_back(first >> 4);
    answer(first, body);
    return true;
  }

  void answer(unsigned first, const std::string& body) {
    const std::string id = body.size() >= 2 ? body.substr(0, 2) : "";
    switch (first >> 4) {
      case 1: {
        outbox += instead_of_connack;
        ended = hangs_up;
        if (hangs_up || !instead_of_connack.empty()) {
          if (refers_once) instead_of_connack.clear();
          return;
        }
        const bool clean = (static_cast<unsigned char>(body[7]) & 2) != 0;
        no_properties.assign(body[6] == 5 ? 1 : 0, '\0');
        connects.push_back({attempts.back(), clean});
        const bool known = apart ? std::ranges::count(sessions, attempts.back()) != 0 : session_known;
        put(0x20, std::string{static_cast<char>(known && !clean), '\0'} + no_properties);
        std::erase(sessions, attempts.back());
        session_known = !clean || body[6] == 5 || ends_none;  // with 3.1.1 it ends with the connection
        if (session_known) sessions.push_back(attempts.back());
        return;
      }
      case 3:
        return on_publish(first, body);
      case 6:
        return completes ? put(0x70, id) : void();
      case 8:
        return loses_suback ? void() : put(0x90, id + no_properties + static_cast<char>(suback));
      case 10:
        return loses_unsuback ? void() : put(0xb0, id + no_properties + no_properties);
      case 12:
        return put(0xd0, "");
      case 14:
        ended = true;
        return;
      default:
        return;
    }
  }

  void on_publish(unsigned first, const std::string& body) {
    const std::size_t size =
        static_cast<std::size_t>(static_cast<unsigned char>(body[0])) << 8 | static_cast<unsigned char>(body[1]);
    const int qos = static_cast<int>(first >> 1 & 3);
    const std::size_t behind = 2 + size + (qos != 0 ? 2 : 0);
    heard message{body.substr(2, size), body.substr(behind + no_properties.size()), qos};
    if (qos != 0 && acknowledges) put(qos == 1 ? 0x40 : 0x50, body.substr(2 + size, 2));
    if (message.topic == "secret") deliver(message.topic, spoil ? "x" : message.payload);
    messages.push_back(std::move(message));
  }

 public:
  bool spoil = false;

 private:
  phase at = phase::idle;
  fault why_;
  bool finishing = false;
  std::string inbox, outbox;
  std::string no_properties{'\0'};  ///< of a packet; 3.1.1 has no place for them
};

/// A network with a cable that can be pulled; datagrams go nowhere.
class simulated_network final : public network {
 public:
  mac_address hardware() const override { return {{std::byte{2}, {}, {}, {}, {}, std::byte{7}}}; }
  bool link_is_up() override { return cable; }
  std::expected<void, fault> apply(const dhcp::lease& lease) override {
    applied.push_back(lease.address);
    return {};
  }
  void withdraw() override { ++withdrawn; }
  std::expected<dhcp::lease, fault> present() override {
    dhcp::lease lease;
    lease.address = ip_address::v4(10, 0, 0, 9), lease.prefix = 24;
    return lease;
  }
  std::expected<void, fault> probe(const ip_address&, instant) override {
    return probing = true, std::expected<void, fault>{};
  }
  std::optional<bool> probed(instant) override {
    return std::exchange(probing, false) ? std::optional{free} : std::nullopt;
  }
  void announce(const ip_address&, instant) override {}
  std::expected<bool, fault> send(service of, const datagram&, instant) override { return ++sent[of], true; }
  std::expected<std::optional<datagram>, fault> receive(service, mutable_bytes, instant) override {
    return std::optional<datagram>{};
  }
  stream& session_stream() override { return broker; }
  stream& lookup_stream() override { return lookup; }
  instant deadline() const override { return probing ? instant::min() : never; }

  broker_stream broker, lookup;
  bool cable = true, free = true, probing = false;
  int withdrawn = 0;
  std::vector<ip_address> applied;
  std::map<service, int> sent;
};

/// The application on all that.
class simulation {
 public:
  simulation() {
    chosen.network.mode = address_mode::as_is;
    chosen.ntp.enabled = false, chosen.tls.enabled = false;
    chosen.broker.servers.push_back("10.0.0.1");
    chosen.broker.public_topic = "public", chosen.broker.secret_topic = "secret";
    panel.time = build_date() + std::chrono::hours{24 * 30};
  }

  void start(const test_plan* plan = nullptr, bool held = true) {
    panel.held = held;
    application_memory given;
    given.receive = receive, given.outbox = mutable_bytes{outbox}.first(outbox_bytes), given.names_over_tcp = over_tcp;
    given.session.transmit = transmit, given.session.outgoing = flights, given.session.received = received;
    given.session.receive_size = static_cast<std::uint32_t>(receive.size());
    given.names = names.view();
    given.test = {payload, write, read};
    given.journal = {index, scratch, places};
    complete = chosen;
    board on{panel, panel, panel, watch, panel, store, net, random, clock};
    if (keeps_session) on.session_storage = &session_store;
    device.emplace(complete, on, nullptr, given, plan);
  }

  /// The power goes, and comes back.
  void restart() {
    device.reset();
    net.broker.ended = true;
    start();
  }

  /// Lets time pass, stopping at every deadline as a board does.
  void run(duration time) {
    const instant end = now + time;
    for (int turn = 0; turn < 200000; ++turn) {
      instant next = device->step(now);
      if (net.broker.available() != 0) next = now;  // what arrives wakes a board
      if (device->ended() || std::max(next, now) > end) break;
      now = std::max(next, now + duration{1});
    }
    now = end;
  }

  std::vector<std::string> payloads(std::string_view topic) const {
    std::vector<std::string> all;
    for (const heard& each : net.broker.messages)
      if (each.topic == topic) all.push_back(each.payload);
    return all;
  }

  configuration chosen;
  complete_configuration complete;  ///< as the device has it
  instant now{std::chrono::hours{1}};
  simulated_panel panel;
  simulated_network net;
  memory_storage store;
  counting_stopwatch watch;
  seeded_entropy random;
  wall_clock clock;
  std::optional<application> device;
  std::size_t outbox_bytes = 2048;
  bool keeps_session = false;  ///< over a loss of power

 private:
  std::array<std::byte, 8192> receive, transmit;
  std::array<std::byte, 2048> outbox, over_tcp;
  std::array<std::byte, 4096> payload;
  std::array<std::uint32_t, 64> write, read;
  std::array<mqtt::outgoing_flight, 8> flights;
  std::array<std::uint16_t, 8> received;
  dns::resolver_storage<2, 16, 512> names;
  std::array<store::index_entry, 48> index;  // as a board has it
  std::array<std::byte, 256> scratch;
  std::array<std::uint32_t, 8> places;
  std::array<std::byte, 4 * 2048> session_memory{};
  store::memory_storage session_store{session_memory, {2048, 4, 4, std::byte{0xff}}};
};

}  // namespace recado::device
