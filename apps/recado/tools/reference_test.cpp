// Servers that name another one in their place (5.0 §4.11): pub, sub and rr follow them, by themselves and in bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include <sys/stat.h>
#include <sys/un.h>

#include "ending_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;

/// A reason code with a Server Reference, unless that is empty, as it stands in CONNACK and DISCONNECT.
std::string named(int code, const std::string& reference) {
  const std::string list = reference.empty() ? "" : "\x1c" + field(reference);
  return std::string{static_cast<char>(code), static_cast<char>(list.size())} + list;
}
step refuses(int code, const std::string& reference) { return says(packet(0x20, "\0"s + named(code, reference))); }
step ends(int code, const std::string& reference) { return says(packet(0xe0, named(code, reference))); }
std::string at(const scripted_broker& broker) { return "127.0.0.1:" + std::to_string(broker.port()); }
words options(const std::string& tool) {
  if (tool == "pub") return {"-t", "t", "-m", "m", "-q", "1"};
  if (tool == "sub") return {"-t", "t", "-C", "1"};
  return {"-t", "t", "-m", "m", "-e", "answer"};
}
program_run::result at_broker(const scripted_broker& broker, const std::string& tool, const words& more = {}) {
  return program_run{words{RECADO_PROGRAM, tool, "-V", "5", "-h", "127.0.0.1", "-p", std::to_string(broker.port())} +
                     options(tool) + more}();
}
/// A file of these tests.
std::string path_of(const char* name) {
  std::filesystem::create_directories(RECADO_TEST_FOLDER "/reference");
  return RECADO_TEST_FOLDER "/reference/"s + name;
}
const script serving{serves({.suback_more = publish_packet("t", "m", 0, false, "\0"s)})};

TEST(tools_reference, is_followed_from_connack) {
  for (const int code : {0x9c, 0x9d})
    for (const char* tool : {"pub", "sub", "rr"}) {
      SCOPED_TRACE(std::to_string(code) + tool);
      scripted_broker last{{serving}};
      scripted_broker first{{{hears(connect_type), refuses(code, at(last)), closes()}}};
      expect_line(at_broker(first, tool), 0,
                  {"recado "s + tool + ": the broker refused the connection", ", it names " + at(last),
                   "; going on at " + at(last) + "\n"});
      EXPECT_EQ(first.connections(), 1U);
      EXPECT_EQ(last.connections(), 1U);
    }
}

TEST(tools_reference, is_followed_from_disconnect) {
  for (const int code : {0x9c, 0x9d})
    for (const char* tool : {"sub", "rr"}) {
      SCOPED_TRACE(std::to_string(code) + tool);
      scripted_broker last{{serving}};
      scripted_broker first{{{hears(connect_type), connack_5, hears(subscribe_type), ends(code, at(last)), closes()}}};
      expect_line(at_broker(first, tool), 0, {"the broker ended the connection", "; going on at " + at(last) + "\n"});
    }
}

// Whether the message arrived nobody knows: with a session that the broker keeps it is sent again, else not.
TEST(tools_reference, pub_follows_where_nothing_is_published_twice) {
  for (const bool kept : {false, true}) {
    scripted_broker last{{serving}};
    scripted_broker first{{{hears(connect_type), connack_5, hears(publish_type), ends(0x9c, at(last)), closes()}}};
    const auto done = at_broker(first, "pub", kept ? words{"-c", "-i", "me"} : words{});
    EXPECT_EQ(done.status, kept ? 0 : 0x9c) << done.err;
    EXPECT_EQ(last.connections(), kept ? 1U : 0U);
    if (kept) {
      EXPECT_THAT(last.packets(), testing::Contains(testing::EndsWith("m")));
    }
  }
}

// The first line comes when the connection has ended already: nothing can have been lost.
TEST(tools_reference, pub_follows_while_it_has_published_nothing) {
  scripted_broker last{{serving}};
  scripted_broker first{{{hears(connect_type), connack_5, ends(0x9d, at(last)), waits_for_end()}}};
  const std::string pub = RECADO_PROGRAM " pub -V 5 -t t -l -q 1 -h 127.0.0.1 -p "s + std::to_string(first.port());
  const std::string fifo = path_of("late_lines");
  std::filesystem::remove(fifo);
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::jthread gives{[&] {
    std::ofstream late{fifo};
    EXPECT_TRUE(first.played(1));
    late << "late\n";
  }};
  const auto done = program_run{{"/bin/sh", "-c", pub + " <" + fifo}, {}, {"PATH=/usr/bin:/bin"}}();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(last.packets(), testing::Contains(testing::EndsWith("late")));
}

TEST(tools_reference, each_server_that_is_named_is_tried) {
  scripted_broker last{{serving}};
  scripted_broker shut{{{hears(connect_type), says(packet(0x20, "\0\x88\0"s)), closes()}}};
  scripted_broker first{{{hears(connect_type), refuses(0x9c, "no/server " + at(shut) + " " + at(last)), closes()}}};
  const auto done = at_broker(first, "pub");
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("; going on at " + at(shut) + "\n"));
  EXPECT_THAT(done.err, HasSubstr("Server unavailable (136); going on at the next that was named, " + at(last) + "\n"));
}

