#include "beside_mosquitto_for_tests.hpp"

namespace recado::app::tools::test {
namespace {

using recado::test::field;
using recado::test::publish_packet;
using recado::test::service;
using namespace std::string_literals;
using namespace std::string_view_literals;

service sends(std::string more) { return {.suback_more = std::move(more)}; }

/// One message of each kind.
const service plain = sends(publish_packet("a/b", "hello"));
const service none = sends(publish_packet("a/b", ""));
const service twice = sends(publish_packet("a/b", "one") + publish_packet("a/c", "two", 0, true));
const service qos_1 = sends(publish_packet("a/b", "hello", 1, false, {}, 7));
const service qos_2 = sends(publish_packet("a/b", "hello", 2, true, {}, 65535));
const service binary = sends(publish_packet("a/b", "\0\1\x7f\x80\xff\n"sv));
const service quotes = sends(publish_packet("a/b\"", "say \"x\"\t\\ / \x01 \x7f é\r\n"));

std::string with_length(const std::string& properties) { return static_cast<char>(properties.size()) + properties; }
const std::string all_properties =
    with_length("\x01\x01"s + "\x02\0\0\0\x3c"s + "\x03" + field("text/plain") + "\x08" + field("re/ply") + "\x09" +
                field("corr") + "\x0b\x05" + "\x26" + field("k") + field("v w") + "\x26" + field("k2") + field("x"));
const std::string no_properties(1, '\0');
const service v5 = sends(publish_packet("a/b", "hello", 1, true, all_properties, 9));
const service v5_plain = sends(publish_packet("a/b", "hello", 0, false, no_properties));

service text(std::string_view payload) { return sends(publish_packet("a/b", payload)); }

const service answers = sends(publish_packet("re", "answer", 0, false, no_properties));

const service answers_3 = sends(publish_packet("re", "answer"));

TEST(beside_mosquitto, sub_subscriptions) {
  const row table[] = {
      {"sub", "-t a/b -C 1", plain},
      {"sub", "-t a/# -C 1 -q 1", qos_1},
      {"sub", "-t + -t a/+ -C 1 -q 2", qos_2},
      {"sub", "-t # -C 2", twice},
      {"sub", "--topic a --qos 1 -C 1", qos_1},
      {"sub", "-t a -E"},
      {"sub", "-t a -t b -t c -E -q 2"},
      {"sub", "-t a -E -V 5"},
      {"sub", "-t a -E -i me -c -q 1"},
      {"sub", "-t a -E -i me -c -q 1 -V 5"},
      {"sub", "-t a -E -i me -c -x 60 -V 5"},
      {"sub", "-t a -U b -E"},
      done("sub", "-U b -E", "100c00044d5154540402003c0000\na2050001000162\ne000"),
      done("sub", "-U b -U c", "100c00044d5154540402003c0000\na2050001000162\na2050002000163\ne000"),
      done("sub", "-U b -V 5", "101000044d5154540502003c032100140000\na206000100000162\ne000"),
      done("sub", "-U b -U c -V 5", "101000044d5154540502003c032100140000\na206000100000162\na206000200000163\ne000"),
      done("sub", "--unsubscribe b", "100c00044d5154540402003c0000\na2050001000162\ne000"),
      {"sub", "-t a -U a -C 1", plain},
      {"sub", "-t $share/g/a -E"},
      {"sub", "-t $share/g/a -E -V 5"},
      {"sub", "-t $SYS/# -E"},
      {"sub", "-t a -E --retain-as-published -V 5"},
      refused("sub", "-t a -E --retain-as-published"),
      {"sub", "-t a -E -D subscribe subscription-identifier 5"},
      refused("sub", "-t a -E -D subscribe subscription-identifier 0"),
      {"sub", "-t a -E -D subscribe user-property x y"},
      {"sub", "-t a -U b -E -D unsubscribe user-property x y"},
      {"sub", "-t a -E -D connect receive-maximum 5"},
      {"sub", "-t a -E -D connect user-property x y"},
      {"sub", "-t a -E -D disconnect user-property x y"},
      refused("sub", "-t a -E -D disconnect session-expiry-interval 3"),
      refused("sub", "-t a -E -D publish content-type y"),
      {"sub", "-t a -E -D will user-property x y --will-topic w"},
      {"sub", "-t a -E --will-topic w --will-payload x --will-qos 2 --will-retain"},
      {"sub", "-t a -E -I me-", {}, {}, {}, false, true},
      {"sub", "-t a -E -u you -P pw -k 20"},
      {"sub", "-t a -E --nodelay"},
      {"sub", "-L mqtt://127.0.0.1:PORT/a/# -E", {}, {}, {}, true},
      {"sub", "-L mqtt://127.0.0.1:PORT/a -t b -E", {}, {}, {}, true},
      {"sub", "-t b -L mqtt://127.0.0.1:PORT/a -E", {}, {}, {}, true},
      {"sub", "-L mqtt://127.0.0.1:PORT/a/+/c -E", {}, {}, {}, true},
      {.program = "sub",
       .arguments = "-L mqtt://127.0.0.1:PORT -t x -E",
       .alone = true,
       .status = 0,
       .wire = "100c00044d5154540402003c0000\n8206000100017800\ne000"},
  };
  compare(table);
}

TEST(beside_mosquitto, sub_connections) {
  const row table[] = {
      {.program = "sub",
       .arguments = "-L mqtt://127.0.0.1:PORT/ -t x -E",
       .alone = true,
       .status = 0,
       .wire = "100c00044d5154540402003c0000\n8206000100017800\ne000"},
      {.program = "sub", .arguments = "-t a -E", .broker = {.granted = 0x80}, .status = 128},
      {.program = "sub", .arguments = "-t a -E -V 5", .broker = {.granted = 0x87}, .status = 135},
      {"sub", "-t a -q 2 -E", {.granted = 0}},
      {"sub", "-t a -C 1 -W 5", plain},
      {"sub", "-t a -W 1"},
      {"sub", "-t a -W 1 -V 5"},
      {"sub", "-t a -W 1 -C 3", plain},
      {"sub", "-t a -M 5 -E"},
      {"sub", "-t a -E -q 1 -d"},
      {"sub", "-t a -t b -E -d -i me"},
      // no Receive Maximum: mosquitto 2.0.11 exceeds it at QoS 2
      {.program = "sub",
       .arguments = "-t a -t b -E -d -i me -V 5 -q 2",
       .wire = "100f00044d5154540502003c0000026d65\n820b0001000001610200016202\ne000"},
      in_any_order({"sub", "-t a -C 1 -d -i me -q 1", qos_1}),
      in_any_order({"sub", "-t a -C 1 -d -i me -q 2", qos_2}),
      in_any_order({"sub", "-t a -C 1 -d -i me -q 2 -V 5", v5}),
      {.program = "sub",
       .arguments = "-t a -U b -E -d -i me",
       .output =
           "Client me sending CONNECT\nClient me received CONNACK (0)\nClient me sending SUBSCRIBE (Mid: 1, Topic: a, "
           "QoS: 0, Options: 0x00)\nClient me sending UNSUBSCRIBE (Mid: 2, Topic: b)\nClient me received "
           "SUBACK\nSubscribed (mid: 1): 0\nClient me received UNSUBACK\nClient me sending DISCONNECT\n"},
      {.program = "sub",
       .arguments = "-U b -d -i me",
       .not_there = true,
       .status = 0,
       .output =
           "Client me sending CONNECT\nClient me received CONNACK (0)\nClient me sending UNSUBSCRIBE (Mid: 1, Topic: "
           "b)\nClient me received UNSUBACK\nClient me sending DISCONNECT\n",
       .other_wire = true},
      {.program = "sub",
       .arguments = "-t a -E -d",
       .broker = {.granted = 0x80},
       .status = 128,
       .output =
           "Client (null) sending CONNECT\nClient (null) received CONNACK (0)\nClient (null) sending SUBSCRIBE (Mid: "
           "1, "
           "Topic: a, QoS: 0, Options: 0x00)\nClient (null) received SUBACK\nSubscribed (mid: 1): 128\nClient (null) "
           "sending DISCONNECT\n"},

      {"sub", "-t a -E -d -V 5", {.connack = "\x20\x0c\0\0\x09\x12\0\6server"s}},
  };
  compare(table);
}

TEST(beside_mosquitto, sub_output) {
  const row table[] = {
      {"sub", "-t a -C 1", none},
      {"sub", "-t a -C 1 -v", none},
      {"sub", "-t a -C 1 -v", plain},
      {"sub", "-t a -C 1 --verbose", plain},
      {"sub", "-t a -C 1 -N", plain},
      {"sub", "-t a -C 2 -N", twice},
      {"sub", "-t a -C 1 -N -v", plain},
      {"sub", "-t a -C 1 -N -v", none},
      {"sub", "-t a -C 1 -N", none},
      {"sub", "-t a -C 1", binary},
      {"sub", "-t a -C 1 -v", binary},
      {"sub", "-t a -C 1 -R", twice},
      {"sub", "-t a -C 1 -v -R", sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f"))},
      {"sub", "-t a --retained-only", sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f"))},
      {"sub", "-t a --retained-only -C 1", sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f"))},
      // mosquitto_sub publishes with QoS 1, ends before the answer, and hangs when it came at once
      {.program = "sub",
       .arguments = "-t a -C 1 --remove-retained",
       .broker = sends(publish_packet("a", "r", 0, true)),
       .not_there = true,
       .status = 0,
       .output = "r\n",
       .wire = "100c00044d5154540402003c0000\n8206000100016100\n33050001610002\ne000"},
      {.program = "sub",
       .arguments = "-t a -C 2 --remove-retained",
       .broker = sends(publish_packet("a", "r", 0, true) + publish_packet("b", "r2", 0, true)),
       .not_there = true,
       .status = 0,
       .output = "r\nr2\n",
       .wire = "100c00044d5154540402003c0000\n8206000100016100\n33050001610002\n33050001620003\ne000"},
      {"sub", "-t a -C 1 --remove-retained -T a", sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f"))},
      {"sub", "-t a -C 1 --remove-retained -R", sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f"))},
      {.program = "sub",
       .arguments = "-t a --remove-retained --retained-only",
       .broker = sends(publish_packet("a", "r", 0, true) + publish_packet("b", "f")),
       .not_there = true,
       .status = 0,
       .output = "r\n",
       .wire = "100c00044d5154540402003c0000\n8206000100016100\n33050001610002\ne000"},
      {"sub", "-t a -C 1 -T a/b -v", twice},
      {"sub", "-t a -C 1 -T a/c -v", twice},
      {"sub", "-t a -C 1 --filter-out a/b -T x", twice},
      {"sub", "-t a -C 1 -T b -T + -v", twice},
      {"sub", "-t a -W 1 -T a/#", twice},
      {"sub", "-t a -W 1 -T #", twice},
      // as the manual says; 2.0.11 prints nothing
      {.program = "sub", .arguments = "-t a -C 1 --random-filter 100", .broker = plain, .output = "hello\n"},
      {"sub", "-t a -C 1 --quiet", plain},
      {"sub", "-t a -C 1 -V 5 -v", v5},
  };
  compare(table);
}

TEST(beside_mosquitto, sub_formats) {
  const row table[] = {
      {"sub", "-t a -C 1 -F '%t %p'", plain},
      {"sub", "-t a -C 1 -F '%% %l %m %q %r'", plain},
      {"sub", "-t a -C 1 -F '%l %m %q %r'", qos_1},
      {"sub", "-t a -C 1 -F '%l %m %q %r'", qos_2},
      {"sub", "-t a -C 1 -F '[%p]'", none},
      {"sub", "-t a -C 1 -F '%x'", binary},
      {"sub", "-t a -C 1 -F '%X'", binary},
      {"sub", "-t a -C 1 -F '%x'", none},
      {"sub", "-t a -C 1 -F '%p'", binary},
      {"sub", "-t a -C 1 -F '%p' -N", plain},
      {"sub", "-t a -C 1 -F ''", plain},
      {"sub", "-t a -C 1 -F 'constant'", plain},
      {"sub", "-t a -C 1 -F '%t' -v", plain},
      {"sub", "-t a -C 1 -F 'a\\nb\\tc\\\\d\\re\\ff'", plain},
      {"sub", "-t a -C 1 -F 'a\\nb\\tc\\\\d\\re'", plain},
      {"sub", "-t a -C 1 -F '\\0\\a\\e\\v'", plain},
      {"sub", "-t a -C 1 -F '\\x'", plain},
      {"sub", "-t a -C 1 -F 'a\\'", plain},
      {"sub", "-t a -C 1 -F 'a%'", plain},
      {"sub", "-t a -C 1 -F 'a@'", plain},
      {"sub", "-t a -C 1 -F '@@'", plain},
      {"sub", "-t a -C 1 -F '%z'", plain},
      {"sub", "-t a -C 1 -F '%T'", plain},
      {"sub", "-t a -C 1 -F '%e'", plain},
      {"sub", "-t a -C 1 -F '@Y-@m-@d'", plain},
      {"sub", "-t a -C 1 -F '@F @a @A @b @B @j @u @w @y @C @G @g @V @U @W @e @D @x'", plain},
      {"sub", "-t a -C 1 -F '@H @I @p @Z @z @n @t @h @P @k @l'", plain, {}, {}, false, false, true},
      {"sub", "-t a -C 1 -F '@M @S @s @N @T @R @r @c @X'", plain, {}, {}, false, false, true},
      {"sub", "-t a -C 1 -F '@E'", plain},
      {"sub", "-t a -C 1 -F '@%'", plain},
      {"sub", "-t a -C 1 -F '%I'", plain, {}, {}, false, false, true},
      {"sub", "-t a -C 1 -F '%U'", plain, {}, {}, false, false, true},
      {"sub", "-t a -C 1 -F '%I %U' -V 5", v5_plain, {}, {}, false, false, true},
      {"sub", "-t a -C 1 -F '%j'", plain},
      {"sub", "-t a -C 1 -F '%j'", none},
      {"sub", "-t a -C 1 -F '%j'", qos_1},
      {"sub", "-t a -C 1 -F '%j'", qos_2},
      {"sub", "-t a -C 1 -F '%j'", quotes},
      {"sub", "-t a -C 1 -F '%j' -V 5", v5},
  };
  compare(table);
}

TEST(beside_mosquitto, sub_more_formats) {
  const row table[] = {
      {"sub", "-t a -C 1 -F '%j' -V 5", v5_plain},
      {"sub", "-t a -C 1 -F '%j' --pretty", plain},
      {"sub", "-t a -C 1 -F '%j' --pretty -V 5", v5},
      {"sub", "-t a -C 1 -F '%J'", text("{\"a\":1}")},
      {"sub", "-t a -C 1 -F '%J'", text("{ \"b\" : [1, 2.5, true, null, \"x\\u0041\\n\"], \"a\" : {} }")},
      {"sub", "-t a -C 1 -F '%J'", text("[]")},
      {"sub", "-t a -C 1 -F '%J'", text("12")},
      {"sub", "-t a -C 1 -F '%J'", text("\"text\"")},
      {"sub", "-t a -C 1 -F '%J'", text("1e3")},
      {"sub", "-t a -C 1 -F '%J'", text("[1.0, 0.1, 1e100, -5, 12345678901234567890, 3.14159265358979]")},
      {"sub", "-t a -C 1 -F '%J'", text("null")},
      {"sub", "-t a -C 1 -F 'a %J|%t'", text("no json")},
      {"sub", "-t a -C 1 -F '%J'", text("[-0, -0.0, 0.0, 1.10, 1E2, 123456789012345678901234567890]")},
      {"sub", "-t a -C 1 -F '%J'", text(" {\"a\":1,\"a\":2} ")},
      {"sub", "-t a -C 1 -F '%J'", text("{\"a\":1,}")},
      {"sub", "-t a -C 1 -F '%J'", text("\"\\ud83d\\ude00\\u00e9\"")},
      {.program = "sub", .arguments = "-t a -C 1 -F '%J'", .broker = text("01"), .output = "\n"},
      {.program = "sub", .arguments = "-t a -C 1 -F '%J'", .broker = text("[1e400]"), .output = "\n"},
      {"sub", "-t a -C 1 -F '%J'", none},
      {"sub", "-t a -C 1 -F '%J'", text("not json")},
      {"sub", "-t a -C 1 -F '%J'", text("{\"a\":1} x")},
      {"sub", "-t a -C 1 -F '%J' --pretty", text("{\"a\":1,\"b\":[1,{\"c\":[]}],\"d\":{}}")},
      {"sub", "-t a -C 1 -F '%J' --pretty -V 5", v5_plain},
      {"sub", "-t a -C 1 -F '%J'", text("{\"é\":\"ü/\\/\"}")},
      {"sub", "-t a -C 1 -F 'x%jy'", plain},
      {"sub", "-t a -C 1 -F '%A|%C|%D|%E|%F|%P|%R|%S' -V 5", v5},
      {"sub", "-t a -C 1 -F '%A|%C|%D|%E|%F|%P|%R|%S' -V 5", v5_plain},
      {"sub", "-t a -C 1 -F '%A|%C|%D|%E|%F|%P|%R|%S'", plain},
      {"sub", "-t a -C 1 -F '%10t|%-10t|%010t|%.2t|%10.2t|%-10.2t'", plain},
      {"sub", "-t a -C 1 -F '%10p|%-10p|%010p|%3p|%.2p|%-3p|%03p'", plain},
      {"sub", "-t a -C 1 -F '%20x|%-20x|%020x|%4x|%.2x|%5X'", plain},
      {"sub", "-t a -C 1 -F '%5l|%-5l|%05l|%.2l|%1l'", plain},
      {"sub", "-t a -C 1 -F '%-05E|%05E|%-05A' -V 5", v5_plain},
      {"sub", "-t a -C 1 -F '%5m|%-5m|%05m|%8m'", qos_1},
      {"sub",
       "-t a -C 1 -F '%20C|%-20C|%.3C|%20R|%-20R|%.3R|%8E|%08E|%-8E|%4F|%04F|%-4F|%4S|%04S|%-4S|%4A|%-4A|%04A' -V 5",
       v5},
      {"sub",
       "-t a -C 1 -F '%20C|%-20C|%.3C|%20R|%-20R|%.3R|%8E|%08E|%-8E|%4F|%04F|%-4F|%4S|%04S|%-4S|%4A|%-4A|%04A' -V 5",
       v5_plain},
      {"sub", "-t a -C 1 -F '%5q|%-5r|%5%|%5j'", plain},
      {"sub", "-t a -C 1 -F '%20000t'", plain},
      {"sub", "-t a -C 1 -F '%5.t|%.0t|%0t|%-05l|%.3p|%10.3p|%.3x'", plain},
      {"sub", "-t a -C 1 -F '%--5l'", plain},
      {"sub", "-t a -C 1 -F '%+5l'", plain},
      {"sub", "-t a -C 1 -F '%5'", plain},
      {"sub", "-t a -C 1 -F '@@@'", plain},
      {"sub", "-t a -C 1 -F '%5D|%-9D|%20P|%30I' -V 5", v5, {}, {}, false, false, true},
      {"sub", "-t a -C 2 -F '%t %r %p'", twice},
      {"sub", "-t a -C 2 -F '%t %r %p' -N", twice},
      {"sub", "-t a -C 1 -F '%t %r' -R", twice},
  };
  compare(table);
}

TEST(beside_mosquitto, sub_refusals) {
  const row table[] = {
      {"sub", ""},
      {"sub", "-t a/#/b -C 1"},
      {"sub", "-t a+ -C 1"},
      {"sub", "-t a# -C 1"},
      refused_alone("sub", "-t '' -C 1"),
      {"sub", "-U a# -C 1"},
      {"sub", "-T a# -t a -C 1"},
      {"sub", "-t a -C 0"},
      {"sub", "-t a -C -1"},
      {"sub", "-t a -C x"},
      {"sub", "-t a -C"},
      refused_alone("sub", "-t a -C 1x"),
      refused_alone("sub", "-t a -C +1"),
      refused_alone("sub", "-t a -C 1 -k 60x"),
      {"sub", "-t a -W 0"},
      {"sub", "-t a -W -1"},
      {"sub", "-t a -W"},
      {"sub", "-t a -F"},
      {"sub", "-t a -T"},
      {"sub", "-t a -U"},
      {"sub", "-t a -q 3"},
      {"sub", "-t a -R --retained-only"},
      {"sub", "-t a -c -C 1"},
      {"sub", "-t a --random-filter 0"},
      refused_alone("sub", "-t a --random-filter 101"),
      {"sub", "-t a --random-filter x"},
      {"sub", "-t a --random-filter"},
      {"sub", "-t a -m x"},
      {"sub", "-t a -f x"},
      {"sub", "-t a -l"},
      {"sub", "-t a -n"},
      {"sub", "-t a -r"},
      {"sub", "-t a -s"},
      {"sub", "-t a -e x"},
      {"sub", "-t a --repeat 2"},
      {"sub", "-t a --nonsense"},
      {"sub", "-t a nonsense"},
      {"sub", "-t a -t"},
      {"sub", "-t a -D suback reason-string x"},
      refused_alone("sub", "-t a -D publish user-property x y"),
  };
  compare(table);
}

TEST(beside_mosquitto, rr) {
  const row table[] = {
      {"rr", "-t ask -e re -m question -W 5", answers},
      {"rr", "-t ask -e re -m question -W 5 -V 311", answers_3},
      {"rr", "-t ask -e re -n -W 5", answers},
      // mosquitto_rr forgets what it read
      {.program = "rr",
       .arguments = "-t ask -e re -s -W 5",
       .broker = answers,
       .input = "question",
       .wire = "101000044d5154540502003c032100010000\n82080001000002726500\n3013000361736b0508000272657175657374696f6e"
               "\ne000"},
      {"rr", "-t ask -e re -m question -q 1 -W 5", answers},
      {"rr", "-t ask -e re -m question -q 2 -W 5", answers},
      {"rr", "-t ask -e re -m question -v -W 5", answers},
      {"rr", "-t ask -e re -m question -N -W 5", answers},
      {"rr", "-t ask -e re -m question -F '%t %p' -W 5", answers},
      {"rr", "-t ask -e re -m question -F '%j' --pretty -W 5", answers},
      {"rr", "-t ask -e re -m question -W 5 -D publish correlation-data x", answers},
      {"rr", "-t ask -e re -m question -W 5 -D publish response-topic other", answers},
      {"rr", "-t ask -e re -m question -W 5 -D subscribe user-property a b", answers},
      {"rr", "-t ask -e re -m question -W 5 -D connect user-property a b", answers},
      {"rr", "-t ask -e re -m question -W 5 -i me", answers},
      {"rr", "-t ask -e re -m question -W 5 -i me -c", answers},
      {"rr", "-t ask -e re -m question -W 5 -I me", answers, {}, {}, false, true},
      in_any_order({.program = "rr",
                    .arguments = "-t ask -e re -m question -W 5 -d -i me",
                    .broker = answers,
                    .output = "Client me sending CONNECT\nClient me received CONNACK (0)\nClient me sending SUBSCRIBE "
                              "(Mid: 1, Topic: re, QoS: 0, Options: 0x00)\nClient me received SUBACK\nClient me "
                              "sending PUBLISH (d0, q0, r0, m2, 'ask', ... (8 bytes))\nClient me received PUBLISH (d0, "
                              "q0, r0, m0, 're', ... (6 bytes))\nanswer\nClient me sending DISCONNECT\n"}),
      in_any_order({.program = "rr",
                    .arguments = "-t ask -e re -m question -W 5 -d -i me -q 1",
                    .broker = answers,
                    .output = "Client me sending CONNECT\nClient me received CONNACK (0)\nClient me sending SUBSCRIBE "
                              "(Mid: 1, Topic: re, QoS: 1, Options: 0x00)\nClient me received SUBACK\nClient me "
                              "sending PUBLISH (d0, q1, r0, m2, 'ask', ... (8 bytes))\nClient me received PUBLISH (d0, "
                              "q0, r0, m0, 're', ... (6 bytes))\nanswer\nClient me sending DISCONNECT\n"}),
  };
  compare(table);
}

TEST(beside_mosquitto, rr_refusals) {
  const row table[] = {
      {"rr", "-t ask -e re -m question -W 5 -x 10", answers},
      {"rr", "-t ask -e re -m question -W 5 --will-topic w", answers},
      {"rr", "-t ask -e re -m question -W 1"},
      {"rr", "-t ask -e re -m question -W 1 -V 311"},
      // -R is in its help, and ignored
      {.program = "rr",
       .arguments = "-t ask -e re -m question -R -W 1",
       .broker = sends(publish_packet("re", "answer", 0, true, no_properties)),
       .status = 27,
       .output = "",
       .wire = "101000044d5154540502003c032100010000\n82080001000002726500\n3013000361736b0508000272657175657374696f6e"
               "\ne00104"},
      {"rr", "-t ask -e re -m question -W 5", sends(publish_packet("re", "answer", 1, true, no_properties, 5))},
      {"rr", "-t ask -e re -m question -W 5", sends(publish_packet("re", "answer", 2, true, no_properties, 5))},
      {"rr", "-L mqtt://127.0.0.1:PORT/ask -e re -m question -W 5", answers, {}, {}, true},
      {"rr", "-t ask -m question -W 5"},
      {"rr", "-e re -m question -W 5"},
      {"rr", "-t ask -e re -W 5"},
      {"rr", "-t ask -e re -l -W 5"},
      {"rr", "-t ask -t ask2 -e re -m x -W 5"},
      {"rr", "-t ask -e re/# -m x -W 5", answers},
      {"rr", "-t ask/# -e re -m x -W 5"},
      {"rr", "-t ask -e re -m x -r -W 5", answers},
      {"rr", "-t ask -e re -m x -C 1 -W 5", answers},
      {"rr", "-t ask -e re -m x --repeat 2 -W 5", answers},
      {"rr", "-t ask -e re -m x -T y -W 5", answers},
      {"rr", "-t ask -e re -m x -E -W 5", answers},
      {"rr", "-t ask -e re -m x --random-filter 50 -W 5", answers},
      {"rr", "-t ask -e re -m x -W 0", answers},
      {"rr", "-t ask -e re -m x -e re2 -W 5", answers},
  };
  compare(table);
}

}  // namespace
}  // namespace recado::app::tools::test
