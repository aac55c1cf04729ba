// A build with RECADO_WITHOUT_REMEDIES: the cause of each fault is said as ever, and nothing behind it.
#include <gtest/gtest.h>

#include <string>

#include <recado/chain/error.hpp>
#include <recado/chain/line_of_for_tests.hpp>
#include <recado/chain/words.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/mqtt/error.hpp>

namespace recado::chain {
namespace {

TEST(without_remedies, the_cause_is_said_and_nothing_else) {
  EXPECT_EQ(line_of(make_fault(mqtt::error::ping_timed_out)), "MQTT: the server does not answer PINGREQ");
  EXPECT_EQ(line_of(make_fault(dhcp::error::no_offer)), "DHCP: no DHCP server answered");
  EXPECT_EQ(line_of(make_fault(stream_error::refused, 111)), "connection: the connection was refused (errno 111)");
  EXPECT_EQ(line_of(make_fault(error::no_broker)), "device: no broker is configured");
  for (const fault& each : {make_fault(mqtt::error::not_connected), make_fault(link_error::no_carrier)})
    EXPECT_EQ(remedy_of(each), "");
}

}  // namespace
}  // namespace recado::chain
