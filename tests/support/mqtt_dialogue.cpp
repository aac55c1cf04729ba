#include <tests/support/mqtt_dialogue.hpp>

#include <recado/chain/pass_through.hpp>
#include <recado/chain/stacked.hpp>
#include <tests/support/mqtt_power.hpp>

namespace recado::mqtt::test {

template struct dialogue_wire<session>;

const properties& keep(std::vector<property_value> list) {
  static std::deque<std::pair<std::vector<property_value>, properties>> all;
  auto& one = all.emplace_back(std::move(list), properties{});
  one.second = properties{std::span<const property_value>{one.first}};
  return one.second;
}

connack announcing(std::vector<property_value> list, bool session_present) {
  connack out;
  out.session_present = session_present;
  out.properties = keep(std::move(list));
  return out;
}

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

bool dialogue::play(const conditions& how, subject& who) const {
  if (how.filter == 0) return play(how, who.machine, who.machine);
  octets in(sizes_.receive), out(64);
  chain::pass_through filter{in, out, how.filter};
  chain::stacked stack{filter, who.machine};
  return play(how, stack, who.machine);
}

dialogue& dialogue::connects(connect_options options, connack answer, const std::string& more) {
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

namespace {

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

}  // namespace

void recover(subject& who, version protocol) {
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

void dialogue::check_power() const {
  wire_log log;
  cut_storage below{log};
  kept_subject whole{below, sizes_};
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
    kept_subject now{below.cuts[i].left, sizes_};
    const auto found = now.records.mount();
    ASSERT_TRUE(found.has_value()) << words(found.error());
    EXPECT_FALSE(found->damaged());
    ASSERT_TRUE(now.kept.restore(now.who.machine).has_value());
    judge(now, promises::of(log, below.cuts[i].pieces, version_));
    recover(now.who, version_);
  }
}

void dialogue::check() const {
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
