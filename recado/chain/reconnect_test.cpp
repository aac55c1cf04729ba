// The conductor of one connection in virtual time.
#include <recado/chain/reconnect.hpp>

#include <gtest/gtest.h>

#include <recado/mqtt/error.hpp>
#include <recado/tls/error.hpp>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;
using kind = reconnect_want::kind;
using state = reconnect_state;
using told = reconnect_happening;

class constant_entropy final : public entropy {
 public:
  explicit constant_entropy(std::uint8_t value) : value_(value) {}
  void fill(mutable_bytes out) override {
    for (auto& each : out) each = std::byte{value_};
  }

 private:
  std::uint8_t value_;
};

const fault refused = make_fault(stream_error::refused);
fault by_server(mqtt::reason code, mqtt::error how = mqtt::error::refused) {
  return make_fault(how, static_cast<std::uint32_t>(code));
}

class dialogue {
 public:
  explicit dialogue(const reconnect_policy& how) : conductor(how, random_) {}

  reconnect_want says(const told& what = {}) { return conductor.resume(what, now); }
  void resolves(unsigned number, bool referred = false, const told& after = {}) {
    const reconnect_want next = says(after);
    EXPECT_EQ(next.what, kind::resolve);
    EXPECT_EQ(next.broker, (broker_choice{static_cast<std::uint8_t>(number), referred}));
    EXPECT_EQ(says().what, kind::wait) << "wanted once";
  }
  void opens(unsigned address, const told& after) {
    const reconnect_want next = says(after);
    EXPECT_EQ(next.what, kind::open);
    EXPECT_EQ(next.address, address);
    EXPECT_EQ(says().what, kind::wait) << "wanted once";
  }
  void comes_online(std::uint16_t addresses = 1) {
    opens(0, told::resolved(addresses));
    EXPECT_EQ(says(told::accepted()).what, kind::wait);
    EXPECT_EQ(conductor.state(), state::online);
  }
  /// It waits; the time goes on to the end of the pause.
  duration pauses(const told& after) {
    EXPECT_EQ(says(after).what, kind::wait);
    EXPECT_EQ(conductor.state(), state::pausing);
    EXPECT_EQ(says().until, conductor.retry_at());
    const duration wait = conductor.retry_at() - now;
    now = conductor.retry_at();
    return wait;
  }
  void ends(const told& after) {
    EXPECT_EQ(says(after).what, kind::end);
    EXPECT_EQ(conductor.state(), state::idle);
    EXPECT_EQ(says().what, kind::wait);
    EXPECT_EQ(says().until, never);
  }

  instant now{1h};

 private:
  constant_entropy random_{0x5a};

 public:
  reconnect conductor;
};

TEST(reconnect, tries_each_address_of_each_broker_in_order_and_then_pauses) {
  dialogue line{{.brokers = 2}};
  EXPECT_EQ(line.conductor.state(), state::idle);
  line.resolves(0, false, told::start());
  EXPECT_EQ(line.conductor.state(), state::resolving);
  line.opens(0, told::resolved(3));
  EXPECT_EQ(line.conductor.state(), state::opening);
  line.opens(1, told::failed(refused));
  line.opens(2, told::failed(refused));
  line.resolves(1, false, told::failed(refused));
  EXPECT_EQ(line.conductor.last_fault(), refused);
  EXPECT_GT(line.pauses(told::failed(refused)), 0us) << "the name of the second one isn't known";
  EXPECT_EQ(line.conductor.rounds(), 1u);
  line.resolves(0);
  line.comes_online();
  EXPECT_EQ(line.conductor.rounds(), 0u);
  EXPECT_EQ(line.says().until, never);
}

TEST(reconnect, pauses_longer_and_longer_within_bounds_and_anew_once_it_held) {
  dialogue line{{.retry = {.first = 1s, .longest = 60s}, .stable = 10s}};
  line.resolves(0, false, told::start());
  duration longest{};
  for (int i = 0; i < 12; ++i) {
    const duration wait = line.pauses(told::failed(refused));
    EXPECT_LE(wait, 60s);
    EXPECT_LE(wait, 1s * (1 << std::min(i, 6)));
    longest = std::max(longest, wait);
    line.resolves(0);
  }
  EXPECT_GT(longest, 10s);
  line.comes_online();
  line.now += 9s;  // a broker that lets us in and throws us out isn't hammered
  EXPECT_GT(line.pauses(told::failed(refused)), 10s);
  line.resolves(0);
  line.comes_online();
  line.now += 10s;
  EXPECT_LE(line.pauses(told::failed(refused)), 1s);
}

