// The descriptor rings against the model of the DMA: order, wrap, no room, errors, and frames that are read late.
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "ethernet_model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

constexpr receive_ring::layout receive_layout(unsigned descriptors, unsigned buffers) {
  return {ethernet_model::receive_at, descriptors, ethernet_model::receive_buffers_at, ethernet_model::stride, buffers};
}
constexpr transmit_ring::layout transmit_layout(unsigned count) {
  return {ethernet_model::transmit_at, count, ethernet_model::transmit_buffers_at, ethernet_model::stride};
}
std::string numbered(unsigned i) { return "frame " + std::to_string(i) + std::string(60 + i % 900, 'x'); }

/// The MAC, running.
class rings : public ::testing::Test {
 protected:
  void open(unsigned descriptors, unsigned buffers, unsigned sending = 4) {
    in.emplace(receive_layout(descriptors, buffers));
    out.emplace(transmit_layout(sending));
    mac.emplace(*in, *out);
    ASSERT_TRUE(mac->start({}, 260));
  }
  std::string text_of(const receive_ring::frame& which) {
    return chip.text(ethernet_model::receive_buffers_at + which.buffer * ethernet_model::stride, which.size);
  }
  bool send(const std::string& frame) {
    const auto slot = out->room();
    if (!slot) return false;
    std::memcpy(chip.memory(ethernet_model::transmit_buffers_at + *slot * ethernet_model::stride), frame.data(),
                frame.size());
    out->send(static_cast<std::uint32_t>(frame.size()), checksums::none);
    return true;
  }

  ethernet_model chip;
  std::optional<receive_ring> in;
  std::optional<transmit_ring> out;
  std::optional<ethernet_mac> mac;
};

TEST_F(rings, receive_in_order_around_the_end_of_every_size) {
  for (unsigned n = 2; n <= receive_ring::descriptors_max; ++n) {
    SCOPED_TRACE(n);
    open(n, n + 4);
    for (unsigned i = 0; i < 5 * n; ++i) {
      ASSERT_TRUE(chip.arrives(numbered(i)));
      const auto found = in->take();
      ASSERT_TRUE(found);
      EXPECT_EQ(text_of(*found), numbered(i));
      in->give_back(found->buffer);
      EXPECT_FALSE(in->take());
    }
    EXPECT_EQ(in->counted().taken, 5 * n);
  }
}

// original defect 42: a frame that is still being read is never written over, whatever comes meanwhile.
TEST_F(rings, receive_nothing_into_a_buffer_that_is_still_lent) {
  open(4, 7);
  std::vector<std::pair<receive_ring::frame, std::string>> lent;
  unsigned sent = 0, lost = 0;
  for (; sent < 40; ++sent) {
    if (!chip.arrives(numbered(sent))) ++lost;
    if (const auto found = in->take()) lent.emplace_back(*found, text_of(*found));
  }
  EXPECT_GT(lost, 0U) << "somewhere all are full";
  EXPECT_EQ(lent.size() + lost, sent);
  std::set<unsigned> different;
  for (const auto& [which, text] : lent) {
    EXPECT_EQ(text_of(which), text) << "buffer " << which.buffer << " was written over";
    different.insert(which.buffer);
  }
  EXPECT_EQ(different.size(), lent.size());
  EXPECT_TRUE(mac->poll() == false && mac->counted().ran_dry == 1) << "it says so";
  // As soon as one comes back, frames come again.
  for (const auto& each : lent) in->give_back(each.first.buffer);
  for (unsigned i = 100; i < 120; ++i) {
    ASSERT_TRUE(chip.arrives(numbered(i))) << i;
    const auto found = in->take();
    ASSERT_TRUE(found);
    EXPECT_EQ(text_of(*found), numbered(i));
    in->give_back(found->buffer);
  }
}

TEST_F(rings, receive_bursts_as_long_as_the_ring_but_one) {
  open(8, 12);
  for (unsigned round = 0; round < 10; ++round) {
    for (unsigned i = 0; i < 7; ++i) ASSERT_TRUE(chip.arrives(numbered(round * 7 + i)));
    EXPECT_FALSE(chip.arrives("one too many, behind the guard"));
    for (unsigned i = 0; i < 7; ++i) {
      const auto found = in->take();
      ASSERT_TRUE(found);
      EXPECT_EQ(text_of(*found), numbered(round * 7 + i));
      in->give_back(found->buffer);
    }
    EXPECT_FALSE(in->take());
  }
}

TEST_F(rings, receive_again_after_having_given_back_out_of_order_and_twice) {
  open(3, 6);
  std::vector<receive_ring::frame> lent;
  for (unsigned i = 0; i < 5; ++i) {
    ASSERT_TRUE(chip.arrives(numbered(i)));
    lent.push_back(*in->take());
  }
  EXPECT_EQ(in->spare(), 0U);
  in->give_back(lent[3].buffer), in->give_back(lent[0].buffer);
  in->give_back(lent[3].buffer), in->give_back(99);
  EXPECT_EQ(in->spare(), 0U);
  in->give_back(lent[4].buffer);
  EXPECT_EQ(in->spare(), 1U) << "what comes back twice counts once";
  EXPECT_EQ(text_of(lent[1]), numbered(1));
  EXPECT_EQ(text_of(lent[2]), numbered(2));
}

