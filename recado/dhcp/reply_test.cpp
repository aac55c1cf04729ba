// Every field that arrives is checked before use.
#include <recado/dhcp/reply.hpp>

#include <recado/dhcp/dialogue_test.hpp>

namespace recado::dhcp::test {

namespace {

constexpr std::uint32_t our_xid = 0x01020304;
const octets our_id = hex("01 02 00 5e 10 00 01");

// 53, 54, 1 and 51 as every reply here begins.
const std::string type_offer = "35 01 02 ", from_server = "36 04 c0 00 02 01 ", mask_24 = "01 04 ff ff ff 00 ",
                  hour = "33 04 00 00 0e 10 ";
const std::string usual = type_offer + from_server + mask_24 + hour;

packet fields() {
  packet result;
  result.op = operation::reply;
  result.xid = our_xid;
  result.yiaddr = to_field(our_address);
  copy(our_mac.octets, result.chaddr);
  return result;
}

struct outcome {
  std::optional<error> wrong;
  reply what;
};

outcome read(packet in, const std::string& options, bool inform = false, bytes id = our_id) {
  const octets all = hex(options + " ff");
  in.options = all;
  std::array<std::byte, 2048> memory;
  outcome result;
  const auto done = read_reply(encode(in, memory).value(), {our_mac, our_xid, id, inform}, result.what);
  if (!done) result.wrong = done.error();
  return result;
}
outcome read(const std::string& options) { return read(fields(), options); }

TEST(reply, gives_a_lease) {
  const auto [wrong, what] = read(usual +
                                  "03 08 c0 00 02 01 c0 00 02 02  06 04 c0 00 02 35  0c 05 62 6f 61 72 64 "
                                  "0f 05 74 65 73 74 00  1a 02 05 78  2a 04 c0 00 02 7b  3a 04 00 00 00 0a "
                                  "3b 04 00 00 00 14  3d 07 01 02 00 5e 10 00 01");
  ASSERT_EQ(wrong, std::nullopt);
  EXPECT_EQ(what.type, message_type::offer);
  EXPECT_EQ(what.server, server_address);
  const lease& got = what.content;
  EXPECT_EQ(got.address, our_address);
  EXPECT_EQ(got.prefix, 24);
  EXPECT_EQ(got.server, server_address);
  EXPECT_EQ(got.routers.size(), 2u);
  EXPECT_EQ(got.dns_servers[0], ip_address::v4(192, 0, 2, 53));
  EXPECT_EQ(got.ntp_servers[0], ip_address::v4(192, 0, 2, 123));
  EXPECT_EQ(got.host_name.view(), "board");
  EXPECT_EQ(got.domain.view(), "test");  // a NUL at the end is cut off
  EXPECT_EQ(got.mtu, 1400);
  EXPECT_EQ(got.lease_time, 3600s);
  EXPECT_EQ(got.t1, 10s);
  EXPECT_EQ(got.t2, 20s);
}

// The examples of RFC 3442's table of descriptors.
TEST(reply, takes_classless_routes_and_then_no_routers) {
  // [RFC3442-4-a]
  const auto [wrong, what] = read(usual +
                                  "03 04 c0 00 02 01  79 2b 00 c0 00 02 09  08 0a c0 00 02 09  18 0a 00 00 c0 00 02 09 "
                                  "10 0a 11 c0 00 02 09  18 0a 1b 81 c0 00 02 09  19 0a e5 00 80 00 00 00 00");
  ASSERT_EQ(wrong, std::nullopt);
  EXPECT_TRUE(what.content.routers.empty());
  const auto router = ip_address::v4(192, 0, 2, 9);
  ASSERT_EQ(what.content.routes.size(), 6u);
  EXPECT_EQ(what.content.routes[0], (route{ip_address::v4_any(), 0, router}));
  EXPECT_EQ(what.content.routes[1], (route{ip_address::v4(10, 0, 0, 0), 8, router}));
  EXPECT_EQ(what.content.routes[2], (route{ip_address::v4(10, 0, 0, 0), 24, router}));
  EXPECT_EQ(what.content.routes[3], (route{ip_address::v4(10, 17, 0, 0), 16, router}));
  EXPECT_EQ(what.content.routes[4], (route{ip_address::v4(10, 27, 129, 0), 24, router}));
  EXPECT_EQ(what.content.routes[5], (route{ip_address::v4(10, 229, 0, 128), 25, ip_address::v4_any()}));
  EXPECT_EQ(gateway(what.content), router);
}

TEST(reply, leaves_out_malformed_routes_and_uses_the_routers) {
  for (const auto* bad : {"79 05 21 c0 00 02 01", "79 0a 21 0a 00 00 00 00 c0 00 02 01", "79 06 18 0a c0 00 02 01",
                          "79 05 00 e0 00 00 01", "79 04 00 c0 00 02"}) {
    const auto [wrong, what] = read(usual + "03 04 c0 00 02 01 " + bad);
    EXPECT_EQ(wrong, std::nullopt) << bad;
    EXPECT_TRUE(what.content.routes.empty()) << bad;
    EXPECT_EQ(what.content.routers.size(), 1u) << bad;
  }
}

TEST(reply, keeps_the_default_route_when_there_are_too_many) {
  std::string many;
  for (std::size_t i = 0; i < routes_max + 1; ++i) many += "08 0a c0 00 02 09 ";
  const auto what = read(usual + "79 3b " + many + "00 c0 00 02 01").what;
  EXPECT_EQ(what.content.routes.size(), routes_max);
  EXPECT_EQ(gateway(what.content), server_address);
}

TEST(reply, clears_the_host_bits_of_a_route) {
  const auto what = read(usual + "79 08 14 0a 1b 81 c0 00 02 01").what;
  EXPECT_EQ(what.content.routes[0].destination, ip_address::v4(10, 27, 128, 0));
}

TEST(reply, keeps_no_more_than_the_lease_holds) {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "c0 00 02 0a ";
  const auto [wrong, what] = read(usual + "03 a0 " + many + "06 a0 " + many + "2a a0 " + many);
  ASSERT_EQ(wrong, std::nullopt);
  EXPECT_EQ(what.content.routers.size(), routers_max);
  EXPECT_EQ(what.content.dns_servers.size(), dns_servers_max);
  EXPECT_EQ(what.content.ntp_servers.size(), ntp_servers_max);
}

TEST(reply, leaves_out_addresses_and_names_that_nobody_can_use) {
  const auto [wrong, what] = read(usual +
                                  "03 08 00 00 00 00 7f 00 00 01  06 08 ff ff ff ff c0 00 02 35  2a 03 c0 00 02 "
                                  "0c 03 61 1b 62  0f 03 61 20 62  1a 02 00 44");
  ASSERT_EQ(wrong, std::nullopt);
  EXPECT_TRUE(what.content.routers.empty());
  EXPECT_EQ(what.content.dns_servers.size(), 1u);
  EXPECT_TRUE(what.content.ntp_servers.empty());
  EXPECT_TRUE(what.content.host_name.empty());
  EXPECT_TRUE(what.content.domain.empty());
  EXPECT_EQ(what.content.mtu, 0);
}

TEST(reply, takes_names_of_letters_digits_dots_hyphens_and_underscores) {
  EXPECT_EQ(read(usual + "0c 0b 61 6d 7a 2d 41 5a 2e 30 35 39 5f").what.content.host_name.view(), "amz-AZ.059_");
  for (const char* beside : {"2c", "2f", "3a", "40", "5b", "5e", "60", "7b", "e1"})
    EXPECT_TRUE(read(usual + "0c 02 61 " + beside).what.content.host_name.empty()) << beside;
}

// RFC 3396: a list that doesn't fit one option comes in pieces.
TEST(reply, joins_split_routes) {
  const auto what = read(usual + "79 03 18 0a 01  0f 04 74 65 73 74  79 05 02 c0 00 02 01").what;
  ASSERT_EQ(what.content.routes.size(), 1u);
  EXPECT_EQ(what.content.routes[0].destination, ip_address::v4(10, 1, 2, 0));
}

struct time_row {
  std::string options;
  duration t1, t2;
};

// RFC 2131 §4.4.5 and the sanity T1 <= T2 <= lease.
TEST(reply, orders_its_times) {
  // [RFC2131-4.4.5-d]
  const time_row rows[] = {
      {"", 1800s, 3150s},
      {"3a 04 00 00 00 01", 1s, 3150s},
      {"3b 04 00 00 0b b8", 1800s, 3000s},
      {"3a 04 00 00 00 05 3b 04 00 00 00 05", 5s, 5s},
      {"3a 04 00 00 00 06 3b 04 00 00 00 05", 1800s, 3150s},  // T1 after T2
      {"3b 04 00 00 0e 11", 1800s, 3150s},                    // T2 after the end
      {"3a 04 00 00 00 00", 1800s, 3150s},                    // T1 at once
      {"3a 04 ff ff ff ff", 1800s, 3150s},
  };
  for (const auto& row : rows) {
    const auto [wrong, what] = read(usual + row.options);
    ASSERT_EQ(wrong, std::nullopt) << row.options;
    EXPECT_EQ(what.content.t1, row.t1) << row.options;
    EXPECT_EQ(what.content.t2, row.t2) << row.options;
  }
  const auto what = read(type_offer + from_server + mask_24 + "33 04 ff ff ff ff 3a 04 00 00 00 05").what;
  EXPECT_EQ(what.content.lease_time, infinite);
  EXPECT_EQ(what.content.t1, infinite);
}

struct refusal_row {
  const char* name;
  std::string options;
  error why;
};

TEST(reply, is_refused_for_bad_options) {
  // [RFC2131-4.4.1-d]
  const refusal_row rows[] = {
      {"no type", from_server + mask_24 + hour, error::bad_message_type},
      {"a client's type", "35 01 01 " + from_server + mask_24 + hour, error::bad_message_type},
      {"long type", "35 02 02 02 " + from_server + mask_24 + hour, error::bad_message_type},
      {"no server", type_offer + mask_24 + hour, error::no_server_identifier},
      {"server 0.0.0.0", type_offer + "36 04 00 00 00 00 " + mask_24 + hour, error::no_server_identifier},
      {"short server", type_offer + "36 03 c0 00 02 " + mask_24 + hour, error::no_server_identifier},
      {"server twice", usual + from_server, error::no_server_identifier},
      {"NAK without server", "35 01 06", error::no_server_identifier},
      {"mask with holes", type_offer + from_server + "01 04 ff 00 ff 00 " + hour, error::bad_netmask},
      {"empty mask", type_offer + from_server + "01 04 00 00 00 00 " + hour, error::bad_netmask},
      {"short mask", type_offer + from_server + "01 02 ff ff " + hour, error::bad_option},
      {"no lease time", type_offer + from_server + mask_24, error::bad_lease_time},
      {"lease of a second", type_offer + from_server + mask_24 + "33 04 00 00 00 01", error::bad_lease_time},
      {"short lease time", type_offer + from_server + mask_24 + "33 02 00 01", error::bad_option},
      {"long T1", usual + "3a 05 00 00 00 00 05", error::bad_option},
      {"another client", usual + "3d 07 01 02 00 5e 10 00 02", error::wrong_client},  // RFC 6842 §3
      {"part of our identifier", usual + "3d 03 01 02 00", error::wrong_client},
  };
  for (const auto& row : rows) {
    const auto [wrong, what] = read(row.options);
    EXPECT_EQ(wrong, row.why) << row.name;
    EXPECT_TRUE(what.for_us) << row.name;
  }
}

TEST(reply, is_refused_for_bad_fields) {
  // [RFC2131-4.4.1-d]
  // [RFC2131-3-a]
  const auto wrong_with = [](auto change) {
    packet in = fields();
    change(in);
    return read(in, usual);
  };
  EXPECT_EQ(wrong_with([](packet&) {}).wrong, std::nullopt);
  EXPECT_EQ(wrong_with([](packet& in) { in.op = operation::request; }).wrong, error::not_a_reply);
  EXPECT_EQ(wrong_with([](packet& in) { in.htype = hardware_type{6}; }).wrong, error::wrong_hardware);
  EXPECT_EQ(wrong_with([](packet& in) { in.hlen = 8; }).wrong, error::wrong_hardware);
  EXPECT_EQ(wrong_with([](packet& in) { in.chaddr[5] ^= std::byte{1}; }).wrong, error::wrong_hardware);
  EXPECT_EQ(wrong_with([](packet& in) { in.xid ^= 1; }).wrong, error::wrong_transaction);
  EXPECT_EQ(wrong_with([](packet& in) { in.cookie ^= 1; }).wrong, error::bad_cookie);
  for (const auto& bad : {ip_address::v4_any(), ip_address::v4_broadcast(), ip_address::v4(127, 0, 0, 1),
                          ip_address::v4(239, 1, 1, 1), ip_address::v4(192, 0, 2, 0), ip_address::v4(192, 0, 2, 255)})
    EXPECT_EQ(wrong_with([&](packet& in) { in.yiaddr = to_field(bad); }).wrong, error::bad_address);
  EXPECT_FALSE(wrong_with([](packet& in) { in.xid ^= 1; }).what.for_us);
  EXPECT_TRUE(wrong_with([](packet& in) { in.cookie ^= 1; }).what.for_us);
}

TEST(reply, without_a_mask_gets_the_natural_one) {
  packet in = fields();
  const std::string options = type_offer + from_server + hour;
  EXPECT_EQ(read(in, options).what.content.prefix, 24);
  in.yiaddr = to_field(ip_address::v4(172, 16, 0, 1));
  EXPECT_EQ(read(in, options).what.content.prefix, 16);
  const std::pair<ip_address, int> rows[] = {{ip_address::v4(10, 0, 0, 1), 8},
                                             {ip_address::v4(126, 0, 0, 1), 8},
                                             {ip_address::v4(128, 0, 0, 1), 16},
                                             {ip_address::v4(191, 255, 0, 1), 16},
                                             {ip_address::v4(192, 0, 0, 1), 24}};
  for (const auto& [address, prefix] : rows) {
    in.yiaddr = to_field(address);
    EXPECT_EQ(read(in, options).what.content.prefix, prefix);
  }
}

TEST(reply, to_inform_needs_neither_address_nor_time) {
  // [RFC2131-4.4.3-a]
  packet in = fields();
  in.yiaddr = ipv4::any;
  const auto [wrong, what] = read(in, "35 01 05 " + from_server + "06 04 c0 00 02 35", true);
  EXPECT_EQ(wrong, std::nullopt);
  EXPECT_EQ(what.content.dns_servers.size(), 1u);
}

TEST(reply, any_client_identifier_will_do_if_we_sent_none) {
  EXPECT_EQ(read(fields(), usual + "3d 03 01 02 00", false, {}).wrong, std::nullopt);
}

}  // namespace

}  // namespace recado::dhcp::test