TEST(reconnect, ends_an_attempt_whose_patience_is_used_up) {
  dialogue line{{.brokers = 2, .patience = 30s}};
  line.resolves(0, false, told::start());
  EXPECT_EQ(line.says().until, line.now + 30s);
  line.now += 20s;
  line.opens(0, told::resolved(2));
  EXPECT_EQ(line.says().until, line.now + 10s) << "name and first address share it";
  line.now += 10s;
  EXPECT_EQ(line.says().what, kind::drop);
  EXPECT_TRUE(is(line.conductor.last_fault(), stream_error::timed_out));
  line.opens(1, {});
  EXPECT_EQ(line.says().until, line.now + 30s) << "each further address has its own";
  line.now += 30s;
  EXPECT_EQ(line.says().what, kind::drop);
  line.resolves(1);
}

TEST(reconnect, gives_up_as_told) {
  dialogue first{{.retry_first = false}};
  first.resolves(0, false, told::start());
  first.ends(told::failed(refused));
  EXPECT_EQ(first.conductor.last_fault(), refused);
  first.resolves(0, false, told::start());
  EXPECT_FALSE(first.conductor.last_fault()) << "a new series";
  first.comes_online();
  first.pauses(told::failed(refused));
  first.resolves(0);
  first.pauses(told::failed(refused));  // only the very first is tried once

  dialogue few{{.rounds_max = 2}};
  few.resolves(0, false, told::start());
  few.pauses(told::failed(refused));
  few.resolves(0);
  few.ends(told::failed(refused));

  dialogue once{{.retry_lost = false}};
  once.resolves(0, false, told::start());
  once.comes_online();
  once.ends(told::failed(refused));
}

TEST(reconnect, does_not_retry_what_is_final) {
  const fault reasons[] = {by_server(mqtt::reason::bad_user_name_or_password),
                           by_server(mqtt::reason::not_authorized),
                           by_server(mqtt::reason::not_authorized, mqtt::error::disconnected),
                           by_server(mqtt::reason::session_taken_over, mqtt::error::disconnected),
                           make_fault(tls::error_of(tls::verdict::unknown_authority)),
                           make_fault(tls::error_of(tls::verdict::expired)),
                           make_fault(tls::error::client_certificate_refused),
                           make_fault(mqtt::error::wrong_server_signature),
                           make_fault(mqtt::error::truncated)};
  for (const fault& why : reasons) {
    EXPECT_EQ(prospect_of(why), prospect::final) << static_cast<int>(why.where) << ' ' << why.code;
    dialogue line{{}};
    line.resolves(0, false, told::start());
    line.opens(0, told::resolved(2));
    line.ends(told::failed(why));
    EXPECT_EQ(line.conductor.last_fault(), why);
    dialogue asked{{.retry_final = true}};
    asked.resolves(0, false, told::start());
    asked.opens(0, told::resolved(2));
    asked.opens(1, told::failed(why));
    asked.pauses(told::failed(why));
    dialogue lost{{}};
    lost.resolves(0, false, told::start());
    lost.comes_online();
    lost.ends(told::failed(why));
  }
  for (const fault& why : {refused, by_server(mqtt::reason::server_busy), by_server(mqtt::reason::server_unavailable),
                           by_server(mqtt::reason::server_shutting_down, mqtt::error::disconnected),
                           make_fault(mqtt::error::ping_timed_out), make_fault(tls::error::truncated),
                           make_fault(error::no_answer_in_time)})
    EXPECT_EQ(prospect_of(why), prospect::passing) << static_cast<int>(why.where) << ' ' << why.code;
}

TEST(reconnect, leaves_out_the_broker_that_refused_for_good_and_goes_on_with_the_others) {
  dialogue line{{.brokers = 3}};
  line.resolves(0, false, told::start());
  line.opens(0, told::resolved(4));
  line.resolves(1, false, told::failed(by_server(mqtt::reason::banned)));
  line.resolves(2, false, told::failed(refused));
  line.pauses(told::failed(refused));
  line.resolves(1);
  line.comes_online();
  line.pauses(told::failed(by_server(mqtt::reason::not_authorized, mqtt::error::disconnected)));
  line.resolves(2);
  line.opens(0, told::resolved(1));
  line.ends(told::failed(by_server(mqtt::reason::banned)));
}

// MQTT 5.0 §4.11
TEST(reconnect, follows_server_references_for_now_or_for_good) {
  for (const auto code : {mqtt::reason::use_another_server, mqtt::reason::server_moved}) {
    const bool moved = code == mqtt::reason::server_moved;
    dialogue line{{.brokers = 2}};
    line.resolves(0, false, told::start());
    line.opens(0, told::resolved(3));
    line.resolves(0, true, told::failed(by_server(code), 2));
    line.resolves(1, true, told::failed(refused));
    line.comes_online();
    EXPECT_EQ(line.conductor.moved(), moved);
    line.now += 1h;
    line.pauses(told::failed(refused));
    line.resolves(0, moved);
    if (!moved) continue;
    line.resolves(1, true, told::failed(refused));
    line.resolves(0, false, told::failed(refused));  // if nobody is there any more, the old place is better than none
  }
}

