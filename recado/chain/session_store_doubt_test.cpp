// That the answer to a CONNECT was never heard outlives the program: the session that a server resumes later may have
// begun behind its back.
#include <optional>
#include <variant>

#include <recado/chain/session_store_for_tests.hpp>

namespace recado::chain {
namespace {

using mqtt::qos;
using mqtt::version;
using mqtt::test::octets;
using mqtt::test::wire;

/// A client whose application subscribes, with a storage that keeps only what was synced when the power goes.
class forgetful_client {
 public:
  explicit forgetful_client(version protocol) : protocol_(protocol) {
    EXPECT_TRUE(now_->records.format());
    EXPECT_TRUE(now_->kept.restore(now_->who.machine).has_value());
  }

  void asks() {
    const mqtt::connect_options how{.version = protocol_,
                                    .client_identifier = "c",
                                    .clean_start = false,
                                    .session_expiry_s = protocol_ == version::v5_0 ? 100U : 0U};
    in_doubt_.reset();
    ASSERT_TRUE(now_->who.machine.connect(how).has_value());
    now_->who.machine.opened({});
    flush();
  }
  void loses() { now_->who.machine.lost(make_fault(stream_error::reset), {}); }
  void is_not_heard() { asks(), loses(); }

  template <class P>
  void hears(const P& what) {
    const octets data = wire(what, protocol_);
    bytes in = data;
    for (int turn = 0; turn < 2; ++turn, flush())
      while (const auto event = now_->who.machine.receive(in, {}))
        if (const auto* accepted = std::get_if<mqtt::connected>(&*event)) in_doubt_ = accepted->in_doubt;
  }
  /// Connects, and stays; true if the session may be another one than the server had before.
  bool finds(bool present) {
    asks();
    hears(mqtt::connack{.session_present = present, .properties = {}});
    EXPECT_TRUE(in_doubt_.has_value()) << "connected";
    return in_doubt_.value_or(false);
  }
  /// Connects, and is gone again.
  bool meets(bool present) {
    const bool result = finds(present);
    loses();
    return result;
  }
  void subscribes() {
    EXPECT_TRUE(now_->kept.subscribed({.filter = "a/+"}, 0).has_value());
    EXPECT_FALSE(now_->kept.commit());
  }
  void power_goes() {
    std::mt19937_64 chance{1};
    below_.cut_in(0);
    EXPECT_FALSE(below_.sync());
    below_.power_up(store::testing::power_loss::torn, chance);
    now_ = std::make_unique<testing::program>(below_);
    EXPECT_TRUE(now_->records.mount().has_value());
    EXPECT_TRUE(now_->kept.restore(now_->who.machine).has_value());
  }
  void has_a_record_of_before() {
    EXPECT_TRUE(now_->records.put({7, 0}, {}).has_value());
    EXPECT_TRUE(now_->records.sync().has_value());
  }
  session_store& kept() { return now_->kept; }
  /// What `connected` said last, once it came.
  std::optional<bool> told() const { return in_doubt_; }

 private:
  void flush() {
    for (bytes out = now_->who.machine.pending({}); !out.empty(); out = now_->who.machine.pending({}))
      now_->who.machine.sent(out.size());
  }

  store::testing::failing_storage below_{{2048, 4, 4, std::byte{0xff}}};
  std::unique_ptr<testing::program> now_ = std::make_unique<testing::program>(below_);
  version protocol_;
  std::optional<bool> in_doubt_;
};

class session_store_doubt : public ::testing::TestWithParam<version> {
 protected:
  forgetful_client client{GetParam()};
};

// The server may take that CONNECT late, and begin a session behind the one in which was subscribed.
TEST_P(session_store_doubt, a_new_session_is_no_answer_to_an_earlier_connect) {
  client.is_not_heard();
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
  EXPECT_FALSE(client.meets(true)) << "one CONNECT, one doubt";
}

TEST_P(session_store_doubt, nor_is_it_where_the_journal_had_something_before) {
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.loses();
  client.is_not_heard();
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
}

TEST_P(session_store_doubt, what_is_received_is_at_stake_too) {
  client.is_not_heard();
  EXPECT_FALSE(client.finds(false));
  client.hears(mqtt::test::message_of(qos::exactly_once, 9, "a/b", "text"));
  client.power_goes();
  EXPECT_EQ(client.kept().counts().received, 1U);
  client.asks();
  client.hears(mqtt::connack{.session_present = true, .properties = {}});
  EXPECT_FALSE(client.told()) << "until PUBREC, which was said again, is answered";
  client.hears(mqtt::test::answer(mqtt::test::pubrel, 9));
  EXPECT_EQ(client.told(), true);
}

TEST_P(session_store_doubt, a_session_resumed_answers_one_connect_only) {
  client.is_not_heard();
  client.is_not_heard();
  EXPECT_TRUE(client.finds(true));
  client.subscribes();
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
  EXPECT_FALSE(client.meets(true));
}

TEST_P(session_store_doubt, each_connect_without_an_answer_outlives_the_power) {
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.loses();
  client.is_not_heard();
  client.is_not_heard();
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
  EXPECT_TRUE(client.meets(true));
  EXPECT_FALSE(client.meets(true));
}

TEST_P(session_store_doubt, nothing_is_in_doubt_where_all_was_answered) {
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.power_goes();
  EXPECT_FALSE(client.meets(true));
}

// Journals of before have a record without a count.
TEST_P(session_store_doubt, an_empty_record_stands_for_one) {
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.has_a_record_of_before();
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
  EXPECT_FALSE(client.meets(true));
}

INSTANTIATE_TEST_SUITE_P(each, session_store_doubt, ::testing::Values(version::v5_0, version::v3_1_1),
                         [](const auto& of) { return of.param == version::v5_0 ? "v5_0" : "v3_1_1"; });

// Nobody knows by whom: perhaps by a CONNECT of this client that came late.
TEST(session_store_doubts, a_session_taken_over_is_in_doubt_after_a_restart) {
  forgetful_client client{version::v5_0};
  EXPECT_FALSE(client.finds(false));
  client.subscribes();
  client.hears(mqtt::disconnect{.reason = mqtt::reason::session_taken_over, .properties = {}});
  EXPECT_FALSE(client.kept().commit());
  client.power_goes();
  EXPECT_TRUE(client.meets(true));
}

}  // namespace
}  // namespace recado::chain
