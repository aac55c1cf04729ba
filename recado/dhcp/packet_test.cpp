// Tables of annotated bytes: decode == struct, encode == bytes, size == length; every prefix, every flipped bit.
#include <recado/dhcp/packet.hpp>

#include <recado/dhcp/dialogue_test.hpp>

namespace recado::dhcp::test {

namespace {

struct message_row {
  message_type type;
  std::string_view bytes;
  std::string_view printed;  // some lines of it
};

// Each message as this client or a server of the network 192.0.2.0/24 sends it.
const message_row message_rows[] = {
    {message_type::discover, R"(
  01 01 06 00              # op request, htype Ethernet, hlen 6, hops 0
  5a 5a 5a 5a              # xid
  00 00 00 00              # secs 0, flags: unicast
  00*16                    # ciaddr, yiaddr, siaddr, giaddr
  02 00 5e 10 00 01 00*10  # chaddr
  00*64 00*128             # sname, file
  63 82 53 63              # magic cookie
  35 01 01                 # 53 message type: DISCOVER
  3d 07 01 02 00 5e 10 00 01   # 61 client identifier: Ethernet address
  39 02 02 40              # 57 maximum message size 576
  0c 06 74 61 62 6c 65 31  # 12 host name "table1"
  37 0a 01 79 03 06 0f 0c 1a 2a 3a 3b   # 55 parameter request list
  ff 00*23                 # end, padded to 300
)",
     "op: request (1)\nhtype: Ethernet (1)\nhlen: 6\nhops: 0\nxid: 0x5a5a5a5a\nsecs: 0 s\nflags: 0\nciaddr: 0.0.0.0\n"
     "yiaddr: 0.0.0.0\nsiaddr: 0.0.0.0\ngiaddr: 0.0.0.0\nchaddr: 02:00:5e:10:00:01\nsname: \"\"\nfile: \"\"\n"
     "cookie: 0x63825363\noption 53 message type: DISCOVER\n"
     "option 61 client identifier: 01:02:00:5e:10:00:01\noption 57 maximum message size: 576\n"
     "option 12 host name: \"table1\"\n"
     "option 55 parameter request list: 1 subnet mask, 121 classless static routes, 3 routers, 6 DNS servers, "
     "15 domain name, 12 host name, 26 interface MTU, 42 NTP servers, 58 renewal time T1, 59 rebinding time T2\n"},
    {message_type::offer, R"(
  02 01 06 00              # op reply
  5a 5a 5a 5a              # xid
  00 00 80 00              # secs 0, flags: broadcast
  00*4 c0 00 02 07         # ciaddr, yiaddr 192.0.2.7
  c0 00 02 01 00*4         # siaddr 192.0.2.1, giaddr
  02 00 5e 10 00 01 00*10  # chaddr
  72 6f 75 74 65 72 00*58  # sname "router"
  00*128                   # file
  63 82 53 63
  35 01 02                 # 53 OFFER
  36 04 c0 00 02 01        # 54 server identifier
  33 04 00 00 0e 10        # 51 lease time 3600 s
  01 04 ff ff ff 00        # 1 subnet mask
  79 08 18 0a 01 02 c0 00 02 fe   # 121 10.1.2.0/24 via 192.0.2.254
  ff 00*28
)",
     "op: reply (2)\nflags: 32768 (broadcast)\nyiaddr: 192.0.2.7\nsiaddr: 192.0.2.1\nsname: \"router\"\n"
     "option 53 message type: OFFER\noption 54 server identifier: 192.0.2.1\noption 51 lease time: 3600 s\n"
     "option 1 subnet mask: 255.255.255.0\noption 121 classless static routes: 10.1.2.0/24 via 192.0.2.254\n"},
    {message_type::request, R"(
  01 01 06 00  5a 5a 5a 5a  00 03 00 00   # secs 3
  00*16  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 03                 # 53 REQUEST
  3d 07 01 02 00 5e 10 00 01
  32 04 c0 00 02 07        # 50 requested address
  36 04 c0 00 02 01        # 54 the chosen server
  39 02 02 40
  37 0a 01 79 03 06 0f 0c 1a 2a 3a 3b
  ff 00*19
)",
     "secs: 3 s\noption 53 message type: REQUEST\noption 50 requested address: 192.0.2.7\n"},
    {message_type::decline, R"(
  01 01 06 00  5a 5a 5a 5a  00 00 00 00
  00*16  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 04                 # 53 DECLINE
  3d 07 01 02 00 5e 10 00 01
  32 04 c0 00 02 07        # 50 the address in use
  36 04 c0 00 02 01        # 54 the server that gave it
  38 1d 61 6e 6f 74 68 65 72 20 68 6f 73 74 20 68 61 73 20 74 68 69 73 20 61 64 64 72 65 73 73   # 56 message
  ff 00*4
)",
     "option 53 message type: DECLINE\noption 56 message: \"another host has this address\"\n"},
    {message_type::ack, R"(
  02 01 06 00  5a 5a 5a 5a  00 00 00 00
  00*4 c0 00 02 07 00*8    # yiaddr
  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 05                 # 53 ACK
  36 04 c0 00 02 01
  33 04 ff ff ff ff        # 51 infinite lease
  01 04 ff ff ff 00
  03 04 c0 00 02 fe        # 3 router
  06 08 c0 00 02 35 c0 00 02 36   # 6 DNS servers
  0f 04 74 65 73 74        # 15 domain "test"
  1a 02 05 78              # 26 MTU 1400
  2a 04 c0 00 02 7b        # 42 NTP server
  ff 00*6
)",
     "option 53 message type: ACK\noption 51 lease time: infinite\noption 3 routers: 192.0.2.254\n"
     "option 6 DNS servers: 192.0.2.53, 192.0.2.54\noption 15 domain name: \"test\"\n"
     "option 26 interface MTU: 1400\noption 42 NTP servers: 192.0.2.123\n"},
    {message_type::nak, R"(
  02 01 06 00  5a 5a 5a 5a  00 00 80 00
  00*16  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 06                 # 53 NAK
  36 04 c0 00 02 01
  38 08 6e 6f 74 20 68 65 72 65   # 56 "not here"
  ff 00*40
)",
     "option 53 message type: NAK\noption 56 message: \"not here\"\n"},
    {message_type::release, R"(
  01 01 06 00  5a 5a 5a 5a  00 00 00 00
  c0 00 02 07 00*12        # ciaddr: the address given back
  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 07                 # 53 RELEASE
  3d 07 01 02 00 5e 10 00 01
  36 04 c0 00 02 01
  ff 00*41
)",
     "ciaddr: 192.0.2.7\noption 53 message type: RELEASE\n"},
    {message_type::inform, R"(
  01 01 06 00  5a 5a 5a 5a  00 00 00 00
  c0 00 02 07 00*12        # ciaddr: the static address
  02 00 5e 10 00 01 00*10  00*192  63 82 53 63
  35 01 08                 # 53 INFORM
  3d 07 01 02 00 5e 10 00 01
  39 02 02 40
  37 0a 01 79 03 06 0f 0c 1a 2a 3a 3b
  ff 00*31
)",
     "option 53 message type: INFORM\n"},
};

