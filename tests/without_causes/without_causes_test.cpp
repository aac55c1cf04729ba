// A build with RECADO_WITHOUT_CAUSES: each fault is said by its layer, its number and its detail.
#include <gtest/gtest.h>

#include <string>

#include <recado/chain/error.hpp>
#include <recado/chain/line_of_for_tests.hpp>
#include <recado/chain/words.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/tls/error.hpp>

namespace recado::chain {
namespace {

std::string number_of(auto code) { return std::to_string(static_cast<unsigned>(code)); }

TEST(without_causes, a_fault_is_its_layer_and_its_number) {
  EXPECT_EQ(line_of(make_fault(dhcp::error::no_offer)), "DHCP: error " + number_of(dhcp::error::no_offer));
  EXPECT_EQ(line_of(make_fault(error::no_broker)), "device: error " + number_of(error::no_broker));
  EXPECT_EQ(line_of(make_fault(stream_error::refused, 111)), "connection: error 3, detail 0x0000006f");
  EXPECT_EQ(line_of(make_fault(tls::error::out_of_memory)), "TLS: error " + number_of(tls::error::out_of_memory));
}

TEST(without_causes, what_a_layer_says_itself_is_said) {
  EXPECT_EQ(line_of(make_fault(mqtt::error::disconnected), "server shutting down"), "MQTT: server shutting down");
}

TEST(without_causes, a_reason_code_is_the_standard_s_number) {
  char memory[20];
  buffer_sink out{memory};
  describe_reason(mqtt::reason::not_authorized, out);
  EXPECT_EQ(out.view(), "0x87");
}

}  // namespace
}  // namespace recado::chain