TEST(reconnect, follows_a_reference_from_a_connection_that_stood) {
  dialogue line{{}};
  line.resolves(0, false, told::start());
  line.comes_online();
  line.resolves(0, true, told::failed(by_server(mqtt::reason::use_another_server, mqtt::error::disconnected), 1));
  line.comes_online();
  EXPECT_TRUE(line.conductor.broker().referred);
}

TEST(reconnect, is_not_sent_in_circles) {
  dialogue line{{.references_max = 3}};
  const told elsewhere = told::failed(by_server(mqtt::reason::use_another_server), 1);
  line.resolves(0, false, told::start());
  line.opens(0, told::resolved(1));
  for (int i = 0; i < 3; ++i) {
    line.resolves(0, true, elsewhere);
    line.opens(0, told::resolved(1));
  }
  line.resolves(0, false, elsewhere);
  line.opens(0, told::resolved(1));
  line.pauses(elsewhere);
  line.resolves(0);  // another round: it may have ended meanwhile
  line.opens(0, told::resolved(1));
  line.resolves(0, true, elsewhere);
  dialogue proud{{.references_max = 0}};
  proud.resolves(0, false, told::start());
  proud.opens(0, told::resolved(1));
  proud.pauses(elsewhere);
}

TEST(reconnect, forgets_an_old_reference_for_a_new_one_that_it_does_not_follow) {
  dialogue line{{.references_max = 1}};
  line.resolves(0, false, told::start());
  line.opens(0, told::resolved(1));
  line.resolves(0, true, told::failed(by_server(mqtt::reason::server_moved), 3));
  line.opens(0, told::resolved(1));
  // One server is named now: the numbers 1 and 2 of the reference before would mean nobody.
  line.resolves(0, false, told::failed(by_server(mqtt::reason::use_another_server), 1));
  line.opens(0, told::resolved(1));
  line.pauses(told::failed(refused));
  line.resolves(0);
}

TEST(reconnect, believes_a_driver_that_has_tried_all_addresses_at_once) {
  dialogue line{{.brokers = 2}};
  line.resolves(0, false, told::start());
  line.opens(0, told::resolved(3));
  line.resolves(1, false, told::failed_everywhere(refused));
  EXPECT_EQ(line.conductor.failures(), 1u);
}

TEST(reconnect, stops_at_any_moment) {
  const auto at = [](int progress, dialogue& line) {
    if (progress >= 1) line.resolves(0, false, told::start());
    if (progress == 2) line.opens(0, told::resolved(2));
    if (progress == 3) line.pauses(told::failed(refused));
  };
  for (int progress = 0; progress < 4; ++progress) {
    dialogue line{{}};
    at(progress, line);
    const bool working = progress == 1 || progress == 2;
    if (working) {
      EXPECT_EQ(line.says(told::stop()).what, kind::drop);
      line.ends({});
    } else if (progress == 3) {
      line.ends(told::stop());
    } else {
      EXPECT_EQ(line.says(told::stop()).what, kind::wait);
    }
    EXPECT_EQ(line.says(told::failed(refused)).what, kind::wait) << "too late to matter";
    EXPECT_EQ(line.says(told::accepted()).what, kind::wait);
  }
}

TEST(reconnect, says_goodbye_and_waits_for_it_so_long_and_no_longer) {
  for (int way = 0; way < 3; ++way) {
    dialogue line{{.farewell = 2s}};
    line.resolves(0, false, told::start());
    line.comes_online();
    EXPECT_EQ(line.says(told::stop()).what, kind::farewell);
    EXPECT_EQ(line.conductor.state(), state::leaving);
    EXPECT_EQ(line.says(told::stop()).what, kind::wait) << "once";
    EXPECT_EQ(line.says().until, line.now + 2s);
    if (way == 0) line.ends(told::gone());
    if (way == 1) line.ends(told::failed(refused));
    if (way != 2) continue;
    line.now += 2s;
    EXPECT_EQ(line.says().what, kind::drop);
    line.ends({});
  }
}

TEST(reconnect, has_a_word_for_each_state) {
  for (int i = 0; i <= static_cast<int>(state::leaving); ++i) EXPECT_FALSE(words(static_cast<state>(i)).empty());
}

}  // namespace
}  // namespace recado::chain