const message_row& row_of(message_type type) {
  for (const auto& row : message_rows)
    if (row.type == type) return row;
  ADD_FAILURE();
  return message_rows[0];
}

std::string printed(bytes payload) {
  std::array<char, 8192> memory;
  buffer_sink out{memory};
  print(payload, out);
  return std::string(out.view());
}

class every_message : public ::testing::TestWithParam<message_row> {};

TEST_P(every_message, is_what_its_bytes_say) {
  // [RFC2131-4.1-a]
  // [RFC2131-3-a]
  // [RFC2131-2-a]
  const octets wire = hex(GetParam().bytes);
  const auto what = decode(wire);
  ASSERT_TRUE(what);
  EXPECT_EQ(letter({}, {}, {}, false, wire).type(), GetParam().type);
  EXPECT_EQ(what->xid, 0x5a5a5a5au);
  EXPECT_TRUE(equal(bytes{what->chaddr}.first(6), our_mac.octets));
  EXPECT_EQ(size(*what), wire.size());
  std::array<std::byte, 1024> memory;
  const auto again = encode(*what, memory);
  ASSERT_TRUE(again);
  EXPECT_TRUE(equal(*again, wire));
}

TEST_P(every_message, prints_field_by_field) {
  const std::string text = printed(hex(GetParam().bytes));
  std::string_view lines = GetParam().printed;
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n') + 1);
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
    lines.remove_prefix(line.size());
  }
}

