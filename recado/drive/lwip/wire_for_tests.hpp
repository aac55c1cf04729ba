// A cable in memory with somebody at its other end who says and hears single segments, so that a test decides what is
// lost, late, refused or too much. lwIP is there once for the program, and so is the interface; time is the test's.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <lwip/memp.h>
#include <lwip/pbuf.h>
#include <lwip/stats.h>
#include <lwip/tcp.h>

#include <recado/drive/internet_checksum.hpp>
#include <recado/drive/lwip/clock.hpp>
#include <recado/drive/lwip/interface.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::lwip {

using namespace std::chrono_literals;

/// TCP's flags, as on the wire.
enum flag : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16 };

/// One TCP segment, or one UDP datagram (then without the numbers).
struct segment {
  std::uint16_t from = 0, to = 0;
  std::uint32_t sequence = 0, acknowledged = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::string data;
  std::uint32_t source = 0, destination = 0;  ///< addresses; 0: those of the test's network

  bool has(std::uint8_t which) const { return (flags & which) == which; }
};

inline constexpr std::uint32_t own_address = 0x0a'00'00'02, peer_address = 0x0a'00'00'01;
inline constexpr mac_address hardware(std::uint8_t last) { return {{std::byte{2}, {}, {}, {}, {}, std::byte{last}}}; }
inline constexpr mac_address own_hardware = hardware(2), peer_hardware = hardware(1);

/// The controller, its cable, and the host at the other end.
class wire_in_memory final : public ethernet {
 public:
  mac_address address() const override { return own_hardware; }
  bool link_is_up() override { return up; }
  bool send(const pbuf& frame) override {
    if (refuses > 0) return --refuses, false;
    std::string all(frame.tot_len, 0);
    pbuf_copy_partial(&frame, all.data(), frame.tot_len, 0);
    if (up) hear(all.substr(ETH_PAD_SIZE));
    return true;
  }
  // Without a buffer the frame waits, as in a controller's own memory.
  pbuf* receive() override {
    if (coming.empty()) return nullptr;
    const std::string& next = coming.front();
    pbuf* const frame = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(next.size() + ETH_PAD_SIZE), PBUF_POOL);
    if (frame == nullptr) return nullptr;
    (void)pbuf_take_at(frame, next.data(), static_cast<u16_t>(next.size()), ETH_PAD_SIZE);
    coming.pop_front();
    return frame;
  }

  /// The peer says this.
  void says(const segment& what) { coming.push_back(tcp_frame(what)); }
  void says_datagram(const segment& what) { coming.push_back(udp_frame(what)); }
  void says_arp(const arp_packet& what) {
    std::string frame(arp_frame_bytes, 0);
    (void)make_arp_frame(what, std::as_writable_bytes(std::span{frame}));
    coming.push_back(frame);
  }

  std::deque<std::string> coming;  ///< frames on their way here
  std::deque<segment> heard;       ///< TCP that went out
  std::deque<segment> datagrams;   ///< UDP that went out
  std::vector<arp_packet> arp;     ///< ARP that went out; the peer answers questions for it
  bool up = true;
  int refuses = 0;  ///< frames that the controller has no room for

 private:
  /// An Ethernet frame with an IPv4 packet with `size` bytes, which `write` puts there, summed where its header says.
  template <class Write>
  static std::string packet(const segment& what, std::uint8_t protocol, std::size_t size, Write write) {
    std::string frame(14 + 20 + size, 0);
    wire::writer out{std::as_writable_bytes(std::span{frame})};
    out.put(own_hardware.octets), out.put(peer_hardware.octets), out.u16(0x0800);
    out.u16(0x4500), out.u16(static_cast<std::uint16_t>(20 + size)), out.u32(0x0001'0000);
    out.u8(64), out.u8(protocol), out.u16(0), out.u32(source_of(what)), out.u32(destination_of(what));
    write(out);
    sum_up(frame, 14, 20, 10, 0);
    return frame;
  }
  static std::uint32_t source_of(const segment& what) { return what.source == 0 ? peer_address : what.source; }
  static std::uint32_t destination_of(const segment& what) {
    return what.destination == 0 ? own_address : what.destination;
  }
  /// Puts the checksum of `size` bytes from `begin` at `place` of them; `more` is what a pseudo header adds.
  static void sum_up(std::string& frame, std::size_t begin, std::size_t size, std::size_t place, std::uint32_t more) {
    std::uint32_t sum = internet_checksum(as_bytes(frame).subspan(begin, size)) + more;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    const auto result = static_cast<std::uint16_t>(~sum);
    std::memcpy(frame.data() + begin + place, &result, sizeof result);
  }
  static std::string tcp_frame(const segment& what) {
    const std::size_t options = what.has(syn) ? 4 : 0, size = 20 + options + what.data.size();
    std::string frame = packet(what, 6, size, [&](wire::writer& out) {
      out.u16(what.from), out.u16(what.to), out.u32(what.sequence), out.u32(what.acknowledged);
      out.u8(static_cast<std::uint8_t>((5 + options / 4) << 4)), out.u8(what.flags), out.u16(what.window);
      out.u32(0);
      if (options != 0) out.u32(0x0204'05b4);  // segments of 1,460 bytes
      out.put(as_bytes(what.data));
    });
    std::array<std::byte, 12> pseudo{};
    wire::writer out{pseudo};
    out.u32(source_of(what)), out.u32(destination_of(what)), out.u16(6), out.u16(static_cast<std::uint16_t>(size));
    sum_up(frame, 34, size, 16, internet_checksum(pseudo));
    return frame;
  }
  static std::string udp_frame(const segment& what) {  // without a sum, which is allowed (RFC 768)
    const std::size_t size = 8 + what.data.size();
    return packet(what, 17, size, [&](wire::writer& out) {
      out.u16(what.from), out.u16(what.to), out.u16(static_cast<std::uint16_t>(size)), out.u16(0);
      out.put(as_bytes(what.data));
    });
  }

  void hear(const std::string& frame) {
    if (const auto packet = read_arp_frame(as_bytes(frame))) return hear_arp(*packet);
    wire::reader in{as_bytes(frame)};
    (void)in.take(12);
    if (in.u16() != 0x0800) ADD_FAILURE() << "a frame of an unknown kind";
    else hear_ip(frame.substr(14));
  }
  void hear_arp(const arp_packet& packet) {
    arp.push_back(packet);
    const auto peer = ip_address::v4(peer_address);
    if (packet.what != arp_packet::operation::request || packet.target != peer || packet.sender == peer) return;
    says_arp({arp_packet::operation::reply, peer_hardware, peer, packet.sender_mac, packet.sender});
  }
  void hear_ip(const std::string& packet) {
    wire::reader in{as_bytes(packet)};
    (void)in.take(2);
    const std::size_t whole = in.u16();
    (void)in.take(5);
    const unsigned protocol = in.u8();
    (void)in.take(2);
    segment one;
    one.source = in.u32(), one.destination = in.u32();
    one.from = in.u16(), one.to = in.u16();
    if (protocol == 17) {
      one.data = packet.substr(28, whole - 28);
      datagrams.push_back(one);
      return;
    }
    one.sequence = in.u32(), one.acknowledged = in.u32();
    const std::size_t header = (in.u8() >> 4) * std::size_t{4};
    one.flags = in.u8(), one.window = in.u16();
    one.data = packet.substr(20 + header, whole - 20 - header);
    heard.push_back(one);
  }
};

class counting_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (auto& each : out) each = static_cast<std::byte>(++state_ * 37 & 0xff);
  }

 private:
  unsigned state_ = 0;
};

