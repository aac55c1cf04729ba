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

#include <recado/chain/pass_through.hpp>
#include <recado/chain/stacked.hpp>
#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/session.hpp>
#include <tests/support/mqtt_power.hpp>
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

template <class M>
bool dialogue::play(const conditions& how, M& machine, session& face) const {
  dialogue_wire<M> line{machine, how};
  for (std::size_t i = 0; i < steps_.size() && !line.lost; ++i) {
    const step& one = steps_[i];
    SCOPED_TRACE("step " + std::to_string(i));
    switch (one.what) {
      case kind::opens:
        line.inbox.clear(), machine.opened(line.now);
        break;
      case kind::loses:
        line.turn(), machine.lost(make_fault(stream_error::reset), line.now), line.inbox.clear();
        break;
      case kind::does:
        one.command(face);
        break;
      case kind::hears:
        line.turn(), line.hear(one.data);
        break;
      case kind::after:
        line.turn(), line.wait(one.time);
        break;
      case kind::sends: {
        line.turn();
        if (line.lost) break;
        const std::size_t count = std::min(one.data.size(), line.outbox.size());
        EXPECT_EQ(hex(bytes{line.outbox}.first(count)), hex(one.data));
        line.outbox.erase(line.outbox.begin(), line.outbox.begin() + static_cast<std::ptrdiff_t>(count));
        break;
      }
      case kind::tells: {
        line.turn();
        if (line.lost) break;
        EXPECT_EQ(line.told.empty() ? "nothing" : line.told.front(), one.text);
        if (!line.told.empty()) line.told.pop_front();
        break;
      }
    }
    if (testing::Test::HasFailure()) return true;
  }
  if (line.lost) return false;
  line.turn();
  if (line.lost) return false;
  EXPECT_EQ(hex(line.outbox), "") << "surplus output";
  EXPECT_EQ(line.told.empty() ? "" : line.told.front(), "") << "surplus events";
  return true;
}

inline bool dialogue::play(const conditions& how, subject& who) const {
  if (how.filter == 0) return play(how, who.machine, who.machine);
  octets in(sizes_.receive), out(64);
  chain::pass_through filter{in, out, how.filter};
  chain::stacked stack{filter, who.machine};
  return play(how, stack, who.machine);
}