TEST_P(every_message, is_refused_when_cut_short) {
  const octets wire = hex(GetParam().bytes);
  std::size_t end = wire.size();  // behind END
  while (wire[end - 1] != std::byte{255}) --end;
  for (std::size_t length = 0; length < end; ++length) {
    const octets prefix(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(length));
    const auto what = decode(prefix);
    ASSERT_FALSE(what) << length;
    EXPECT_EQ(what.error(), error::truncated) << length;
  }
}

TEST_P(every_message, survives_every_flipped_bit) {
  const octets wire = hex(GetParam().bytes);
  for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
    octets flipped = wire;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto what = decode(flipped);
    EXPECT_FALSE(printed(flipped).empty());
    if (!what) continue;
    std::array<std::byte, 1024> memory;
    const auto again = encode(*what, memory);
    ASSERT_TRUE(again);
    EXPECT_TRUE(equal(*again, flipped));
  }
}

INSTANTIATE_TEST_SUITE_P(rfc2131, every_message, ::testing::ValuesIn(message_rows),
                         [](const auto& row) { return std::string(words(row.param.type)); });

// The client's own messages are these very bytes.
class exactly : public ::testing::Test {
 protected:
  exactly() : machine(how(), random) { machine.opened(now); }
  static options how() {
    options result = exact_options();
    result.offer_wait = 3s;
    return result;
  }
  octets next() {
    const auto out = machine.pending(now);
    if (!out) return {};
    octets result(out->payload.begin(), out->payload.end());
    machine.sent(now);
    return result;
  }
  std::optional<client::event> hears(message_type type) {
    const octets payload = hex(row_of(type).bytes);
    datagram in{client_port, {server_address, server_port}, payload, now};
    return machine.receive(in, now);
  }
  void passes(duration time) {
    now += time;
    datagram nothing;
    machine.receive(nothing, now);
  }

  constant_entropy random;
  instant now{1h};
  client machine;
};

TEST_F(exactly, discover_request_decline) {
  // [RFC2131-4.4.1-a]
  // [RFC2131-3.5-a]
  options named = how();
  named.host_name = "table1";
  client with_name{named, random};
  with_name.opened(now), with_name.start(now);
  EXPECT_TRUE(equal(with_name.pending(now)->payload, hex(row_of(message_type::discover).bytes)));

  machine.start(now);
  next();
  hears(message_type::offer);
  passes(3s);
  // The secs of REQUEST are those of DISCOVER (RFC 2131 §4.4.1): 0, though three seconds have passed.
  octets expected = hex(row_of(message_type::request).bytes);
  expected[9] = std::byte{0};
  EXPECT_EQ(next(), expected);
  ASSERT_TRUE(hears(message_type::ack));
  machine.conflict(now);
  EXPECT_EQ(next(), hex(row_of(message_type::decline).bytes));
}

TEST_F(exactly, release) {
  // [RFC2131-4.4.1-a]
  machine.start(now);
  hears(message_type::offer), passes(3s), hears(message_type::ack);
  machine.address_is_free(now);
  machine.release(now);
  EXPECT_EQ(next(), hex(row_of(message_type::release).bytes));
}

TEST_F(exactly, inform) {
  // [RFC2131-4.4.1-a]
  ASSERT_TRUE(machine.inform(static_lease(our_address, 24, server_address).value(), now));
  EXPECT_EQ(next(), hex(row_of(message_type::inform).bytes));
}

TEST(packet, options_of_each_kind_have_their_lengths) {
  for (const auto& row : option_table()) {
    EXPECT_EQ(find_row(row.code), &row);
    EXPECT_NE(name_of(row.code), "");
    EXPECT_FALSE(fits(row.kind, 0)) << name_of(row.code);
  }
  EXPECT_TRUE(fits(option_kind::addresses, 8));
  EXPECT_FALSE(fits(option_kind::addresses, 6));
  EXPECT_FALSE(fits(option_kind::seconds, 3));
  EXPECT_FALSE(fits(option_kind::u16, 1));
  EXPECT_FALSE(fits(option_kind::routes, 4));
  EXPECT_EQ(find_row(option{200}), nullptr);
  EXPECT_EQ(name_of(option{200}), "");
}