// A reason that is final there is final here.
TEST(tools_reference, the_server_that_was_named_has_the_last_word) {
  scripted_broker last{{{hears(connect_type), says(packet(0x20, "\0\x87\0"s)), closes()}}};
  scripted_broker first{{{hears(connect_type), refuses(0x9d, at(last)), closes()}}};
  const auto done = at_broker(first, "sub");
  EXPECT_EQ(done.status, 0x87);
  EXPECT_THAT(done.err, HasSubstr("Not authorized (135); check -u"));
  EXPECT_EQ(first.connections(), 1U);
  EXPECT_EQ(last.connections(), 1U);
}

TEST(tools_reference, circles_end) {
  std::promise<std::string> address;
  const std::shared_future<std::string> own = address.get_future().share();
  const auto itself = [own](int first, const std::string& before) {
    return says([=](const std::string&) { return packet(first, before + named(0x9c, own.get())); });
  };
  scripted_broker refusing{{{hears(connect_type), itself(0x20, "\0"s), closes()}}};
  address.set_value(at(refusing));
  for (const unsigned most : {0U, 2U, 4U}) {
    const std::size_t before = refusing.connections();
    const auto done = at_broker(refusing, "sub", {"--references", std::to_string(most)});
    EXPECT_EQ(done.status, 0x9c);
    EXPECT_EQ(std::ranges::count(done.err, '\n'), most + 1L) << done.err;
    EXPECT_EQ(refusing.connections() - before, most + 1);
    if (most != 0) {
      EXPECT_THAT(done.err, HasSubstr(std::to_string(most) + " times were followed (--references)"));
    }
  }
}

TEST(tools_reference, circles_that_accept_first_end_too) {
  std::promise<std::string> address;
  const std::shared_future<std::string> own = address.get_future().share();
  scripted_broker broker{
      {{hears(connect_type), connack_5, hears(subscribe_type),
        says([own](const std::string&) { return packet(0xe0, named(0x9d, own.get())); }), closes()}}};
  address.set_value(at(broker));
  const auto done = at_broker(broker, "sub");
  EXPECT_EQ(done.status, 0x9d) << done.err;
  EXPECT_EQ(broker.connections(), 5U);
}

TEST(tools_reference, what_is_no_address_ends_it) {
  for (const char* reference : {"", "http://other/", "a:b", "host:0", "[::1", "me@host", " "})
    for (const bool online : {false, true}) {
      SCOPED_TRACE(reference);
      const script refusing{hears(connect_type), refuses(0x9d, reference), closes()};
      const script ending{hears(connect_type), connack_5, hears(subscribe_type), ends(0x9d, reference), closes()};
      scripted_broker first{{online ? ending : refusing}};
      expect_line(at_broker(first, "sub"), 0x9d, {"Server moved (157)", "; it names no address of a server"});
      EXPECT_EQ(first.connections(), 1U);
    }
}

// When the one that was named for now is lost the first one is asked again; one that was named for good stays.
TEST(tools_reference, for_now_and_for_good) {
  for (const int code : {0x9c, 0x9d}) {
    const script once{hears(connect_type), connack_5, hears(subscribe_type), acknowledges(0x90, "\0\0"s), closes()};
    scripted_broker last{{once, serving}};
    scripted_broker first{{{hears(connect_type), refuses(code, at(last)), closes()}, serving}};
    const auto done = at_broker(first, "sub");
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(first.connections(), code == 0x9c ? 2U : 1U);
    EXPECT_EQ(last.connections(), code == 0x9c ? 1U : 2U);
  }
}

// This side's state belongs to the session of the one after: the first one is told to forget its own.
TEST(tools_reference, a_session_that_was_left_behind_is_forgotten) {
  const auto connected = [](bool present) {
    return says(packet(0x20, std::string{present ? '\1' : '\0', '\0', '\0'}));
  };
  const script stands{hears(connect_type), connected(false), hears(subscribe_type), acknowledges(0x90, "\0\0"s),
                      closes()};
  scripted_broker last{{stands}};
  const script sends{hears(connect_type), connected(true), hears(subscribe_type), ends(0x9c, at(last)), closes()};
  scripted_broker first{{sends, serving}};
  const auto done = at_broker(first, "sub", {"-c", "-i", "me"});
  EXPECT_EQ(done.status, 0) << done.err;
  const auto clean = [](const std::string& connect) { return (connect.at(9) & 2) != 0; };
  EXPECT_FALSE(clean(first.packets(0).at(0)));
  EXPECT_FALSE(clean(last.packets(0).at(0)));
  EXPECT_TRUE(clean(first.packets(1).at(0)));
}

// What MQTT over a Unix socket needs no protection for may need it elsewhere.
TEST(tools_reference, is_not_followed_out_of_a_unix_socket) {
  const std::string place = std::filesystem::relative(path_of("r")).string();
  std::filesystem::remove(place);
  posix::descriptor listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  place.copy(here.sun_path, sizeof here.sun_path - 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  scripted_broker other{{serving}};
  scripted_broker first{{{hears(connect_type), refuses(0x9c, at(other)), closes()}}, std::move(listening)};
  const auto done = program_run{words{RECADO_PROGRAM, "pub", "-V", "5", "--unix", place, "-t", "t", "-m", "m"}}();
  expect_line(done, 0x9c, {"it names " + at(other), "; connect to the server that it names"});
  EXPECT_EQ(other.connections(), 0U);
}

}  // namespace
}  // namespace recado::test
