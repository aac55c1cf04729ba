#include <recado/dhcp/lease.hpp>

#include <recado/dhcp/dialogue_test.hpp>

namespace recado::dhcp::test {

namespace {

lease full_lease() {
  lease result;
  result.address = our_address, result.prefix = 24, result.server = server_address;
  for (std::size_t i = 0; i < routers_max; ++i) result.routers.push_back(server_address);
  for (std::size_t i = 0; i < routes_max; ++i)
    result.routes.push_back({ip_address::v4(10, 1, static_cast<std::uint8_t>(i), 0), 24, server_address});
  result.routes[0] = {ip_address::v4_any(), 0, ip_address::v4_any()};
  for (std::size_t i = 0; i < dns_servers_max; ++i) result.dns_servers.push_back(other_server_address);
  for (std::size_t i = 0; i < ntp_servers_max; ++i) result.ntp_servers.push_back(server_address);
  result.host_name.assign(std::string(host_name_bytes_max, 'h'));
  result.domain.assign(std::string(domain_bytes_max, 'd'));
  result.mtu = 1400;
  result.lease_time = 3600s, result.t1 = 1800s, result.t2 = 3150s;
  return result;
}

octets record_of(const lease& from) {
  std::array<std::byte, lease_record_bytes_max> memory;
  const auto record = serialise(from, memory);
  EXPECT_TRUE(record);
  return {record->begin(), record->end()};
}

TEST(lease, comes_back_from_its_record) {
  EXPECT_EQ(deserialise(record_of(full_lease())).value(), full_lease());
  const lease fixed = static_lease(our_address, 24, {}).value();
  EXPECT_EQ(deserialise(record_of(fixed)).value(), fixed);
}

TEST(lease, ignores_what_stands_behind_its_record) {
  octets record = record_of(full_lease());
  record.resize(record.size() + 16, std::byte{0xff});
  EXPECT_EQ(deserialise(record).value(), full_lease());
}

TEST(lease, is_refused_when_its_record_is_cut_or_changed) {
  const octets record = record_of(full_lease());
  for (std::size_t length = 0; length < record.size(); ++length) {
    const octets prefix(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(deserialise(prefix).error(), error::record_damaged) << length;
  }
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    octets flipped = record;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(deserialise(flipped)) << bit;
  }
}

TEST(lease, of_another_version_is_refused) {
  octets record = record_of(full_lease());
  record[2] = std::byte{2};
  EXPECT_EQ(deserialise(record).error(), error::record_version);
  EXPECT_EQ(deserialise(octets(64, std::byte{0xff})).error(), error::record_damaged);  // erased flash
}

TEST(lease, is_checked_even_if_its_sum_is_right) {
  lease bad = full_lease();
  bad.address = ip_address::v4(224, 0, 0, 1);
  EXPECT_EQ(deserialise(record_of(bad)).error(), error::record_damaged);
  bad = full_lease(), bad.t1 = 3601s;
  EXPECT_EQ(deserialise(record_of(bad)).error(), error::record_damaged);
  bad = full_lease(), bad.routes[1].prefix = 33;
  EXPECT_EQ(deserialise(record_of(bad)).error(), error::record_damaged);
  bad = full_lease(), bad.prefix = 0;
  EXPECT_EQ(deserialise(record_of(bad)).error(), error::record_damaged);
}

TEST(lease, needs_room_for_its_record) {
  const std::size_t needed = record_of(full_lease()).size();
  EXPECT_LE(needed, lease_record_bytes_max);
  octets memory(needed - 1);
  EXPECT_EQ(serialise(full_lease(), memory).error(), error::no_room);
}

TEST(static_lease, never_ends) {
  const ip_address dns[] = {server_address, other_server_address};
  const auto result = static_lease(our_address, 24, server_address, dns, dns);
  ASSERT_TRUE(result);
  EXPECT_EQ(gateway(*result), server_address);
  EXPECT_EQ(result->dns_servers.size(), 2u);
  EXPECT_EQ(result->ntp_servers.size(), 2u);
  EXPECT_FALSE(result->server);
  EXPECT_EQ(result->expires(), never);
  EXPECT_EQ(result->renews(), never);
}

TEST(static_lease, refuses_what_no_host_can_have) {
  EXPECT_EQ(static_lease(our_address, 0, {}).error(), error::bad_prefix);
  EXPECT_EQ(static_lease(our_address, 33, {}).error(), error::bad_prefix);
  for (const auto& bad : {ip_address{}, ip_address::v4_any(), ip_address::v4_broadcast(), ip_address::v4(127, 0, 0, 1),
                          ip_address::v4(224, 0, 0, 1), ip_address::v4(240, 0, 0, 1), ip_address::v4(192, 0, 2, 0),
                          ip_address::v4(192, 0, 2, 255), ip_address::v4(0, 1, 2, 3)})
    EXPECT_EQ(static_lease(bad, 24, {}).error(), error::no_such_host_address);
  EXPECT_EQ(static_lease(our_address, 24, ip_address::v4(192, 0, 3, 1)).error(), error::gateway_not_on_link);
  EXPECT_EQ(static_lease(our_address, 24, ip_address::v4(192, 0, 2, 255)).error(), error::gateway_not_on_link);
  EXPECT_TRUE(static_lease(ip_address::v4(192, 0, 2, 0), 31, ip_address::v4(192, 0, 2, 1)));  // RFC 3021
  EXPECT_TRUE(static_lease(our_address, 32, {}));
}

TEST(lease, gateway_is_the_default_route) {
  lease what = full_lease();
  EXPECT_EQ(gateway(what), ip_address::v4_any());
  what.routes[0].router = other_server_address;
  EXPECT_EQ(gateway(what), other_server_address);
  what.routes.erase(0);
  EXPECT_FALSE(gateway(what)) << "routers don't count where there are classless routes (RFC 3442)";
  what.routes.clear();
  EXPECT_EQ(gateway(what), server_address);
}

TEST(lease, times_do_not_overflow) {
  lease what = full_lease();
  what.obtained = never - 1s;
  EXPECT_EQ(what.expires(), never);
  what.obtained = instant::min();
  EXPECT_LT(what.expires(), instant{});
  what.lease_time = infinite;
  EXPECT_EQ(what.expires(), never);
}

TEST(lease, prints_one_parameter_per_line) {
  std::array<char, 2048> memory;
  buffer_sink out{memory};
  lease what = static_lease(our_address, 24, server_address).value();
  what.server = server_address, what.lease_time = 60s, what.t1 = 30s, what.t2 = 52s, what.domain.assign("test");
  what.routes.push_back({ip_address::v4(10, 0, 0, 0), 8, server_address});
  print(what, out);
  EXPECT_EQ(out.view(),
            "address 192.0.2.7/24\nserver 192.0.2.1\nrouters 192.0.2.1\nroute 10.0.0.0/8 via 192.0.2.1\n"
            "domain \"test\"\nlease time 60 s\nrenewal after 30 s\nrebinding after 52 s\n");
}

TEST(error, each_has_words_and_a_remedy) {
  for (std::uint16_t code = 1; code <= static_cast<std::uint16_t>(error::link_is_down); ++code) {
    EXPECT_NE(words(error{code}), "unknown DHCP error") << code;
    EXPECT_NE(remedy(error{code}), "") << code;
  }
}

}  // namespace

}  // namespace recado::dhcp::test
