// recado rr and Correlation Data: whose answer it takes, and whose not (5.0 §4.10.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ending_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// An answer on "re"; `data` is its Correlation Data.
std::string answer(const std::string& payload, const std::string& data = {}) {
  const std::string properties = data.empty() ? std::string{} : "\x09" + field(data);
  return publish_packet("re", payload, 0, false, static_cast<char>(properties.size()) + properties);
}

/// A broker that answers the request with these packets.
ended answered(const std::string& packets, const words& more) {
  return play({{hears(connect_type), connack_5, hears(subscribe_type), acknowledges(0x90, "\0\0"s), hears(publish_type),
                says(packets), waits_for_end()}},
              words{"rr", "-t", "ask", "-e", "re", "-m", "question"} + more);
}
const words mine = {"-D", "publish", "correlation-data", "mine"};

TEST(requester, takes_its_own_answer) {
  const auto run = answered(answer("no", "other") + answer("nor this", "mine2") + answer("yes", "mine"), mine);
  expect_line(run.done, 0, {"recado rr: an answer with other Correlation Data came on 're'", "passed over"});
  EXPECT_EQ(run.done.out, "yes\n");
}

TEST(requester, says_nothing_of_others_when_it_is_to_be_quiet) {
  const auto run = answered(answer("no", "other") + answer("yes", "mine"), mine + words{"--quiet"});
  EXPECT_EQ(run.done.err, "");
  EXPECT_EQ(run.done.out, "yes\n");
}

TEST(requester, waits_on_for_its_own_until_the_time_is_over) {
  const auto run = answered(answer("no", "other") + answer("no", "another"), mine + words{"-W", "1"});
  EXPECT_EQ(run.done.status, 27);
  EXPECT_EQ(run.done.out, "");
  EXPECT_THAT(run.done.err, HasSubstr("no answer came on 're', only 2 answers to other requests"));
  EXPECT_THAT(run.done.err, Not(HasSubstr("does somebody answer")));
}

TEST(requester, takes_an_answer_that_cannot_be_told_from_its_own) {
  EXPECT_EQ(answered(answer("yes"), mine).done.out, "yes\n");         // without any
  EXPECT_EQ(answered(answer("yes", "other"), {}).done.out, "yes\n");  // to a request without any
  EXPECT_EQ(answered(answer("yes"), mine).done.err, "");
}

TEST(requester, passes_over_what_comes_in_pieces_or_is_too_long) {
  const std::string large(600'000, 'x');
  const auto run = answered(answer(large, "other") + answer("yes", "mine"), mine);
  EXPECT_EQ(run.done.out, "yes\n");
  const auto limited = answered(answer(large, "other") + answer("yes", "mine"), mine + words{"--max-message", "1000"});
  EXPECT_EQ(limited.done.status, 0) << limited.done.err;
  EXPECT_EQ(limited.done.out, "yes\n");
  const auto own = answered(answer("no", "other") + answer(large, "mine"), mine);
  EXPECT_EQ(own.done.out, large + "\n");
}

}  // namespace
}  // namespace recado::test
