// Bytes over lwIP under pressure: full buffers, a closed window, memory that has run out, lost and doubled segments.
// Whatever happens, each byte arrives once and in its order.
#include <recado/drive/lwip/connection_for_tests.hpp>

namespace recado::lwip {
namespace {

class tcp_transfer_over_lwip : public on_a_connection {
 protected:
  /// Gives `all` as a machine does, from what isn't taken yet, until the peer has all of it; answers what it got.
  std::string transfers(const std::string& all, unsigned turns_max = 2000) {
    std::string got;
    std::size_t done = 0;
    for (unsigned turn = 0; turn < turns_max && done < all.size(); ++turn) {
      done += sends(std::string_view{all}.substr(done));
      const std::string heard = hears_data();
      got += heard;
      if (!heard.empty()) acknowledges();
      else passes(50ms);
    }
    EXPECT_EQ(done, all.size());
    return got;
  }
};

TEST_F(tcp_transfer_over_lwip, a_short_piece_is_copied_and_may_be_overwritten) {
  ASSERT_NO_FATAL_FAILURE(connects());
  std::string piece(127, 'a');
  EXPECT_EQ(sends(piece), 127u);
  EXPECT_EQ(stream.lent(), 0u);
  EXPECT_EQ(hears().data, std::string(127, 'a'));  // and lost
  piece.assign(127, 'b');
  passes(5s);
  EXPECT_EQ(hears().data, std::string(127, 'a'));
}

TEST_F(tcp_transfer_over_lwip, a_lent_piece_is_sent_once_all_of_it_is_acknowledged) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string piece = pattern(128);
  EXPECT_EQ(sends(piece), 0u);
  EXPECT_EQ(sends(piece), 0u) << "the same again is nothing new";
  EXPECT_EQ(stream.lent(), 128u);
  EXPECT_EQ(hears_data(), piece);
  passes(5s);
  EXPECT_EQ(net.wire.heard.front().data, piece) << "again from its own place";
  (void)hears_data();
  acknowledges();
  EXPECT_EQ(sends(piece), 128u);
  EXPECT_EQ(stream.lent(), 0u);
}

// lwIP counts whole segments.
TEST_F(tcp_transfer_over_lwip, parts_of_what_was_lent_are_answered_as_they_are_acknowledged) {
  ASSERT_NO_FATAL_FAILURE(connects());
  std::string out = pattern(2000);
  EXPECT_EQ(sends(out), 0u);
  EXPECT_EQ(hears_data(), out);
  const std::uint32_t end = our_next;
  for (const auto& [acknowledged, counted] : {std::pair{100u, 0u}, {1459u, 0u}, {1460u, 1460u}, {1460u, 0u}}) {
    our_next = end - 2000 + acknowledged;
    acknowledges();
    EXPECT_EQ(sends(out), counted);
    out.erase(0, counted);
  }
  EXPECT_EQ(stream.lent(), 540u);
  const std::string more = "and what was appended meanwhile";
  our_next = end;
  EXPECT_EQ(sends(out + more), 0u);
  EXPECT_EQ(stream.lent(), 540u + more.size()) << "behind what is lent, short pieces are lent, too";
  EXPECT_EQ(hears_data(), more);
  acknowledges();
  EXPECT_EQ(sends(out + more), 540u + more.size());
}

TEST_F(tcp_transfer_over_lwip, more_than_the_buffer_holds_goes_in_parts) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string all = pattern(20'000);
  EXPECT_EQ(sends(all), 0u);
  EXPECT_EQ(stream.lent(), std::size_t{TCP_SND_BUF});
  EXPECT_EQ(sends(all), 0u);
  EXPECT_EQ(stream.lent(), std::size_t{TCP_SND_BUF});
  EXPECT_EQ(hears_data(), all.substr(0, TCP_SND_BUF));
  acknowledges();
  EXPECT_EQ(sends(all), std::size_t{TCP_SND_BUF});
  EXPECT_EQ(hears_data() + transfers(all.substr(TCP_SND_BUF)), all.substr(TCP_SND_BUF));
}

TEST_F(tcp_transfer_over_lwip, a_queue_that_is_full_of_small_pieces_takes_no_more) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string all = pattern(200);
  std::size_t done = 0;
  for (std::size_t taken = 1; taken != 0 && done < all.size(); done += taken) taken = sends(all.substr(done, 1));
  EXPECT_GT(done, 3u);
  EXPECT_LT(done, all.size());
  std::string got = hears_data();
  acknowledges();
  while (done < all.size()) {
    const std::size_t taken = sends(all.substr(done, 1));
    done += taken;
    got += hears_data();
    if (taken == 0) acknowledges();
  }
  EXPECT_EQ(got, all);
}

TEST_F(tcp_transfer_over_lwip, a_window_of_nothing_is_waited_out) {
  ASSERT_NO_FATAL_FAILURE(connects());
  window = 0;
  acknowledges();
  const std::string all = pattern(700);
  EXPECT_EQ(sends(all), 0u);
  EXPECT_EQ(hears_data(), "");
  const std::uint32_t edge = our_next;
  passes(60s);
  const std::string asked = hears_data();
  EXPECT_FALSE(asked.empty()) << "the window is asked for";
  EXPECT_EQ(asked, std::string(asked.size(), all[0])) << "by the first byte, again and again";
  our_next = edge;
  window = 8000;
  acknowledges();
  EXPECT_EQ(hears_data(), all);
  acknowledges();
  EXPECT_EQ(sends(all), 700u);
}

