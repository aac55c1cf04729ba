// TLS of a board against OpenSSL's server: what is wrong with an image's certificates and keys is told when it is
// loaded, and a session on the chip outlives a reset.
#include "secure_channel.hpp"

#include <gmock/gmock.h>

#include <memory>

#include <recado/chain/words.hpp>
#include <recado/device/simulated_board_test.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::firmware {
namespace {

using namespace tls::tests;
using testing::HasSubstr;

/// An EEPROM that works.
class chip_in_memory final : public store::eeprom {
 public:
  std::uint32_t size() const override { return static_cast<std::uint32_t>(cells.size()); }
  std::uint32_t page_bytes() const override { return 32; }
  bool read(std::uint32_t address, mutable_bytes into) override {
    if (address + into.size() > cells.size()) return false;
    return copy(as_bytes(cells).subspan(address, into.size()), into), true;
  }
  bool write(std::uint32_t address, bytes what) override {
    cells.replace(address, what.size(), as_text(what));
    return true;
  }
  bool busy() override { return false; }
  bool is_empty() const { return cells == std::string(cells.size(), '\xff'); }

  std::string cells = std::string(2048, '\xff');
};

/// What an image has compiled in.
struct parts {
  std::string ca = {}, certificate = {}, key = {}, crl = {}, psk_identity = {}, psk = {};
  bool client_authentication = true;
  std::uint32_t debug_level = 0;

  image_configuration image() const {
    device::configuration chosen;
    chosen.tls.client_authentication = client_authentication, chosen.tls.debug_level = debug_level;
    chosen.tls.psk_identity = psk_identity, chosen.tls.psk = psk;
    return {chosen, as_bytes(ca), as_bytes(certificate), as_bytes(key), as_bytes(crl)};
  }
};

const parts& good() {
  static const parts all{
      .ca = der(the_world().root.certificate.get()),
      .certificate = der(the_world().device.certificate.get()) + der(the_world().authority.certificate.get()),
      .key = key_der(the_world().device.key.get())};
  return all;
}
parts with(auto change) {
  parts all = good();
  change(all);
  return all;
}

/// A board between one reset and the next. Its parts live as long as it.
class board {
 public:
  explicit board(const parts& made_of, chip_in_memory* chip = nullptr) : parts_(made_of), image_(parts_.image()) {
    opened = channel_->open(image_, random_, clock_at(day(2026, 11, 22)), chip, panel);
  }

  /// Connects, and talks until nobody says more.
  void meets(server& other, const char* host = "broker.lab") {
    cipher().lost(make_fault(stream_error::closed_by_peer), now_);
    bytes nothing;
    while (cipher().receive(nothing, now_)) {
    }
    secured.reset(), closed.reset(), chain = 0;
    ASSERT_TRUE(cipher().set_peer(host));
    cipher().opened(now_);
    other.begin();
    talk(other);
  }
  void talk(server& other) {
    for (bool busy = true; busy;) {
      busy = false;
      for (bytes out; !(out = cipher().pending(now_)).empty(); busy = true) other.hear(out), cipher().sent(out.size());
      other.hear({});
      inbox_ += other.says();
      busy = hear() || busy;
    }
  }
  device::secure& cipher() { return channel_->cipher(); }

  device::simulated_panel panel;
  std::expected<void, fault> opened;
  std::optional<tls::secured> secured;
  std::optional<fault> closed;
  unsigned chain = 0;    ///< certificates that were told
  std::string received;  ///< plaintext

 private:
  bool hear() {
    bool moved = false;
    for (bool more = true; more; moved = moved || more) {
      bytes in = as_bytes(inbox_);
      const std::size_t before = in.size();
      const auto happened = cipher().receive(in, now_);
      if (happened) note(*happened);
      const bytes plain = cipher().plaintext();
      received += as_text(plain);
      more = happened || in.size() != before || !plain.empty();
      cipher().consumed(plain.size());
      inbox_.erase(0, before - in.size());
    }
    return moved;
  }
  void note(const tls::event& what) {
    if (std::holds_alternative<tls::certificate_seen>(what)) ++chain;
    else if (const auto* done = std::get_if<tls::secured>(&what)) secured = *done;
    else closed = std::get<tls::closed>(what).why;
  }

