// An NTP client, its driver and its servers in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include <recado/core/text.hpp>
#include <recado/ntp/client.hpp>

namespace recado::ntp {

using namespace std::chrono_literals;
using std::chrono::seconds;

class seeded_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (std::byte& octet : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      octet = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_ = 1;
};

constexpr std::int64_t build_s = 1795369932;       // 2026-11-22 17:52:12 UTC
constexpr std::int64_t era_1_begins = 2085978496;  // 2036-02-07 06:28:16 UTC
inline const utc_time build{seconds{build_s}};

struct query_out {
  std::uint16_t port = 0;
  endpoint peer;
  packet what;
  instant when;
};

class ntp_client : public ::testing::Test {
 protected:
  void SetUp() override { client_.opened(now); }
  static endpoint server(std::uint8_t number) { return {ip_address::v4(10, 0, 0, number), server_port}; }

  void start(std::vector<std::uint8_t> numbers = {1}, unsigned samples = 1) {
    how.samples = samples;
    std::vector<endpoint> list;
    for (std::uint8_t number : numbers) list.push_back(server(number));
    ASSERT_TRUE(client_.start(list, how, now));
    turn();
  }
  /// What a driver does until nothing moves any more.
  void turn(datagram in = {}) {
    for (auto event = client_.receive(in, now); event; event = client_.receive(in, now)) {
      ++events;
      if (const auto* good = std::get_if<synchronised>(&*event)) result = *good;
      else why = std::get<failed>(*event).why;
    }
    while (const auto out = client_.pending(now)) {
      EXPECT_EQ(out->payload.size(), packet_octets);
      const auto what = decode(out->payload);
      ASSERT_TRUE(what);
      sent.push_back({out->local_port, out->peer, *what, now});
      client_.sent(now);
    }
  }
  void wait() {
    ASSERT_NE(client_.deadline(), never);
    now = std::max(now, client_.deadline());
    turn();
  }
  utc_time true_time(instant when) const { return truth + (when - instant{1h}); }
  /// A good answer to the last query, that takes `there` and `back` on the way.
  packet answer(duration there = 10ms, duration work = 1ms) const {
    packet reply;
    reply.set_first(leap::none, 4, mode::server);
    reply.stratum = 2;
    reply.root_delay = short_time{0x100};
    reply.root_dispersion = short_time{0x200};
    reply.origin = sent.back().what.transmitted;
    reply.received = to_timestamp(true_time(sent.back().when + there));
    reply.transmitted = to_timestamp(true_time(sent.back().when + there + work));
    reply.reference = to_timestamp(true_time(sent.back().when) - 30s);
    return reply;
  }
  void hear(const packet& what) {
    std::array<std::byte, packet_octets> octets{};
    encode(what, octets);
    turn({sent.back().port, sent.back().peer, octets, now});
  }
  void hear_after(duration there, duration back) {
    const packet what = answer(there);
    now = sent.back().when + there + 1ms + back;
    hear(what);
  }
  bool nothing_yet() const { return events == 0; }

  seeded_entropy random;
  client client_{random};
  options how{.earliest = build};
  instant now{1h};
  utc_time truth = build + 24h;
  std::vector<query_out> sent;
  synchronised result;
  fault why;
  int events = 0;
};

/// A kiss-o'-death in place of an answer.
inline packet kiss(packet reply, std::string_view code, std::uint8_t poll = 0) {
  reply.set_first(leap::unknown, 4, mode::server);
  reply.stratum = 0;
  reply.poll = poll;
  reply.reference_id = 0;
  for (char c : code) reply.reference_id = reply.reference_id << 8 | static_cast<unsigned char>(c);
  return reply;
}

}  // namespace recado::ntp