TEST_F(tcp_transfer_over_lwip, a_window_smaller_than_the_piece_is_kept) {
  ASSERT_NO_FATAL_FAILURE(connects());
  window = 100;
  acknowledges();
  const std::string all = pattern(1000);
  std::string got;
  EXPECT_EQ(sends(all), 0u);
  for (int i = 0; i < 200 && got.size() < all.size(); ++i) {
    const std::string part = hears_data();
    EXPECT_LE(part.size(), 100u);
    got += part;
    if (part.empty()) passes(500ms);
    else acknowledges();
  }
  EXPECT_EQ(got, all);
}

// Of each kind of memory that a segment needs, all is taken away, and given back.
TEST_F(tcp_transfer_over_lwip, memory_that_has_run_out_loses_nothing) {
  for (const memp_t pool : {MEMP_TCP_SEG, MEMP_PBUF}) {
    for (const std::size_t size : {100u, 1000u}) {
      ASSERT_NO_FATAL_FAILURE(connects());
      std::vector<void*> taken;
      while (void* one = memp_malloc(pool)) taken.push_back(one);
      const std::string all = pattern(size);
      const std::size_t before = sends(all);
      for (void* each : taken) memp_free(pool, each);
      std::string got = hears_data();
      if (!got.empty()) acknowledges();
      got += transfers(all.substr(before));
      EXPECT_EQ(got, all) << pool << ' ' << size;
      drops();
    }
  }
}

TEST_F(tcp_transfer_over_lwip, a_heap_that_has_run_out_loses_nothing) {
  for (const std::size_t size : {100u, 1000u}) {
    ASSERT_NO_FATAL_FAILURE(connects());
    std::vector<void*> taken;
    for (mem_size_t piece = 1024; piece >= 16; piece = static_cast<mem_size_t>(piece / 2))
      while (void* one = mem_malloc(piece)) taken.push_back(one);
    const std::string all = pattern(size);
    const std::size_t before = sends(all);
    EXPECT_EQ(hears_data(), "") << "not even a header has room";
    for (void* each : taken) mem_free(each);
    EXPECT_EQ(transfers(all.substr(before)), all.substr(before));
    drops();
  }
}

TEST_F(tcp_transfer_over_lwip, a_controller_without_room_loses_nothing) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const auto dropped = net.local.counted().dropped;
  net.wire.refuses = 3;
  const std::string all = pattern(5000);
  EXPECT_EQ(transfers(all), all);
  EXPECT_EQ(net.local.counted().dropped, dropped + 3);
}

// Nine buffers of 640 bytes: less than the window of 2,920 in pieces of 100.
TEST_F(tcp_transfer_over_lwip, what_comes_while_no_buffer_is_free_waits_in_the_controller) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string all = pattern(2900);
  for (std::size_t at = 0; at < all.size(); at += 100) says(all.substr(at, 100));
  EXPECT_EQ(used(MEMP_PBUF_POOL), unsigned{PBUF_POOL_SIZE});
  EXPECT_FALSE(net.wire.coming.empty());
  std::string got;
  for (int i = 0; i < 100 && got.size() < all.size(); ++i) got += receives(64), settle();
  EXPECT_EQ(got, all);
  EXPECT_EQ(stream.available(), 0u);
}

TEST_F(tcp_transfer_over_lwip, chains_of_buffers_are_read_over_their_borders) {
  for (const std::size_t room : {1u, 7u, 639u, 640u, 641u, 2000u}) {
    ASSERT_NO_FATAL_FAILURE(connects());
    const std::string all = pattern(2600, static_cast<unsigned>(room));
    says(all.substr(0, 1460)), says(all.substr(1460));
    EXPECT_EQ(stream.available(), all.size());
    std::string got;
    while (stream.available() != 0) {
      const std::size_t before = stream.available();
      const std::string part = receives(room);
      ASSERT_EQ(part.size(), std::min(room, before));
      got += part;
      EXPECT_EQ(stream.available(), before - part.size());
    }
    EXPECT_EQ(got, all);
    EXPECT_EQ(receives(), "");
    settle();
    EXPECT_EQ(used(MEMP_PBUF_POOL), 0u);
    drops();
  }
}

TEST_F(tcp_transfer_over_lwip, the_window_closes_when_nobody_reads_and_opens_again) {
  ASSERT_NO_FATAL_FAILURE(connects());
  says(pattern(1460)), says(pattern(1460));
  std::uint16_t least = 0xffff;
  while (!net.wire.heard.empty()) least = std::min(least, hears().window);
  EXPECT_EQ(least, 0u);
  EXPECT_EQ(receives().size(), 2920u);
  passes(1s);
  std::uint16_t last = 0;
  while (!net.wire.heard.empty()) last = hears().window;
  EXPECT_EQ(last, unsigned{TCP_WND});
}

TEST_F(tcp_transfer_over_lwip, segments_late_doubled_or_out_of_order_are_read_once_in_order) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string all = pattern(300);
  const std::uint32_t begin = their_next;
  const std::size_t order[] = {100, 200, 100, 0, 0, 200};
  for (const std::size_t at : order) {
    their_next = begin + static_cast<std::uint32_t>(at);
    says(all.substr(at, 100));
  }
  their_next = begin + 300;
  EXPECT_EQ(receives(), all);
}

TEST_F(tcp_transfer_over_lwip, nothing_into_no_memory_is_no_end) {
  ASSERT_NO_FATAL_FAILURE(connects());
  EXPECT_EQ(stream.receive({}, net.now), 0u);
  says("x", ack | psh | fin);
  EXPECT_EQ(stream.receive({}, net.now), 0u);
  EXPECT_EQ(receives(), "x");
  EXPECT_EQ(stream.receive({}, net.now), 0u);
  EXPECT_EQ(fails_to_receive(), only(stream_error::closed_by_peer));
}

}  // namespace
}  // namespace recado::lwip
