// Many messages: how many are on their way at a time, identifiers that come round again, order, bounded memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <regex>

#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using words = std::vector<std::string>;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_its_own = false;
#elif defined(__has_feature)
constexpr bool memory_is_its_own = !__has_feature(address_sanitizer);
#else
constexpr bool memory_is_its_own = true;
#endif

words operator+(words left, const words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

program_run::result run(words options, std::string input = {}) {
  options.insert(options.begin(), RECADO_PROGRAM);
  return program_run{.command = std::move(options), .input = std::move(input), .bound = std::chrono::minutes{9}}();
}

std::string lines_up_to(int last) {
  std::string result;
  for (int i = 1; i <= last; ++i) result += std::to_string(i) + "\n";
  return result;
}

/// What --stats says of the process's memory.
unsigned long peak_kib(const std::string& said) {
  std::smatch found;
  return std::regex_search(said, found, std::regex{"(\\d+) KiB of memory"}) ? std::stoul(found[1]) : 0;
}

/// How many messages a broker that acknowledges none is sent.
std::size_t unacknowledged(const words& options, const std::string& connack) {
  scripted_broker broker{{{hears(connect_type), says(connack), waits_for_end()}}};
  const auto done =
      run(words{"pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "a", "-l", "--timeout", "0.5"} +
              options,
          lines_up_to(300));
  EXPECT_EQ(done.status, 27) << done.err;
  broker.finish();
  const auto heard = broker.packets();
  return static_cast<std::size_t>(std::ranges::count_if(
      heard, [](const std::string& each) { return (static_cast<unsigned char>(each[0]) >> 4) == publish_type; }));
}

TEST(volume, no_more_messages_are_on_their_way_than_either_side_allows) {
  const std::string v3 = "\x20\x02\0\0"s, v5 = "\x20\x03\0\0\0"s;
  const auto announces = [](char count) { return "\x20\x06\0\0\x03\x21\0"s + count; };
  const struct {
    words options;
    std::string connack;
    std::size_t on_their_way;
  } rows[] = {
      {{"-q", "1"}, v3, 20},
      {{"-q", "2"}, v3, 20},
      {{"-q", "1", "-M", "7"}, v3, 7},
      {{"-q", "2", "-M", "1"}, v3, 1},
      {{"-q", "1", "-M", "65535"}, v3, 300},
      {{"-q", "1", "-V", "5"}, v5, 20},
      {{"-q", "1", "-V", "5", "-M", "100"}, v5, 100},
      {{"-q", "1", "-V", "5"}, announces(50), 50},
      {{"-q", "2", "-V", "5"}, announces(3), 3},
      {{"-q", "1", "-V", "5", "-M", "5"}, announces(50), 5},
      {{"-q", "1", "-V", "5", "-M", "50"}, announces(5), 5},  // [MQTT-3.3.4-7]
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(testing::PrintToString(each.options));
    EXPECT_EQ(unacknowledged(each.options, each.connack), each.on_their_way);
  }
}

/// Through a broker into a kept session and out of it.
void all_arrive_in_order(int count, const std::string& qos, const words& version) {
  SCOPED_TRACE("QoS " + qos);
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", RECADO_TEST_FOLDER "/volume_broker", "allow_anonymous true\n"};
  const words way =
      words{"-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-q", qos, "-t", "volume", "--stats"} + version;
  const words keeper = {"-i", "keeper", "-c"};
  ASSERT_EQ(run(words{"sub", "-E"} + way + keeper).status, 0);
  const std::string lines = lines_up_to(count);
  auto receiving = std::async(std::launch::async, [&] {
    return run(words{"sub", "-C", std::to_string(count)} + way + keeper);
  });
  const auto sent = run(words{"pub", "-l"} + way, lines);
  EXPECT_EQ(sent.status, 0) << sent.err;
  EXPECT_THAT(sent.err,
              HasSubstr(std::to_string(count) + " messages published, " + std::to_string(count) + " acknowledged"));
  const auto got = receiving.get();
  EXPECT_EQ(got.status, 0) << got.err;
  EXPECT_TRUE(got.out == lines) << got.out.size() << " of " << lines.size() << " bytes, or in another order";
  if (!memory_is_its_own) return;
  for (const unsigned long each : {peak_kib(sent.err), peak_kib(got.err)})
    EXPECT_TRUE(each > 0 && each < 32'768) << each;
}

/// 70,000 in all runs: the 65,535 identifiers come round again [MQTT-2.2.1-3]. RECADO_LINES asks for more.
TEST(volume, a_line_each_more_than_there_are_identifiers) {
  const char* wanted = std::getenv("RECADO_LINES");
  const int count = wanted != nullptr ? std::atoi(wanted) : 70'000;
  all_arrive_in_order(count, "1", {});
  all_arrive_in_order(count, "2", {"-V", "5"});
}

/// Each is a packet of its own, as mosquitto_sub sends them.
TEST(volume, more_is_unsubscribed_than_there_are_places_for) {
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", RECADO_TEST_FOLDER "/volume_filters",
                   "allow_anonymous true\n"};
  words all = {"sub", "-p", std::to_string(broker.port()), "-d"};
  constexpr int count = 2500;
  for (int i = 0; i < count; ++i) all = std::move(all) + words{"-U", "filter/" + std::to_string(i)};
  const auto done = run(all);
  EXPECT_EQ(done.status, 0) << done.err;
  for (int i = 0; i < count; ++i) EXPECT_THAT(done.out, HasSubstr("Topic: filter/" + std::to_string(i) + ")"));
}

/// Whatever it comes from, a long message is not twice in memory.
TEST(volume, a_long_message_is_sent_in_pieces) {
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", RECADO_TEST_FOLDER "/volume_long", "allow_anonymous true\n"};
  const words way = {"-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "long"};
  const std::string path = RECADO_TEST_FOLDER "/volume_long_file";
  constexpr std::size_t size = 100 << 20;
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; i += 4093) text[i] = static_cast<char>('a' + i % 26);
  std::ofstream{path, std::ios::binary} << text;
  for (const std::string qos : {"0", "1", "2"}) {
    SCOPED_TRACE("QoS " + qos);
    const auto sent = run(words{"pub", "-f", path, "-q", qos, "-r", "--stats"} + way);
    EXPECT_EQ(sent.status, 0) << sent.err;
    EXPECT_THAT(sent.err, HasSubstr(std::to_string(size) + " bytes of payload"));
    EXPECT_TRUE(peak_kib(sent.err) < 32'768 || !memory_is_its_own) << sent.err;
    const auto got = run(words{"sub", "-C", "1", "-N"} + way);
    EXPECT_EQ(got.status, 0) << got.err;
    EXPECT_TRUE(got.out == text) << got.out.size();
  }
  const auto piped = run(words{"pub", "-s", "-r", "--stats"} + way, text);
  EXPECT_EQ(piped.status, 0) << piped.err;
  EXPECT_TRUE(peak_kib(piped.err) < (size >> 10) + 32'768 || !memory_is_its_own) << piped.err;
  EXPECT_TRUE(run(words{"sub", "-C", "1", "-N"} + way).out == text);
  std::filesystem::remove(path);
}

/// A source that fails in the middle ends in words, and the broker gets no half message.
TEST(volume, a_file_that_becomes_shorter_while_it_is_sent) {
  const std::string path = RECADO_TEST_FOLDER "/volume_shorter";
  std::ofstream{path, std::ios::binary} << std::string(20 << 20, 'x');
  const auto shorten = [&](const std::string&) {
    std::filesystem::resize_file(path, 1);
    return "\x20\x02\0\0"s;
  };
  scripted_broker broker{{{hears(connect_type), says(shorten), waits_for_end()}}};
  const auto done = run({"pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "a", "-f", path});
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("volume_shorter' became shorter while it was sent"));
  EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
}

TEST(volume, a_long_message_that_is_no_text_though_it_says_so) {
  const std::string path = RECADO_TEST_FOLDER "/volume_no_text";
  std::ofstream{path, std::ios::binary} << std::string(2 << 20, 'x') << '\xff';
  scripted_broker broker{{{serves({.connack = "\x20\x03\0\0\0"s})}}};
  const auto done = run({"pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "a", "-f", path, "-D",
                         "publish", "payload-format-indicator", "1"});
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace recado::test
