// The filter under a machine, driven as a driver does it: the machine on top must not notice.
#include <gtest/gtest.h>

#include <recado/chain/stacked.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

/// Says what it has to say, hears lines, and ends at the line "bye", which it answers with "farewell".
class talker {
 public:
  struct event {
    std::string line;
  };
  static bool ends(const event& what) { return what.line == "bye"; }

  void opened(instant) { is_open = true; }
  void lost(fault, instant) { is_open = false; }
  std::optional<event> receive(bytes& in, instant) {
    const auto end = as_text(in).find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    event result{std::string{as_text(in.first(end))}};
    in = in.subspan(end + 1);
    if (ends(result)) to_say += "farewell";
    return result;
  }
  bytes pending(instant) { return is_open ? as_bytes(to_say).subspan(said) : bytes{}; }
  void sent(std::size_t n) { said += n; }
  instant deadline() const { return never; }

  std::string to_say;
  std::size_t said = 0;
  bool is_open = false;
};
static_assert(stream_machine<chain::stacked<filter, talker>>);

struct run {
  std::vector<std::string> lines;
  int secured = 0, closed = 0;
};

/// Drives both until nothing moves; `piece` bytes at a time.
run drive(chain::stacked<filter, talker>& stack, server& other, std::size_t piece) {
  run result;
  std::string inbox;
  stack.opened({});
  for (int idle = 0; idle < 3; ++idle) {
    const std::string here = inbox.substr(0, piece);
    bytes in = as_bytes(here);
    while (const auto event = stack.receive(in, {})) {
      idle = 0;
      if (event->index() == 1) result.lines.push_back(std::get<1>(*event).line);
      if (event->index() == 0 && std::holds_alternative<secured>(std::get<0>(*event))) ++result.secured;
      if (event->index() == 0 && std::holds_alternative<closed>(std::get<0>(*event))) ++result.closed;
    }
    if (in.size() != here.size()) idle = 0;
    inbox.erase(0, here.size() - in.size());
    for (bytes out; !(out = stack.pending({})).empty(); idle = 0) {
      out = out.first(std::min(out.size(), piece));
      other.hear(out);
      stack.sent(out.size());
    }
    inbox += other.says();
    if (stack.deadline() <= instant{}) idle = 0;
  }
  return result;
}

TEST(tls_stacked, carries_a_machine_to_its_farewell) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "line " + std::to_string(i) + "\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, std::size_t{100'000}}) {
    for (const bool server_ends : {false, true}) {
      context shared;
      ASSERT_TRUE(shared.load(usual()));
      std::vector<std::byte> outgoing(2000), plaintext(300);
      filter below{shared, {outgoing, plaintext}};
      ASSERT_TRUE(below.set_peer("broker.lab"));
      talker above;
      above.to_say = std::string(30'000, 'x');
      chain::stacked stack{below, above};
      server s{{}};
      s.begin();
      s.after_handshake = lines + (server_ends ? "end\n" : "bye\n");
      s.shuts_down = server_ends;
      const run seen = drive(stack, s, piece);
      EXPECT_EQ(seen.secured, 1);
      EXPECT_EQ(seen.closed, 1);
      ASSERT_EQ(seen.lines.size(), 501u);
      EXPECT_EQ(seen.lines[499], "line 499");
      if (server_ends) continue;
      EXPECT_TRUE(s.received == std::string(30'000, 'x') + "farewell");
      EXPECT_TRUE(s.orderly_end);  // close_notify came behind the farewell
    }
  }
}

}  // namespace
}  // namespace recado::tls::tests
