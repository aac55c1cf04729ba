// Dialogues with a session in virtual time: what it is told, what it must send and say, and the same again with the
// stream in pieces, through a filter, and, where the dialogue is re-entrant, lost after every byte in each direction
// and with the power cut at every write of the session's journal. A dialogue is re-entrant unless it says otherwise:
// `once()` if it is about time or losses itself, `without_journal()` if it does what a journal forbids.
#pragma once

#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/session.hpp>
#include <tests/support/mqtt_told.hpp>

namespace recado::mqtt::test {

using namespace std::chrono_literals;
using octets = std::vector<std::byte>;

template <class P>
octets wire(const P& what, version protocol = version::v5_0) {
  octets out(mqtt::size(what, protocol));
  const auto size = encode(what, protocol, out);
  EXPECT_TRUE(size.has_value());
  if (size) out.resize(*size);
  return out;
}

inline octets raw(std::initializer_list<int> values) {
  octets out;
  for (int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

inline std::string hex(bytes data) {
  std::string out;
  char two[4];
  for (std::byte b : data) std::snprintf(two, sizeof two, "%02x ", std::to_integer<unsigned>(b)), out += two;
  return out;
}

using ack = acknowledgement;
inline constexpr auto puback = packet_type::puback, pubrec = packet_type::pubrec, pubrel = packet_type::pubrel,
                      pubcomp = packet_type::pubcomp;

inline ack answer(packet_type type, std::uint16_t identifier, reason code = reason::success) {
  return {.type = type, .packet_identifier = identifier, .reason = code, .properties = {}};
}
inline mqtt::publish message_of(qos level, std::uint16_t identifier, std::string_view topic, std::string_view text,
                                bool duplicate = false) {
  mqtt::publish out;
  out.duplicate = duplicate, out.qos = level, out.packet_identifier = identifier;
  out.topic = topic, out.payload = as_bytes(text);
  return out;
}
/// Properties that last as long as the tests.
const properties& keep(std::vector<property_value> list);
/// A CONNACK with them.
connack announcing(std::vector<property_value> list, bool session_present = false);
/// Of a client that comes back to its session.
inline const connect_options coming_back{.client_identifier = "c", .clean_start = false, .session_expiry_s = 100};

inline auto publishes(qos level, std::string_view topic, std::string_view text, std::uint32_t tag = 0) {
  return [=](session& s) {
    const auto result = s.publish({.topic = topic, .payload = as_bytes(text), .qos = level, .tag = tag});
    EXPECT_TRUE(result.has_value()) << words(result.error());
  };
}
inline auto refuses(error why, std::function<error(session&)> command) {
  return [=](session& s) { EXPECT_EQ(words(command(s)), words(why)); };
}
template <class R>
error error_of(const R& result) {
  return result ? error::none : result.error();
}

/// How much memory a session under test has.
struct sizes {
  std::size_t transmit = 512, outgoing = 8, received = 8, owed = 8, receive = 256;
  std::uint16_t incoming_aliases = 2, outgoing_aliases = 0;
};

/// A session with memory of its own.
struct subject {
  explicit subject(const sizes& s)
      : transmit(s.transmit),
        incoming(s.incoming_aliases * 32U),
        outgoing_topics(s.outgoing_aliases * 32U),
        outgoing(s.outgoing),
        received(s.received),
        owed(s.owed),
        machine(memory{.transmit = transmit,
                       .outgoing = outgoing,
                       .received = received,
                       .owed = owed,
                       .incoming_aliases = incoming,
                       .incoming_alias_count = s.incoming_aliases,
                       .outgoing_aliases = outgoing_topics,
                       .outgoing_alias_count = s.outgoing_aliases,
                       .receive_size = static_cast<std::uint32_t>(s.receive)}) {}
  octets transmit, incoming, outgoing_topics;
  std::vector<outgoing_flight> outgoing;
  std::vector<std::uint16_t> received;
  std::vector<owed_acknowledgement> owed;
  session machine;
};

/// What is heard up to this length is heard in every fragmentation: 2^(length - 1) of them.
inline constexpr std::size_t fragmented_bytes_max = 12;

/// What went over the wire, in its order.
struct wire_log {
  struct piece {
    bool to_server = false;
    std::vector<std::byte> data{};
  };
  std::vector<piece> pieces{};
  void add(bool to_server, bytes data) {
    if (!data.empty()) pieces.push_back({to_server, {data.begin(), data.end()}});
  }
};

/// How a dialogue is repeated.
struct conditions {
  std::size_t read = SIZE_MAX;        // bytes that arrive at a time
  std::size_t written = SIZE_MAX;     // bytes that the wire takes at a time
  std::size_t first_read = SIZE_MAX;  // the length of the first piece of each thing heard
  std::uint32_t cuts = 0;          // each thing heard, and all that is sent, is cut behind the bytes whose bits are set
  std::size_t lost_in = SIZE_MAX;  // the stream is lost after so many bytes from the server
  std::size_t lost_out = SIZE_MAX;  // or to it
  wire_log* log = nullptr;          // gets what goes over the wire
  std::size_t filter = 0;           // through `stacked<pass_through, session>` with pieces of that size; 0: without
};

class dialogue {
 public:
  explicit dialogue(const sizes& s = {}) : sizes_(s) {}

  dialogue& opens() { return add({.what = kind::opens}); }
  dialogue& loses() { return add({.what = kind::loses}); }
  dialogue& does(std::function<void(session&)> command) {
    return add({.what = kind::does, .command = std::move(command)});
  }
  dialogue& sends(octets data) { return add({.what = kind::sends, .data = std::move(data)}); }
  template <class P>
  dialogue& sends(const P& what) {
    return sends(wire(what, version_));
  }
  dialogue& hears(octets data) { return add({.what = kind::hears, .data = std::move(data)}); }
  template <class P>
  dialogue& hears(const P& what) {
    return hears(wire(what, version_));
  }
  dialogue& tells(std::string text) { return add({.what = kind::tells, .text = std::move(text)}); }
  dialogue& after(duration time) { return add({.what = kind::after, .time = time}); }
  dialogue& speaks(version which) {
    version_ = which;
    return *this;
  }
  /// Not to be repeated with the stream lost: it loses it itself, or says something about time.
  dialogue& once() {
    once_ = true;
    return *this;
  }

  /// Not to be repeated with a journal: it sends a payload from a source, which a journal can't hold.
  dialogue& without_journal() {
    without_journal_ = true;
    return *this;
  }

  version protocol() const { return version_; }

  /// CONNECT and CONNACK, as most dialogues begin; `more` is told of the connection.
  dialogue& connects(connect_options options = {}, connack answer = {}, const std::string& more = {});

  /// Plays it under all conditions.
  void check() const;
  /// Plays it with a journal, and cuts the power at every word that is written, every erase and every sync.
  void check_power() const;
  /// Plays it once, without any difficulty.
  void plain() const {
    subject who{sizes_};
    play({}, who);
  }
  /// Plays it once; false if the stream was lost as the conditions say.
  bool play(const conditions& how, subject& who) const;

 private:
  enum class kind { opens, loses, does, sends, hears, tells, after };
  struct step {
    kind what{};
    octets data{};
    std::string text{};
    std::function<void(session&)> command{};
    duration time{};
  };
  dialogue& add(step one) {
    steps_.push_back(std::move(one));
    return *this;
  }
  template <class M>
  bool play(const conditions& how, M& machine, session& face) const;

  sizes sizes_;
  version version_ = version::v5_0;
  bool once_ = false, without_journal_ = false;
  std::vector<step> steps_;
};

/// The driver of a dialogue: a wire that gives and takes as the conditions say.
template <class M>
struct dialogue_wire {
  M& machine;
  conditions how;
  octets inbox{}, outbox{};
  std::deque<std::string> told{};
  std::size_t in_count = 0, out_count = 0;
  instant now{};
  bool lost = false;

  /// How many bytes go in one piece from that place on, as `conditions::cuts` says.
  std::size_t uncut(std::size_t place) const {
    std::size_t count = 1;
    while (place + count < 32 && (how.cuts >> (place + count - 1) & 1) == 0) ++count;
    return how.cuts == 0 || place + count >= 32 ? SIZE_MAX : count;
  }
  bool flush() {
    const bytes out = machine.pending(now);
    const std::size_t count =
        std::min({out.size(), how.written, how.lost_out - out_count, uncut(out_count % fragmented_bytes_max)});
    outbox.insert(outbox.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count));
    if (how.log != nullptr) how.log->add(true, out.first(count));
    if (count != 0) machine.sent(count);
    out_count += count;
    if (out_count >= how.lost_out) lose();
    return count != 0;
  }
  void lose() {
    lost = true;
    machine.lost(make_fault(stream_error::reset), now);
  }
  void turn() {
    for (int bound = 0; bound < 100'000 && !lost; ++bound) {
      bytes in = inbox;
      const std::size_t before = in.size();
      bool moved = false;
      while (auto what = machine.receive(in, now)) {
        if (auto text = tell(*what); !text.empty()) told.push_back(std::move(text));
        moved = true;
      }
      moved = moved || in.size() != before;
      inbox.erase(inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(before - in.size()));
      if (!flush() && !moved) return;
    }
    EXPECT_TRUE(lost) << "never comes to rest";
  }
  void hear(bytes data) {
    std::size_t piece = std::min(how.first_read, how.read);
    const std::size_t whole = data.size();
    while (!data.empty() && !lost) {
      const std::size_t count = std::min({data.size(), piece, how.lost_in - in_count, uncut(whole - data.size())});
      inbox.insert(inbox.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
      if (how.log != nullptr) how.log->add(false, data.first(count));
      data = data.subspan(count);
      in_count += count;
      piece = how.read;
      turn();
      if (in_count >= how.lost_in && !lost) lose();
    }
  }
  void wait(duration time) {
    const instant until = now + time;
    for (int bound = 0; machine.deadline() <= until && bound < 1000 && !lost; ++bound) {
      now = std::max(now, machine.deadline());
      turn();
    }
    now = until;
    turn();
  }
};

extern template struct dialogue_wire<session>;

/// Connects again, lets every exchange come to its end, and says what the session still holds: nothing.
void recover(subject& who, version protocol);

}  // namespace recado::mqtt::test
