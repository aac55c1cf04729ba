// The shape itself, on the smallest machines that have it: half packets, a full wire, time, and loss at every point.
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/chain/pass_through.hpp>
#include <recado/chain/stacked.hpp>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;

/// Answers each packet (a length and as many bytes) with the same packet; ends after 10 s of silence, or at length 0,
/// which it answers with a farewell.
class echo {
 public:
  struct heard {
    bytes text;
  };
  struct closed {
    fault why;
  };
  using event = std::variant<heard, closed>;
  static bool ends(const event& what) { return std::holds_alternative<closed>(what); }

  void opened(instant now) { begin_ = end_ = 0, open_ = true, limit_ = now + 10s; }
  void lost(fault, instant) { begin_ = end_ = 0, open_ = false; }
  std::optional<event> receive(bytes& in, instant now) {
    if (!open_) return std::nullopt;
    if (now >= limit_) {
      open_ = false;
      return closed{make_fault(stream_error::timed_out)};
    }
    if (in.empty()) return std::nullopt;
    const std::size_t length = std::to_integer<std::size_t>(in[0]) + 1;
    if (in.size() < length || out_.size() - end_ < length) return std::nullopt;  // half a packet, or no room
    const bytes packet = in.first(length);
    copy(packet, mutable_bytes{out_}.subspan(end_, length));
    end_ += length;
    in = in.subspan(length);
    limit_ = now + 10s;
    if (length > 1) return heard{packet.subspan(1)};
    open_ = false;
    return closed{};
  }
  bytes pending(instant) const { return bytes{out_}.subspan(begin_, end_ - begin_); }
  void sent(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  instant deadline() const { return open_ ? limit_ : never; }

 private:
  std::array<std::byte, 16> out_{};
  std::size_t begin_ = 0, end_ = 0;
  bool open_ = false;
  instant limit_{};
};
static_assert(stream_machine<echo>);
static_assert(stream_machine<stacked<pass_through, echo>>);
static_assert(stream_machine<stacked<pass_through, stacked<pass_through, echo>>>);

/// The wire, the driver and the peer in one: gives `read` bytes at a time, takes `written` at a time.
struct driver {
  std::size_t read = SIZE_MAX, written = SIZE_MAX;
  std::size_t lost_after = SIZE_MAX;  // bytes in either direction
  std::string said{}, heard{};
  bool closed = false;
  instant now{};

  void note(const echo::event& what) {
    if (const auto* packet = std::get_if<echo::heard>(&what)) heard += as_text(packet->text), heard += '/';
    else closed = true;
  }
  template <class Below, class Above>
  void note(const std::variant<Below, Above>& what) {
    if constexpr (!std::is_same_v<Below, echo::heard>)
      if (what.index() == 1) note(std::get<1>(what));
  }

  template <class M>
  bool turn(M& machine, bytes& in) {
    bool moved = false;
    const std::size_t before = in.size();
    while (auto what = machine.receive(in, now)) note(*what), moved = true;
    const bytes out = machine.pending(now);
    const std::size_t taken = std::min({out.size(), written, lost_after - std::min(lost_after, said.size())});
    said += as_text(out.first(taken));
    if (taken != 0) machine.sent(taken);
    return moved || taken != 0 || in.size() != before;
  }