/// The one network of the program, with its clock.
struct network_for_tests {
  wire_in_memory wire;
  counting_entropy random;
  interface local;
  instant now{1h};

  static network_for_tests& get() {
    static network_for_tests* const one = [] {
      auto* const made = new network_for_tests;
      static network_for_tests* known = made;
      start([] { return known->now; }, made->random, [](const char* what) { ADD_FAILURE() << "lwIP: " << what; });
      made->local.open(made->wire, made->random, arp_timing::within(1s));
      return made;
    }();
    return *one;
  }
};

/// A test on that network: with an address, nothing on the wire; at the end all of lwIP's memory has to be back.
class on_a_wire : public testing::Test {
 protected:
  void SetUp() override {
    net.wire.up = true, net.wire.refuses = 0;
    net.wire.coming.clear();
    (void)net.local.link_is_up();
    net.local.apply(lease());
    settle();
    net.wire.heard.clear(), net.wire.datagrams.clear(), net.wire.arp.clear();
  }
  void TearDown() override {
    net.local.withdraw();
    passes(5min);  // what waits for lost segments is given up
    EXPECT_EQ(used(MEMP_PBUF_POOL), 0u) << "frame buffers";
    EXPECT_EQ(used(MEMP_PBUF), 0u) << "references";
    EXPECT_EQ(used(MEMP_TCP_SEG), 0u) << "segments";
    EXPECT_EQ(used(MEMP_TCP_PCB), 0u) << "connections";
    EXPECT_EQ(lwip_stats.mem.used, 0u) << "heap";
  }

  static dhcp::lease lease() {
    dhcp::lease one;
    one.address = ip_address::v4(own_address), one.prefix = 24;
    (void)one.routers.push_back(ip_address::v4(peer_address));
    return one;
  }
  static unsigned used(memp_t pool) { return lwip_stats.memp[pool]->used; }

  /// Lets frames go to and fro until it is quiet.
  void settle() {
    while (net.local.poll()) {
    }
  }
  /// Time goes by, and lwIP's timers with it.
  void passes(duration time) {
    for (const instant end = net.now + time; net.now < end;) {
      net.now = std::min(end, net.now + 50ms);
      run_timers();
      settle();
    }
  }

  network_for_tests& net = network_for_tests::get();
};

}  // namespace recado::lwip