  parts parts_;
  image_configuration image_;
  device::seeded_entropy random_;
  std::unique_ptr<secure_channel> channel_ = std::make_unique<secure_channel>();
  instant now_{};
  std::string inbox_;
};

std::string line(const fault& why) {
  char room[400];
  buffer_sink out{room};
  chain::describe(why, out);
  return std::string{out.view()};
}

TEST(secure_channel, tells_what_is_wrong_with_each_part_of_an_image) {
  using tls::error;
  const world& w = the_world();
  const std::string other_key = key_der(w.stranger.key.get()), locked = key_der(w.device.key.get(), "phrase");
  const std::string root_as_pem = pem(w.root) + '\0';
  const std::pair<parts, error> rows[] = {
      {with([](parts& p) { p.ca = ""; }), error::no_authority},
      {with([](parts& p) { p.ca = "nonsense"; }), error::ca_invalid},
      {with([](parts& p) { p.ca.pop_back(); }), error::ca_invalid},
      {with([](parts& p) { p.ca += p.ca.substr(0, 100); }), error::ca_invalid},
      {with([&](parts& p) { p.ca = root_as_pem.substr(0, 300) + root_as_pem.substr(301); }), error::ca_invalid},
      {with([](parts& p) { p.certificate = ""; }), error::certificate_missing},
      {with([](parts& p) { p.certificate[0] ^= 1; }), error::certificate_invalid},
      {with([](parts& p) { p.certificate.pop_back(); }), error::certificate_invalid},
      {with([](parts& p) { p.key = ""; }), error::key_missing},
      {with([](parts& p) { p.key[0] ^= 1; }), error::key_invalid},
      {with([](parts& p) { p.key.pop_back(); }), error::key_invalid},
      {with([&](parts& p) { p.key = other_key; }), error::key_mismatch},
      {with([&](parts& p) { p.key = locked; }), error::key_encrypted},
      {with([](parts& p) { p.crl = p.ca; }), error::crl_invalid},
      {with([](parts& p) { p.psk = std::string(13, 'k'), p.psk_identity = "board"; }), error::psk_invalid},
      {with([](parts& p) { p.psk = std::string(16, 'k'); }), error::psk_invalid},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    board one{rows[i].first};
    ASSERT_FALSE(one.opened) << "row " << i;
    EXPECT_EQ(one.opened.error(), make_fault(rows[i].second)) << "row " << i << ": " << line(one.opened.error());
    EXPECT_THAT(line(one.opened.error()), HasSubstr(tls::remedy(rows[i].second)));
  }
}

TEST(secure_channel, looks_at_no_certificate_that_it_is_not_to_present) {
  board one{with([](parts& p) { p.client_authentication = false, p.key = "nonsense"; })};
  ASSERT_TRUE(one.opened);
  server asks{{.wants_client_certificate = true}}, does_not{{}};
  one.meets(does_not);
  EXPECT_TRUE(one.secured);
  one.meets(asks);
  ASSERT_TRUE(one.closed);
  EXPECT_TRUE(is(*one.closed, tls::error::client_certificate_required)) << line(*one.closed);
}

TEST(secure_channel, shows_its_certificate_and_carries_both_ways) {
  board one{good()};
  ASSERT_TRUE(one.opened);
  server s{{.wants_client_certificate = true}};
  one.meets(s);
  ASSERT_TRUE(one.secured);
  EXPECT_TRUE(one.secured->verified);
  EXPECT_EQ(one.chain, 0u);
  EXPECT_EQ(one.cipher().write(as_bytes("up"), {}), 2u);
  s.write("down");
  one.talk(s);
  EXPECT_EQ(s.received, "up");
  EXPECT_EQ(one.received, "down");
  s.shutdown();
  one.talk(s);
  ASSERT_TRUE(one.closed);
  EXPECT_TRUE(is(*one.closed, tls::error::closed_by_peer));
}

TEST(secure_channel, trusts_nobody_but_who_the_image_names) {
  struct {
    parts made_of;
    const char* host;
    tls::verdict expected;
  } const rows[] = {
      {with([](parts& p) { p.ca = der(the_world().foreign.certificate.get()); }), "broker.lab",
       tls::verdict::intermediate_missing},
      {good(), "other.lab", tls::verdict::wrong_name},
      {with([](parts& p) { p.crl = crl(the_world().authority, {the_world().broker.certificate.get()}, true); }),
       "broker.lab", tls::verdict::revoked},
  };
  for (const auto& row : rows) {
    board one{row.made_of};
    ASSERT_TRUE(one.opened) << line(one.opened.error());
    server s{{}};
    one.meets(s, row.host);
    ASSERT_TRUE(one.closed);
    EXPECT_EQ(one.closed->code, static_cast<std::uint16_t>(tls::error_of(row.expected))) << line(*one.closed);
  }
}

TEST(secure_channel, keeps_a_session_over_a_reset_and_uses_it_once) {
  chip_in_memory chip;
  server s{{.wants_client_certificate = true}};
  for (int reset = 0; reset < 3; ++reset) {
    board one{good(), &chip};
    ASSERT_TRUE(one.opened);
    for (int connection = 0; connection < 2; ++connection) {
      one.meets(s);
      ASSERT_TRUE(one.secured);
      EXPECT_EQ(one.secured->resumed, reset + connection != 0);
      EXPECT_EQ(s.resumed(), one.secured->resumed);
      EXPECT_FALSE(chip.is_empty());
    }
  }
  board one{good(), &chip};
  ASSERT_TRUE(one.cipher().set_peer("broker.lab"));
  one.cipher().opened({});
  EXPECT_FALSE(one.cipher().pending({}).empty());
  EXPECT_TRUE(chip.is_empty()) << "a ticket is used once (RFC 8446 C.4)";
}

TEST(secure_channel, begins_anew_where_a_session_is_refused_or_of_no_use) {
  server s{{}}, restarted{{}};
  chip_in_memory kept;
  {
    board first{good(), &kept};
    first.meets(s);
    ASSERT_TRUE(first.secured);
  }
  const auto resumes = [&](const parts& made_of, server& with_whom, auto spoil, const char* host = "broker.lab") {
    chip_in_memory chip = kept;
    spoil(chip.cells);
    board later{made_of, &chip};
    later.meets(with_whom, host);
    EXPECT_TRUE(later.secured);
    return later.secured && later.secured->resumed;
  };
  const auto as_it_is = [](std::string&) {};
  EXPECT_TRUE(resumes(good(), s, as_it_is));
  EXPECT_FALSE(resumes(good(), restarted, as_it_is)) << "the server has forgotten";
  EXPECT_FALSE(resumes(good(), s, as_it_is, "a.example")) << "another host";
  EXPECT_FALSE(resumes(good(), s, [](std::string& cells) { cells[40] ^= 1; })) << "a bit has changed";
  EXPECT_FALSE(resumes(with([](parts& p) { p.client_authentication = false; }), s, as_it_is)) << "another client";
  EXPECT_FALSE(resumes(with([](parts& p) { p.ca += der(the_world().foreign.certificate.get()); }), s, as_it_is))
      << "other authorities";
}

TEST(secure_channel, says_secrets_on_the_console_only_when_it_is_told_to) {
  server s{{}};
  for (const std::uint32_t level : {0u, 1u, 2u, 3u}) {
    board one{with([&](parts& p) { p.debug_level = level; })};
    one.meets(s);
    ASSERT_TRUE(one.secured);
    EXPECT_EQ(one.panel.said("CLIENT_TRAFFIC_SECRET_0 "), level == 3) << level;
    EXPECT_EQ(one.chain, level == 0 ? 0u : 3u) << level;
  }
}

TEST(secure_channel, of_a_pre_shared_key_needs_no_authority) {
  const std::string key(32, 'k');
  board one{{.psk_identity = "board", .psk = key, .client_authentication = false}};
  ASSERT_TRUE(one.opened);
  server knows{{.own = nullptr, .chain = {}, .highest = TLS1_2_VERSION, .psk_identity = "board", .psk = key}};
  one.meets(knows);
  EXPECT_TRUE(one.secured);
  server does_not{{.own = nullptr, .chain = {}, .highest = TLS1_2_VERSION, .psk_identity = "other", .psk = key}};
  one.meets(does_not);
  ASSERT_TRUE(one.closed);
  EXPECT_TRUE(is(*one.closed, tls::error::psk_refused)) << line(*one.closed);
}

TEST(secure_channel, tells_that_its_pool_is_too_small_for_the_image) {
  const world& w = the_world();
  board one{with([&](parts& p) {
    for (int i = 0; i < 200; ++i) p.ca += der(w.root.certificate.get());
  })};
  ASSERT_FALSE(one.opened);
  EXPECT_TRUE(is(one.opened.error(), tls::error::out_of_memory)) << line(one.opened.error());
}

TEST(secure_channel, tells_that_its_pool_is_too_small_for_a_connection_and_recovers) {
  board one{good()};
  ASSERT_TRUE(one.opened);
  server s{{}};
  std::vector<void*> taken;
  while (void* piece = recado_tls_allocate(1, 1000)) taken.push_back(piece);
  one.meets(s);
  ASSERT_TRUE(one.closed);
  EXPECT_TRUE(is(*one.closed, tls::error::out_of_memory)) << line(*one.closed);
  for (void* each : taken) recado_tls_release(each);
  one.meets(s);
  EXPECT_TRUE(one.secured);
}

}  // namespace
}  // namespace recado::firmware