  template <class M>
  void run(M& machine, std::string_view input) {
    machine.opened(now);
    std::size_t given = 0, begin = 0;  // [begin, given) waits unread in the driver's buffer
    for (;;) {
      bytes in = as_bytes(input.substr(begin, given - begin));
      bool moved = false;
      while (turn(machine, in)) moved = true;
      begin = given - in.size();
      const std::size_t more = std::min({read, input.size() - given, lost_after - std::min(lost_after, given)});
      given += more;
      if (more == 0 && !moved) break;
    }
    if (given >= lost_after || said.size() >= lost_after) machine.lost(make_fault(stream_error::reset), now);
  }
};

const std::string three{"\x02hi\x03you\x01!", 9};

template <class Make>
void check_everywhere(Make&& make) {
  for (std::size_t read = 1; read <= three.size(); ++read)
    for (std::size_t written = 1; written <= three.size(); ++written) {
      driver wire{.read = read, .written = written};
      make([&](auto& machine) { wire.run(machine, three); });
      EXPECT_EQ(wire.said, three);
      EXPECT_EQ(wire.heard, "hi/you/!/");
    }
}

void on_echo(auto&& use) {
  echo machine;
  use(machine);
}
void on_stack(auto&& use, std::size_t piece) {
  std::array<std::byte, 8> in{}, out{};
  pass_through filter{in, out, piece};
  echo machine;
  stacked stack{filter, machine};
  use(stack);
}
void on_two_filters(auto&& use) {
  std::array<std::byte, 8> in{}, out{}, in2{}, out2{};
  pass_through filter{in, out, 3}, second{in2, out2, 2};
  echo machine;
  stacked upper{second, machine};
  stacked stack{filter, upper};
  use(stack);
}

TEST(shape, every_fragmentation_in_both_directions) {
  check_everywhere([](auto use) { on_echo(use); });
}

TEST(shape, the_same_through_a_filter_that_cuts_again) {
  for (std::size_t piece = 1; piece < 9; ++piece) check_everywhere([piece](auto use) { on_stack(use, piece); });
}

TEST(shape, loss_at_every_byte_leaves_a_machine_that_can_be_opened_again) {
  auto check = [](auto& machine) {
    for (std::size_t at = 0; at < three.size(); ++at) {
      driver wire{.read = 2, .written = 2, .lost_after = at};
      wire.run(machine, three);
      EXPECT_TRUE(machine.pending(wire.now).empty());
      EXPECT_EQ(machine.deadline(), never);
      driver again;
      again.run(machine, three);
      EXPECT_EQ(again.said, three) << "after a loss at " << at;
      machine.lost({}, again.now);
    }
  };
  on_echo(check);
  on_stack(check, 3);
}

TEST(shape, back_pressure_reaches_the_peer) {
  echo machine;
  machine.opened({});
  const std::string long_one = std::string{"\x0f"} + std::string(15, 'a') + "\x01z";
  bytes in = as_bytes(long_one);
  EXPECT_TRUE(machine.receive(in, {}));
  EXPECT_FALSE(machine.receive(in, {})) << "the answer has no room yet";
  EXPECT_EQ(in.size(), 2u);
  machine.sent(machine.pending({}).size());
  EXPECT_TRUE(machine.receive(in, {}));
}

TEST(shape, pending_bytes_stay_where_they_are_until_sent) {
  echo machine;
  machine.opened({});
  bytes in = as_bytes(three);
  (void)machine.receive(in, {});
  const bytes before = machine.pending({});
  (void)machine.receive(in, {});
  const bytes after = machine.pending({});
  EXPECT_EQ(before.data(), after.data());
  EXPECT_EQ(after.size(), 7u);
}

TEST(shape, time_is_a_receive_without_bytes) {
  auto check = [](auto& machine) {
    driver wire;
    wire.run(machine, "");
    EXPECT_EQ(machine.deadline(), wire.now + 10s);
    bytes nothing;
    wire.now += 10s - 1us;
    EXPECT_FALSE(machine.receive(nothing, wire.now));
    wire.now += 1us;
    EXPECT_TRUE(machine.receive(nothing, wire.now));
    EXPECT_EQ(machine.deadline(), never);
  };
  on_echo(check);
  on_stack(check, 2);
}

TEST(shape, the_end_of_the_machine_closes_the_filter_behind_its_farewell) {
  std::array<std::byte, 16> in{}, out{};
  pass_through filter{in, out};
  echo machine;
  stacked stack{filter, machine};
  driver wire{.written = 1};
  wire.run(stack, std::string_view{"\x02hi\x00", 4});
  EXPECT_TRUE(wire.closed);
  EXPECT_EQ(wire.said, (std::string{"\x02hi\x00", 4}));
  EXPECT_TRUE(filter.closed());
}

TEST(shape, two_filters_are_a_machine_too) {
  check_everywhere([](auto use) { on_two_filters(use); });
}

/// Sends each datagram back to where it came from; asks again every second, three times, while nobody answers.
class datagram_echo {
 public:
  struct answered {
    bytes payload;
  };
  struct failed {
    fault why;
  };
  using event = std::variant<answered, failed>;

  void opened(instant now) { left_ = 3, again_ = now, due_ = false; }
  void lost(fault, instant) { left_ = 0, due_ = false; }
  std::optional<event> receive(datagram& in, instant now) {
    const bytes payload = std::exchange(in.payload, {});
    if (!payload.empty() && in.peer == server) {
      left_ = 0, due_ = false;
      return answered{payload};
    }
    if (left_ == 0 || now < again_) return std::nullopt;
    if (--left_ == 0) return failed{make_fault(stream_error::timed_out)};
    due_ = true, again_ = now + 1s;
    return std::nullopt;
  }
  std::optional<datagram> pending(instant) const {
    return due_ ? std::optional{datagram{.peer = server, .payload = as_bytes("?")}} : std::nullopt;
  }
  void sent(instant) { due_ = false; }
  instant deadline() const { return left_ != 0 ? again_ : never; }

  static constexpr endpoint server{ip_address::v4(192, 0, 2, 1), 7};

 private:
  int left_ = 0;
  bool due_ = false;
  instant again_{};
};
static_assert(datagram_machine<datagram_echo>);

TEST(shape, a_datagram_is_lost_repeated_forged_and_answered) {
  datagram_echo machine;
  instant now{};
  machine.opened(now);
  datagram nothing;
  EXPECT_FALSE(machine.receive(nothing, now));
  ASSERT_TRUE(machine.pending(now));
  machine.sent(now);  // and lost on the way
  EXPECT_FALSE(machine.pending(now));
  EXPECT_EQ(machine.deadline(), now + 1s);
  datagram forged{.peer = {ip_address::v4(192, 0, 2, 2), 7}, .payload = as_bytes("!")};
  EXPECT_FALSE(machine.receive(forged, now));
  EXPECT_TRUE(forged.payload.empty()) << "consumed all the same";
  now += 1s;
  EXPECT_FALSE(machine.receive(nothing, now));
  EXPECT_TRUE(machine.pending(now));
  machine.sent(now);
  datagram answer{.peer = datagram_echo::server, .payload = as_bytes("!")};
  const auto what = machine.receive(answer, now);
  ASSERT_TRUE(what);
  EXPECT_EQ(as_text(std::get<datagram_echo::answered>(*what).payload), "!");
  EXPECT_EQ(machine.deadline(), never);
}

TEST(shape, a_silent_peer_ends_in_a_fault) {
  datagram_echo machine;
  instant now{};
  machine.opened(now);
  datagram nothing;
  std::optional<datagram_echo::event> what;
  int turns = 0;
  while (!(what = machine.receive(nothing, now)) && turns++ < 10) {
    if (machine.pending(now)) machine.sent(now);
    now = machine.deadline();
  }
  ASSERT_TRUE(what);
  EXPECT_TRUE(is(std::get<datagram_echo::failed>(*what).why, stream_error::timed_out));
  EXPECT_EQ(now, instant{} + 2s);
}

}  // namespace
}  // namespace recado::chain