inline dialogue& dialogue::connects(connect_options options, connack answer, const std::string& more) {
  options.version = version_;
  if (options.client_identifier.empty() && version_ == version::v5_0 &&
      !answer.properties.has(property::assigned_client_identifier))
    options.client_identifier = "id";  // else the server must assign one [MQTT-3.2.2-16]
  mqtt::connect said;
  said.protocol = version_;
  said.clean_start = options.clean_start;
  said.keep_alive_s = options.keep_alive_s;
  said.client_identifier = options.client_identifier;
  static std::deque<std::vector<property_value>> kept;
  auto& list = kept.emplace_back();
  if (version_ == version::v5_0) {
    if (options.session_expiry_s != 0) list.emplace_back(property::session_expiry_interval, options.session_expiry_s);
    const std::size_t table =
        sizes_.received >= received_bitmap_words ? 65'535 : std::max<std::size_t>(sizes_.received, 1);
    std::size_t most = options.receive_maximum != 0 ? std::min<std::size_t>(table, options.receive_maximum) : table;
    if (options.acknowledge == acknowledge_when::deferred) most = std::min(most, sizes_.owed);
    if (most != 65'535) list.emplace_back(property::receive_maximum, static_cast<std::uint32_t>(most));
    if (options.maximum_packet_size != 0) list.emplace_back(property::maximum_packet_size, options.maximum_packet_size);
    if (sizes_.incoming_aliases != 0)
      list.emplace_back(property::topic_alias_maximum, std::uint32_t{sizes_.incoming_aliases});
  }
  said.properties = properties{std::span<const property_value>{list}};
  does([options](session& s) { EXPECT_TRUE(s.connect(options).has_value()); });
  opens().sends(said).hears(answer);
  tells((answer.session_present ? "connected present" : "connected") + more);
  return *this;
}

/// A server for after a loss: it knows the session and answers everything as it should.
struct recovery {
  version protocol;
  std::size_t messages = 0;

  octets answer(bytes& said) {
    octets out;
    const decode_options how{.protocol = protocol, .from = sender::client};
    const auto say = [&](const auto& what) {
      const octets data = wire(what, protocol);
      out.insert(out.end(), data.begin(), data.end());
    };
    for (;;) {
      fixed_header header;
      EXPECT_EQ(read_header(said, how, header).code, error::none) << hex(said);
      if (header.size == 0 || said.size() < header.total()) return out;
      any_packet any;
      const defect found = decode(header, said.first(header.total()), how, any);
      EXPECT_EQ(found.code, error::none) << words(found.code) << ' ' << hex(said.first(header.total()));
      said = said.subspan(header.total());
      if (std::holds_alternative<mqtt::connect>(any)) say(connack{.session_present = true, .properties = {}});
      if (const auto* p = std::get_if<mqtt::publish>(&any); p != nullptr && p->qos != qos::at_most_once) {
        ++messages;
        say(acknowledgement{.type = p->qos == qos::at_least_once ? packet_type::puback : packet_type::pubrec,
                            .packet_identifier = p->packet_identifier,
                            .properties = {}});
      }
      if (const auto* p = std::get_if<acknowledgement>(&any); p != nullptr && p->type == packet_type::pubrel)
        say(acknowledgement{.type = packet_type::pubcomp, .packet_identifier = p->packet_identifier, .properties = {}});
      if (const auto* p = std::get_if<acknowledgement>(&any); p != nullptr && p->type == packet_type::pubrec)
        say(acknowledgement{.type = packet_type::pubrel, .packet_identifier = p->packet_identifier, .properties = {}});
      EXPECT_FALSE(std::holds_alternative<mqtt::disconnect>(any));
    }
  }
};

/// Connects again, lets every exchange come to its end, and says what the session still holds: nothing.
inline void recover(subject& who, version protocol) {
  session& machine = who.machine;
  dialogue_wire<session> line{machine, {}};
  EXPECT_TRUE(machine.pending(line.now).empty());
  const std::size_t flights = machine.in_flight();
  connect_options options{.version = protocol, .client_identifier = "again", .clean_start = false};
  ASSERT_TRUE(machine.connect(options).has_value());
  machine.opened(line.now);
  recovery server{protocol};
  octets said;
  for (int turns = 0; turns < 100; ++turns) {
    line.turn();
    said.insert(said.end(), line.outbox.begin(), line.outbox.end());
    line.outbox.clear();
    bytes rest = said;
    const octets answer = server.answer(rest);
    said.erase(said.begin(), said.end() - static_cast<std::ptrdiff_t>(rest.size()));
    line.hear(answer);
    if (answer.empty()) break;
  }
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(machine.in_flight(), 0u);
  std::size_t done = 0;
  for (const std::string& text : line.told) done += text.find('#') != std::string::npos ? 1 : 0;
  EXPECT_EQ(done, flights) << "each exchange ends once";
  EXPECT_TRUE(machine.online());
}

inline void dialogue::check_power() const {
  wire_log log;
  cut_storage below{log};
  kept_subject<subject, sizes> whole{below, sizes_};
  ASSERT_FALSE(whole.records.mount());
  ASSERT_TRUE(whole.records.format().has_value());
  ASSERT_TRUE(whole.kept.restore(whole.who.machine).has_value());
  below.recording = true;
  {
    SCOPED_TRACE("with a journal");
    play({.log = &log}, whole.who);
  }
  EXPECT_FALSE(below.misused());
  for (std::size_t i = 0; i < below.cuts.size() && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("power cut " + std::to_string(i) + " of " + std::to_string(below.cuts.size()));
    kept_subject<subject, sizes> now{below.cuts[i].left, sizes_};
    const auto found = now.records.mount();
    ASSERT_TRUE(found.has_value()) << words(found.error());
    EXPECT_FALSE(found->damaged());
    ASSERT_TRUE(now.kept.restore(now.who.machine).has_value());
    judge(now, promises::of(log, below.cuts[i].pieces, version_));
    recover(now.who, version_);
  }
}

inline void dialogue::check() const {
  const auto once = [&](const conditions& how) {
    SCOPED_TRACE("read " + std::to_string(how.read) + " written " + std::to_string(how.written) + " first " +
                 std::to_string(how.first_read) + " lost in " + std::to_string(how.lost_in) + " out " +
                 std::to_string(how.lost_out) + " filter " + std::to_string(how.filter) + " cuts " +
                 std::to_string(how.cuts));
    subject who{sizes_};
    if (!play(how, who) && !testing::Test::HasFailure()) recover(who, version_);
    return !testing::Test::HasFailure();
  };
  if (!once({})) return;
  for (std::size_t n : {1U, 2U, 3U, 7U})
    if (!once({.read = n}) || !once({.written = n}) || !once({.read = n, .written = n})) return;
  for (std::size_t n : {1U, 2U, 5U, 64U})
    if (!once({.filter = n}) || !once({.read = 1, .written = 1, .filter = n})) return;
  std::size_t in = 0, out = 0, longest = 0, longest_short = 1;
  for (const step& one : steps_) {
    if (one.what == kind::hears) in += one.data.size(), longest = std::max(longest, one.data.size());
    if (one.what == kind::sends) out += one.data.size();
    if (one.what == kind::hears && one.data.size() <= fragmented_bytes_max)
      longest_short = std::max(longest_short, one.data.size());
  }
  for (std::uint32_t cuts = 1; cuts < 1U << (longest_short - 1); ++cuts)
    if (!once({.cuts = cuts})) return;
  for (std::size_t n = 1; n < longest; ++n)
    if (!once({.first_read = n})) return;
  if (once_) return;
  if (!without_journal_) check_power();
  for (std::size_t n = 1; n < in; ++n)
    if (!once({.lost_in = n}) || !once({.lost_in = n, .filter = 3})) return;
  for (std::size_t n = 1; n < out; ++n)
    if (!once({.lost_out = n}) || !once({.lost_out = n, .filter = 3})) return;
}

}  // namespace recado::mqtt::test