TEST_F(rings, receive_only_good_frames) {
  open(4, 8);
  const auto dropped = [this](std::uint32_t status, std::uint32_t checked = 0, std::size_t size = 100) {
    EXPECT_TRUE(chip.arrives(std::string(size, 'x'), status, checked));
    EXPECT_FALSE(in->take());
  };
  constexpr std::uint32_t whole = eth::first | eth::last;
  dropped(whole | eth::receive_error);
  dropped(whole, 0, 13);
  EXPECT_EQ(in->counted().errors, 2U);
  dropped(eth::first);
  dropped(0);
  dropped(eth::last);
  EXPECT_EQ(in->counted().in_pieces, 3U);
  dropped(whole, eth::receive_header_error);
  dropped(whole, eth::receive_payload_error);
  EXPECT_EQ(in->counted().bad_checksum, 2U);
  dropped(whole | eth::context);
  EXPECT_TRUE(chip.arrives(numbered(1), whole, bit(4)));
  EXPECT_TRUE(in->take()) << "an IPv4 frame whose sums are right";
  EXPECT_EQ(in->counted().taken, 1U);
}

TEST_F(rings, skip_what_is_damaged_and_take_what_is_behind_it) {
  open(4, 8);
  chip.arrives(numbered(1), eth::first | eth::last | eth::receive_error);
  chip.arrives(numbered(2), eth::first);
  chip.arrives(numbered(3));
  const auto found = in->take();
  ASSERT_TRUE(found);
  EXPECT_EQ(text_of(*found), numbered(3));
}

TEST_F(rings, keep_what_is_lent_over_a_restart) {
  open(4, 7);
  ASSERT_TRUE(chip.arrives(numbered(1)));
  const auto kept = in->take();
  ASSERT_TRUE(chip.arrives(numbered(2)));
  chip.at(eth::dmacsr) |= eth::fbe | eth::ais;
  EXPECT_TRUE(mac->poll()) << "a bus error ends it";
  EXPECT_EQ(mac->counted().bus_errors, 1U);
  ASSERT_TRUE(mac->start({}, 260));
  for (unsigned i = 0; i < 20; ++i) {
    ASSERT_TRUE(chip.arrives(numbered(i)));
    in->give_back(in->take()->buffer);
  }
  EXPECT_EQ(text_of(*kept), numbered(1));
  in->give_back(kept->buffer);
  EXPECT_EQ(in->spare(), 3U) << "none is lost";
}

TEST_F(rings, send_in_order_around_the_end_of_every_size) {
  for (unsigned n = 2; n <= 8; ++n) {
    open(2, 4, n);
    chip.sent.clear();
    for (unsigned i = 0; i < 5 * n; ++i) {
      ASSERT_TRUE(send(numbered(i)));
      ASSERT_EQ(chip.sent.back(), numbered(i));
    }
    EXPECT_TRUE(out->room());
    EXPECT_EQ(out->counted().sent, 5 * n);
  }
}

TEST_F(rings, send_no_more_than_there_is_room_for_and_lose_nothing) {
  open(2, 4, 4);
  chip.wire_free = false;
  unsigned taken = 0, tried = 0;
  for (; tried < 6; ++tried)
    if (send(numbered(taken))) ++taken;
  EXPECT_EQ(taken, 3U);
  EXPECT_EQ(out->in_flight(), 3U);
  EXPECT_EQ(out->counted().full, 3U);
  EXPECT_TRUE(chip.sent.empty());
  chip.wire_free = true, chip.transmit();
  for (; taken < 20; ++taken) ASSERT_TRUE(send(numbered(taken)));
  ASSERT_EQ(chip.sent.size(), 20U);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(chip.sent[i], numbered(i));
}

// original defect 43: a transmission that failed went unnoticed
TEST_F(rings, count_what_could_not_be_sent) {
  open(2, 4, 4);
  chip.transmit_status = eth::transmit_error;
  ASSERT_TRUE(send(numbered(1)));
  EXPECT_TRUE(out->room());
  EXPECT_EQ(out->counted().failed, 1U);
  chip.wire_free = false;
  ASSERT_TRUE(send(numbered(2)));
  ASSERT_TRUE(mac->start({}, 260));
  EXPECT_EQ(out->counted().failed, 2U) << "what was on its way when it was reset";
  EXPECT_EQ(out->in_flight(), 0U);
}

bytes as_frame(const std::vector<unsigned char>& octets) { return std::as_bytes(std::span{octets}); }

TEST(checksum_offload, leaves_to_the_stack_what_the_mac_does_not_know) {
  std::vector<unsigned char> frame(60);
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::none);
  frame[12] = 0x08, frame[13] = 0x06;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::none) << "ARP";
  frame[13] = 0x00, frame[14] = 0x45, frame[23] = 6;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::all) << "TCP";
  frame[20] = 0x40;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::all) << "don't fragment";
  frame[23] = 17;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::all) << "UDP";
  frame[23] = 1;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::header) << "ICMP";
  frame[23] = 17, frame[20] = 0x20;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::header) << "first fragment";
  frame[20] = 0, frame[21] = 185;
  EXPECT_EQ(checksums_for(as_frame(frame)), checksums::header) << "later fragment";
  EXPECT_EQ(checksums_for(as_frame(frame).first(33)), checksums::none);
}

// original defect 43: checksums were computed twice
TEST_F(rings, ask_the_mac_for_the_checksums) {
  open(2, 4, 4);
  for (const checksums each : {checksums::none, checksums::header, checksums::all}) {
    ASSERT_TRUE(out->room());
    out->send(60, each);
  }
  EXPECT_EQ(chip.checksum_wanted, (std::vector<std::uint32_t>{0, 1, 3}));
}

}  // namespace
}  // namespace recado::nucleo_h723zg
