#include <recado/chain/words.hpp>

#include <gtest/gtest.h>

#include <string>

#include <recado/chain/bring_up.hpp>
#include <recado/chain/error.hpp>
#include <recado/chain/line_of_for_tests.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dns/error.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/ntp/error.hpp>
#include <recado/tls/error.hpp>

namespace recado::chain {
namespace {

TEST(words, every_layer_says_who_why_and_what_to_do) {
  struct row {
    fault what;
    const char* begins;
  };
  const row table[] = {
      {make_fault(stream_error::refused, 111), "connection: the connection was refused (errno 111); "},
      {make_fault(link_error::not_permitted), "network interface: "},
      {make_fault(dhcp::error::no_offer), "DHCP: "},
      {make_fault(dns::error::no_such_name), "DNS: "},
      {make_fault(ntp::error::time_out), "NTP: "},
      {make_fault(tls::error::not_tls), "TLS: "},
      {make_fault(mqtt::error::ping_timed_out), "MQTT: "},
      {make_fault(error::no_time_server), "device: "},
  };
  for (const row& each : table) {
    const std::string line = line_of(each.what);
    EXPECT_TRUE(line.starts_with(each.begins)) << line;
    EXPECT_NE(line.find("; "), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

TEST(words, the_detail_is_said) {
  EXPECT_NE(line_of(make_fault(mqtt::error::refused, 0x87)).find("Not authorized"), std::string::npos);
  EXPECT_NE(line_of(make_fault(error::no_answer_in_time, static_cast<std::uint32_t>(rung::stream)))
                .find("connection to the broker"),
            std::string::npos);
  EXPECT_NE(line_of(make_fault(ntp::error::rate_limited, 64)).find("(wait 64 s)"), std::string::npos);
}

TEST(words, a_better_cause_replaces_the_general_one) {
  const std::string line = line_of(make_fault(tls::error::not_tls), "the certificate of b.example expired");
  EXPECT_TRUE(line.starts_with("TLS: the certificate of b.example expired")) << line;
}

TEST(words, every_own_error_has_cause_and_remedy) {
  for (std::uint16_t code = 1; code <= static_cast<std::uint16_t>(error::storage_failed); ++code) {
    EXPECT_FALSE(words(static_cast<error>(code)).empty());
    EXPECT_FALSE(words(static_cast<error>(code)).starts_with("unknown")) << code;
    EXPECT_FALSE(remedy(static_cast<error>(code)).empty()) << code;
  }
}

}  // namespace
}  // namespace recado::chain