TEST(packet, does_not_fit_a_small_memory) {
  packet what;
  const octets end = hex("ff");
  what.options = end;
  std::array<std::byte, message_bytes_min - 1> memory;
  EXPECT_EQ(encode(what, memory).error(), error::no_room);
  std::array<std::byte, message_bytes_min> enough;
  EXPECT_TRUE(encode(what, enough));
}

TEST(packet, a_value_over_255_bytes_is_not_written_as_one_option) {
  std::array<std::byte, 512> memory;
  option_writer out{memory};
  const octets value(256);
  out.put(option::message, value);
  EXPECT_TRUE(out.failed());
}

TEST(packet, prints_what_it_cannot_decode) {
  EXPECT_EQ(printed(hex("01 02")), "not a DHCP message: a DHCP message was cut short\n");
  octets bootp = hex(row_of(message_type::nak).bytes);
  bootp[236] = std::byte{0};
  EXPECT_EQ(printed(bootp), "not a DHCP message: a BOOTP reply was not DHCP\n");
}

TEST(packet, prints_unknown_and_malformed_options_and_escapes_text) {
  packet what;
  const octets options =
      hex("35 01 02  c8 02 ab cd  03 03 c0 00 02  0c 03 61 1b 5b  79 05 21 c0 00 02 01  39 02 05 dc ff");
  what.options = options;
  std::array<std::byte, 512> memory;
  const std::string text = printed(encode(what, memory).value());
  EXPECT_NE(text.find("option 200: ab:cd\n"), std::string::npos) << text;
  EXPECT_NE(text.find("option 3 routers: c0:00:02 (wrong length or part of a split option)\n"), std::string::npos);
  EXPECT_NE(text.find("option 12 host name: \"a\\x1b[\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("option 121 classless static routes: malformed\n"), std::string::npos);
}

// Option 52 puts options into file and sname (RFC 2132 §9.3); the pieces of one option are joined (RFC 3396 §5).
TEST(packet, joins_split_options_in_the_order_options_file_sname) {
  // [RFC2132-9.3-a]
  packet what;
  const octets options = hex("35 01 05  34 01 03  0f 02 61 62  ff");
  const octets file = hex("0f 02 63 64  ff"), sname = hex("00 00 0f 01 65  ff");
  copy(file, what.file), copy(sname, what.sname);
  what.options = options;
  std::array<std::byte, 512> memory;
  const auto payload = encode(what, memory).value();
  const auto again = decode(payload);
  ASSERT_TRUE(again);
  std::array<std::byte, 8> scratch;
  EXPECT_EQ(as_text(**find_option(*again, option::domain, scratch)), "abcde");
  EXPECT_EQ(find_option(*again, option::domain, mutable_bytes{scratch}.first(4)).error(), error::bad_option);
  EXPECT_EQ(find_option(*again, option::domain, mutable_bytes{scratch}.first(1)).error(), error::bad_option);
  EXPECT_EQ(find_option(*again, option::mtu, scratch).value(), std::nullopt);
  const std::string text = printed(payload);
  EXPECT_NE(text.find("overload: file and sname hold options"), std::string::npos) << text;
  EXPECT_NE(text.find("file: holds options\noption 15"), std::string::npos) << text;
}

TEST(packet, refuses_options_that_reach_beyond_their_field) {
  packet what;
  const octets options = hex("35 01 05  34 01 01  ff");
  what.options = options;
  what.file[127] = std::byte{15};  // a code without a length at the very end
  std::array<std::byte, 512> memory;
  EXPECT_EQ(decode(encode(what, memory).value()).error(), error::bad_option);
  what.file[127] = std::byte{0};
  EXPECT_TRUE(decode(encode(what, memory).value()));
  for (const auto* bad : {"35 01 05  34 01 00  ff", "35 01 05  34 01 04  ff", "35 01 05  34 02 01 01  ff"}) {
    const octets wrong = hex(bad);
    what.options = wrong;
    EXPECT_EQ(decode(encode(what, memory).value()).error(), error::bad_option) << bad;
  }
}

}  // namespace

}  // namespace recado::dhcp::test
