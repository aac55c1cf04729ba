// recado bench beside a real broker, and beside scripted ones that lose, double and swap messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include <nlohmann/json.hpp>

#include <recado/tls/openssl/tests/pki.hpp>
#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

#include "histogram.hpp"
#include "mark.hpp"
#include "tally.hpp"

namespace recado::test {
namespace {

using namespace std::string_literals;
using app::bench::histogram;
using app::bench::tally;
using testing::HasSubstr;
using words = std::vector<std::string>;
using nlohmann::json;

words operator+(words left, const words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

program_run::result run(const words& options) {
  return program_run{.command = words{RECADO_PROGRAM, "bench"} + options, .bound = std::chrono::minutes{2}}();
}

words at(std::uint16_t port) { return {"--host", "127.0.0.1", "--port", std::to_string(port), "--json"}; }

struct broker_here {
  mosquitto broker;
  explicit broker_here(const std::string& more = {})
      : broker{RECADO_SERVERS "/usr/sbin/mosquitto",
               std::string{RECADO_TEST_FOLDER "/"} + testing::UnitTest::GetInstance()->current_test_info()->name(),
               "allow_anonymous true\n" + more} {}
  words at() const { return test::at(broker.port()); }
};

/// The report of a run that ended well.
json measured(const program_run::result& done) {
  EXPECT_EQ(done.status, 0) << done.err;
  return json::parse(done.out, nullptr, false);
}

TEST(bench_tally, counts_what_is_lost_doubled_and_swapped) {
  const struct {
    std::vector<std::uint64_t> come;
    std::uint64_t lost, duplicated, out_of_order;
  } rows[] = {
      {{0, 1, 2, 3}, 0, 0, 0},
      {{5, 6, 7}, 0, 0, 0},  // joined late
      {{0, 1, 3, 4}, 1, 0, 0},
      {{0, 1, 1, 2, 2, 2}, 0, 3, 0},
      {{0, 2, 1, 3}, 0, 0, 1},
      {{1, 0, 2}, 0, 0, 1},
      {{0, 200, 100, 100}, 198, 1, 1},
      {{63, 70, 64, 64}, 5, 1, 1},
      {{0, 100'000, 99'999, 1}, 99'997, 0, 2},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(testing::PrintToString(each.come));
    tally seen;
    for (const std::uint64_t number : each.come) seen.note(number);
    EXPECT_EQ(seen.lost(), each.lost);
    EXPECT_EQ(seen.duplicated(), each.duplicated);
    EXPECT_EQ(seen.out_of_order(), each.out_of_order);
  }
}

TEST(bench_histogram, quantiles_are_right_within_a_hundredth) {
  histogram times;
  for (int i = 1; i <= 100'000; ++i) times.add(i);
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999}) {
    SCOPED_TRACE(share);
    EXPECT_NEAR(static_cast<double>(times.quantile(share)), share * 1e5, share * 1e3);
  }
  EXPECT_EQ(times.most(), 100'000U);
  times.add(-5), times.add(std::int64_t{1} << 50);
  EXPECT_EQ(times.most(), (std::uint64_t{1} << 40) - 1);
}

TEST(bench_publish, every_message_reaches_a_broker) {
  const broker_here broker;
  for (const std::string qos : {"0", "1", "2"}) {
    SCOPED_TRACE("QoS " + qos);
    const json found = measured(run(words{"publish", "--count", "2000", "-q", qos, "--size", "100"} + broker.at()));
    EXPECT_EQ(found["messages"], 2000);
    EXPECT_EQ(found["size"], 100);
    EXPECT_GT(found["messages_per_second"], 0);
    EXPECT_GT(found["cpu_seconds_per_million"], 0);
    EXPECT_EQ(found["lost"], qos == "0" ? json(nullptr) : json(0));
    EXPECT_EQ(found["latency_us"].is_null(), qos == "0");
  }
}

TEST(bench_receive, counts_what_several_publishers_send) {
  const broker_here broker;
  for (const std::string qos : {"1", "2"}) {
    auto receiving = std::async(std::launch::async, [&] {
      return run(words{"receive", "--count", "3000", "-q", qos} + broker.at());
    });
    // The publisher begins anew until the subscription is there: the receiver tells the runs apart.
    while (receiving.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
      (void)run(words{"publish", "--count", "1000", "--clients", "3", "-q", qos, "-V", "5"} + broker.at());
    const json found = measured(receiving.get());
    EXPECT_GE(found["messages"], 3000);
    EXPECT_EQ(found["duplicated"], 0);
    EXPECT_EQ(found["out_of_order"], 0);
    EXPECT_EQ(found["lost"], 0);
    EXPECT_EQ(found["foreign"], 0);
    EXPECT_GT(found["latency_us"]["max"], 0);
  }
}

TEST(bench_rtt, each_message_comes_back) {
  const broker_here broker;
  for (const words& more : {words{}, words{"--inflight", "20"}, words{"--clients", "3"}, words{"--size", "300000"},
                            words{"-V", "5", "-q", "1"}, words{"-q", "2", "--inflight", "5"}}) {
    SCOPED_TRACE(testing::PrintToString(more));
    const json found = measured(run(words{"rtt", "--count", "300"} + more + broker.at()));
    EXPECT_EQ(found["messages"], 300);
    for (const char* none : {"lost", "duplicated", "out_of_order", "foreign"}) EXPECT_EQ(found[none], 0) << none;
    EXPECT_LE(found["latency_us"]["p50"], found["latency_us"]["p999"]);
    EXPECT_LE(found["latency_us"]["p999"], found["latency_us"]["max"]);
  }
}

TEST(bench_rtt, a_rate_is_kept) {
  const broker_here broker;
  const json found = measured(run(words{"rtt", "--rate", "2000", "--count", "2000"} + broker.at()));
  EXPECT_EQ(found["messages"], 2000);
  EXPECT_GE(found["seconds"].get<double>(), 0.99) << "it may take longer on a machine with much else to do";
  EXPECT_EQ(found["rate"], 2000);
}

/// A broker that stands still for a while: with a rate its messages are late, also those that were not sent meanwhile.
TEST(bench_rtt, time_counts_from_when_a_message_was_due) {
  broker_here broker;
  auto running = std::async(std::launch::async, [&] {
    return run(words{"rtt", "--rate", "1000", "--count", "2000"} + broker.at());
  });
  ASSERT_EQ(running.wait_for(std::chrono::milliseconds{700}), std::future_status::timeout);
  broker.broker.pause();
  ASSERT_EQ(running.wait_for(std::chrono::milliseconds{600}), std::future_status::timeout);
  broker.broker.go_on();
  const json found = measured(running.get());
  EXPECT_GT(found["latency_us"]["max"], 400'000);
  EXPECT_GT(found["latency_us"]["p90"], 100'000) << "messages that were due meanwhile count, too";
}

std::string marked(std::uint64_t number, const std::string& heard = {}) {
  std::string payload(app::bench::mark_bytes, '\0');
  const auto own = heard.empty() ? std::nullopt : app::bench::read(as_bytes(std::string_view{heard}));
  app::bench::write({own ? own->sender : std::uint16_t{7}, number, own ? own->time_us : 1},
                    reinterpret_cast<std::byte*>(payload.data()));
  return payload;
}

/// What the receiver finds about messages with these numbers.
json received(const std::vector<std::uint64_t>& numbers, const std::string& more = {}) {
  std::string sent = "\x90\x03\0\1\0"s + more;
  for (const std::uint64_t each : numbers) sent += publish_packet("recado/bench", marked(each));
  scripted_broker broker{
      {{hears(connect_type), says("\x20\x02\0\0"s), hears(subscribe_type), says(sent), waits_for_end()}}};
  return measured(
      run(words{"receive", "--count", std::to_string(numbers.size() + (more.empty() ? 0 : 1))} + at(broker.port())));
}

TEST(bench_receive, finds_what_a_broker_loses_doubles_and_swaps) {
  const json lost = received({0, 1, 4, 5});
  EXPECT_EQ(lost["lost"], 2);
  EXPECT_EQ(lost["duplicated"], 0);
  const json doubled = received({0, 1, 1, 2});
  EXPECT_EQ(doubled["duplicated"], 1);
  EXPECT_EQ(doubled["lost"], 0);
  const json swapped = received({0, 2, 1, 3});
  EXPECT_EQ(swapped["out_of_order"], 1);
  EXPECT_EQ(swapped["lost"], 0);
  const json foreign = received({0, 1}, publish_packet("recado/bench", "hello"));
  EXPECT_EQ(foreign["foreign"], 1);
  EXPECT_EQ(foreign["messages"], 3);
}

/// Its r stands where messages of recado bench have one.
TEST(bench_receive, takes_no_text_for_a_message_of_its_own) {
  const json found = received({0, 1}, publish_packet("recado/bench", "hello, or good morning"));
  EXPECT_EQ(found["foreign"], 1);
  EXPECT_EQ(found["lost"], 0);
}

TEST(bench_receive, tells_the_quality_that_was_granted) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(subscribe_type),
                           says("\x90\x03\0\1\1"s + publish_packet("recado/bench", marked(0))), waits_for_end()}}};
  const auto done = run(words{"receive", "--count", "1", "-q", "2"} + at(broker.port()));
  EXPECT_EQ(measured(done)["qos"], 1);
  EXPECT_THAT(done.err, HasSubstr("the broker grants QoS 1 to recado/bench/#"));
  EXPECT_THAT(done.err, HasSubstr("(QoS 1)"));
}

TEST(bench_receive, silence_ends_in_words) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(subscribe_type),
                           says("\x90\x03\0\1\0"s + publish_packet("recado/bench", marked(0))), waits_for_end()}}};
  const auto done = run(words{"receive", "--count", "5", "--timeout", "0.5"} + at(broker.port()));
  EXPECT_EQ(done.status, 27);
  EXPECT_THAT(done.err, HasSubstr("only 1 of 5 messages came"));
}

TEST(bench_publish, says_that_connect_had_no_answer) {
  for (const char* each : {"publish", "receive", "rtt", "connect"}) {
    scripted_broker broker{{{hears(connect_type), stays(std::chrono::minutes{2})}}};
    const auto done = run(words{each, "--timeout", "0.3"} + at(broker.port()));
    EXPECT_EQ(done.status, 27);
    EXPECT_THAT(done.err, HasSubstr("the server did not answer CONNECT in time")) << each;
  }
}

std::string ack(const std::string& last) { return "\x40\x02"s + identifier_in(last); }

TEST(bench_publish, what_is_not_acknowledged_is_lost) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(publish_type), says(ack),
                           hears(publish_type), waits_for_end()}}};
  const json found = measured(run(words{"publish", "--count", "2", "-q", "1", "--timeout", "0.5"} + at(broker.port())));
  EXPECT_EQ(found["lost"], 1);
  EXPECT_EQ(found["messages"], 1);
}

TEST(bench_publish, what_the_broker_refuses_is_no_message_of_the_rate) {
  const auto acknowledged = [](const std::string& last) { return "\x40\x02"s + identifier_in(last); };
  const auto refusal = [](const std::string& last) { return "\x40\x03"s + identifier_in(last) + "\x87"s; };
  scripted_broker broker{{{hears(connect_type), says("\x20\x03\0\0\0"s), hears(publish_type), says(refusal),
                           hears(publish_type), says(acknowledged), waits_for_end()}}};
  const json found =
      measured(run(words{"publish", "--count", "2", "--inflight", "1", "-q", "1", "-V", "5"} + at(broker.port())));
  EXPECT_EQ(found["refused"], 1);
  EXPECT_EQ(found["messages"], 1);
}

/// Without a bound of its own, such as that of --duration, a measurement would wait for ever.
TEST(bench_rtt, ends_in_words_when_nothing_comes_back) {
  const auto subscribed = [](const std::string& last) { return "\x90\x03"s + identifier_in(last) + "\0"s; };
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(subscribe_type), says(subscribed),
                           hears(publish_type), waits_for_end()}}};
  const auto done = run(words{"rtt", "--count", "5", "--timeout", "0.5", "-k", "0"} + at(broker.port()));
  EXPECT_EQ(done.status, 27);
  EXPECT_THAT(done.err, HasSubstr("no message came back for 0.5 s"));
  EXPECT_EQ(json::parse(done.out)["lost"], 1);
}

TEST(bench_rtt, what_the_broker_refuses_is_not_lost_and_not_waited_for) {
  const auto subscribed = [](const std::string& last) { return "\x90\x04"s + identifier_in(last) + "\0\1"s; };
  const auto refusal = [](const std::string& last) { return "\x40\x03"s + identifier_in(last) + "\x87"s; };
  scripted_broker broker{{{hears(connect_type), says("\x20\x03\0\0\0"s), hears(subscribe_type), says(subscribed),
                           hears(publish_type), says(refusal), hears(publish_type), says(refusal), waits_for_end()}}};
  const json found = measured(run(words{"rtt", "--count", "2", "-q", "1", "-V", "5"} + at(broker.port())));
  EXPECT_EQ(found["refused"], 2);
  EXPECT_EQ(found["lost"], 0);
}

TEST(bench_publish, ends_in_words_when_no_acknowledgement_comes) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(publish_type), says(ack),
                           hears(publish_type), waits_for_end()}}};
  const auto done = run(words{"publish", "--count", "5", "--inflight", "1", "-q", "1", "--timeout", "0.5", "-k", "0"} +
                        at(broker.port()));
  EXPECT_EQ(done.status, 27);
  EXPECT_THAT(done.err, HasSubstr("no acknowledgement came for 0.5 s"));
  EXPECT_EQ(json::parse(done.out)["messages"], 1);
}

/// QoS 0 has no answer: only the end of the connection says that all of it was taken.
TEST(bench_publish, what_a_broker_has_not_taken_is_no_success) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(publish_type),
                           stays(std::chrono::minutes{2})}}};  // and reads no more
  const auto done = run(words{"publish", "--duration", "0.5", "--timeout", "1"} + at(broker.port()));
  EXPECT_EQ(done.status, 27);
  EXPECT_THAT(done.err, HasSubstr("nobody knows how much it took"));
  EXPECT_TRUE(json::parse(done.out).contains("messages"));
}

TEST(bench_publish, a_reset_behind_the_goodbye_is_no_success) {
  scripted_broker broker{
      {{hears(connect_type), says("\x20\x02\0\0"s), hears(publish_type), hears(disconnect_type), resets()}}};
  const auto done = run(words{"publish", "--count", "1"} + at(broker.port()));
  EXPECT_EQ(done.status, 7);
  EXPECT_THAT(done.err, HasSubstr("the broker reset the connection"));
}

TEST(bench_publish, what_was_measured_before_the_connection_was_lost_is_told) {
  scripted_broker broker{
      {{hears(connect_type), says("\x20\x02\0\0"s), hears(publish_type), says(ack), hears(publish_type)}}};
  const auto done = run(words{"publish", "--count", "5", "--inflight", "1", "-q", "1"} + at(broker.port()));
  EXPECT_EQ(done.status, 7);
  EXPECT_THAT(done.err, HasSubstr("1 message of 16 bytes"));
  EXPECT_THAT(done.err, HasSubstr("the connection was lost"));
  EXPECT_EQ(json::parse(done.out)["lost"], 1);
}

TEST(bench_receive, tells_also_when_interrupted_that_nothing_came) {
  std::promise<pid_t> process;
  const auto subscribed = [](const std::string& last) { return "\x90\x03"s + identifier_in(last) + "\0"s; };
  const auto interrupts = [&](const std::string&) {
    ::kill(process.get_future().get(), SIGINT);
    return "\xd0\0"s;
  };
  // Its first PINGREQ shows that it has begun to wait for messages.
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(subscribe_type), says(subscribed),
                           hears(pingreq_type), says(interrupts), waits_for_end()}}};
  const auto done = program_run{.command = words{RECADO_PROGRAM, "bench", "receive", "-k", "1"} + at(broker.port()),
                                .started = [&](pid_t number) { process.set_value(number); }}();
  EXPECT_EQ(done.status, 130);
  EXPECT_EQ(json::parse(done.out)["messages"], 0);
}

/// Neither the time-out of a broker that says nothing nor that of one that stays connected is waited for.
TEST(bench_connect, an_interruption_ends_it_at_once) {
  std::promise<pid_t> process;
  const auto interrupts = [&](const std::string&) {
    ::kill(process.get_future().get(), SIGINT);
    return std::string{};
  };
  scripted_broker broker{{{hears(connect_type), says(interrupts), waits_for_end()}}};
  const auto done =
      program_run{.command = words{RECADO_PROGRAM, "bench", "connect", "--timeout", "5"} + at(broker.port()),
                  .started = [&](pid_t number) { process.set_value(number); }}();
  EXPECT_EQ(done.status, 130) << done.err;
  EXPECT_EQ(json::parse(done.out)["connections"], 0);
}

TEST(bench_connect, connects_again_and_again) {
  const broker_here broker;
  for (const words& more : {words{}, words{"--clients", "10"}, words{"--rate", "500"}}) {
    const json found = measured(run(words{"connect", "--count", "100"} + more + broker.at()));
    EXPECT_EQ(found["connections"], 100);
    EXPECT_GT(found["connections_per_second"], 0);
    EXPECT_GT(found["latency_us"]["p50"], 0);
  }
}

TEST(bench_command, what_the_broker_does_not_take_has_the_status_of_pub) {
  const broker_here broker{"max_packet_size 1000\nlistener 0 " RECADO_TEST_FOLDER "/qos\nmax_qos 1\n"};
  const words small = {"publish", "--count", "1", "-V", "5"};
  EXPECT_EQ(run(small + words{"--size", "2000"} + broker.at()).status, 25);
  EXPECT_EQ(run(small + words{"-q", "2", "--unix", RECADO_TEST_FOLDER "/qos"}).status, 24);
}

TEST(bench_tls, all_of_it_through_tls) {
  using namespace recado::tls::openssl::tests;
  const std::filesystem::path folder = RECADO_TEST_FOLDER "/tls";
  std::filesystem::create_directories(folder);
  const auto keep = [&](const std::string& name, const std::string& text) {
    std::ofstream{folder / name} << text;
    return (folder / name).string();
  };
  const identity root = make({.name = "Root CA", .authority = true}, ec_key());
  const identity own = make({.name = "broker", .alternative_names = "IP:127.0.0.1", .extended_key_usage = "serverAuth"},
                            ec_key(), &root);
  const std::string ca = keep("ca.pem", pem(root));
  const std::uint16_t port = free_port();
  const broker_here broker{"listener " + std::to_string(port) + " 127.0.0.1\ncertfile " + keep("own.pem", pem(own)) +
                           "\nkeyfile " + keep("own.key", key_pem(own.key.get())) + "\n"};
  const words way = at(port) + words{"--cafile", ca};
  const json sent = measured(run(words{"publish", "--count", "5000", "-q", "1"} + way));
  EXPECT_EQ(sent["tls"], true);
  EXPECT_EQ(sent["lost"], 0);
  EXPECT_EQ(measured(run(words{"rtt", "--count", "200", "--size", "200000"} + way))["lost"], 0);
  const json full = measured(run(words{"connect", "--count", "30"} + way));
  EXPECT_EQ(full["resumed"], 0);
  const json resumed = measured(run(words{"connect", "--count", "30", "--resume"} + way));
  EXPECT_EQ(resumed["resumed"], 29);
  const json fleet =
      measured(run(words{"fleet", "--clients", "20", "--interval", "0.2", "--duration", "1", "-q", "1"} + way));
  EXPECT_GE(fleet["messages"], 20);
  EXPECT_EQ(fleet["lost"], 0);
  EXPECT_EQ(fleet["connections_lost"], 0);
  const auto untrusted = run(words{"connect", "--count", "1", "--tls-use-os-certs"} + at(port));
  EXPECT_EQ(untrusted.status, 8);
  for (const char* each : {"publish", "connect", "fleet"}) {
    const auto plain = run(words{each, "--clients", "1", "--cafile", ca} + broker.at());
    EXPECT_EQ(plain.status, 8) << each << ": " << plain.err;
  }
}

TEST(bench_command, errors_are_one_line_each) {
  const std::string nobody = std::to_string(free_port());
  scripted_broker refusing{{{hears(connect_type), says("\x20\x02\0\5"s), waits_for_end()}}};
  const struct {
    words options;
    int status;
    std::string says;
  } rows[] = {
      {{"publish", "-h", "127.0.0.1", "-p", nobody}, 1, "can't be reached"},
      {{"rtt", "-h", "127.0.0.1", "-p", std::to_string(refusing.port())}, 5, "not authorized"},
      {{"publish", "-h", "127.0.0.1", "-p", nobody, "--size", "200000000", "--clients", "9999"}, 1, "MB of memory"},
      {{"receive", "--count", "0"}, 2, "'0' is no value of --count"},
      {{"publish", "--rate", "-1"}, 2, "no value of --rate"},
      {{"publish", "--count", "1", "--duration", "1"}, 2, "both given"},
      {{"publish", "-t", "a/#"}, 2, "not a valid topic"},
      {{"publish", "-t", "a\xff"}, 2, "a string isn't well-formed UTF-8; write it in UTF-8"},
      {{"publish", "--rate", "1e12"}, 2, "a number greater than 0, and at most 1000000000"},
      {{"publish", "-q", "3"}, 2, "no QoS"},
      {{"rtt", "--size", "5"}, 2, "no value of --size"},
      {{"connect", "--resume"}, 2, "TLS is not asked for"},
      {{"publish", "--cert", "x"}, 2, "nothing that selects TLS"},
      {{"publish", "--ws"}, 2, "WebSocket is not measured; leave out --ws"},
      {{"fleet", "--url", "ws://127.0.0.1"}, 2, "WebSocket is not measured"},
      {{"rtt", "--proxy", "http://127.0.0.1"}, 2, "through a proxy is not measured; leave out --proxy"},
      {{"publish", "--colour"}, 2, "--colour"},
      {{}, 2, "a command is missing; one of publish, receive"},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(testing::PrintToString(each.options));
    const auto done = run(each.options);
    EXPECT_EQ(done.status, each.status) << done.err;
    EXPECT_THAT(done.err, HasSubstr(each.says));
    EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
    EXPECT_EQ(done.out, "");
  }
}

/// Here the name server asks one that says nothing. The resolver would wait for ten seconds.
TEST(bench_command, a_signal_ends_the_search_for_the_broker) {
  const std::filesystem::path folder = RECADO_TEST_FOLDER "/search";
  std::filesystem::create_directories(folder);
  const std::string script =
      "cd '" + folder.string() +
      "'; rm -f started asked; mkfifo started asked\n"
      "ip link set lo up; ip link add a0 type veth peer name a1; ip link set a0 up; ip link set a1 up\n"
      "ip addr add 192.0.2.1/24 dev a0; ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev a0\n"
      "echo nameserver 127.0.0.1 >resolv; mount -n --bind resolv /etc/resolv.conf\n"
      "/usr/sbin/dnsmasq --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts --no-daemon"
      " --log-queries --log-facility=- --server=192.0.2.2 --listen-address=127.0.0.1 --bind-interfaces 2>&1 |"
      " { sed -u /started/q; echo >started; sed -u /query/q; echo >asked; cat; } >log & read line "
      "<started\n" RECADO_PROGRAM
      " bench connect -h broker.test & read line <asked; kill -TERM $!; wait $! || echo status $?\n";
  words command = {"/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"};
  if (::geteuid() != 0) command.insert(command.begin() + 1, "--map-root-user");
  const auto done = program_run{.command = command + words{"/bin/sh", "-ec", script},
                                .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                .bound = std::chrono::seconds{8}}();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("status 143"));
}

TEST(bench_command, is_in_the_completions_and_the_manual) {
  for (const words& each : {words{"completion", "bash"}, words{"completion", "zsh"}, words{"completion", "fish"},
                            words{"manual", "bench", "rtt"}}) {
    const auto done = program_run{.command = words{RECADO_PROGRAM} + each}();
    EXPECT_EQ(done.status, 0);
    EXPECT_THAT(done.out, HasSubstr("inflight")) << testing::PrintToString(each);
    EXPECT_EQ(each[0] == "manual" && done.out.find("proxy") != std::string::npos, false) << "it is refused";
  }
}

TEST(bench_command, the_report_goes_where_it_is_wanted) {
  const broker_here broker;
  const std::string file = RECADO_TEST_FOLDER "/report.json";
  const auto done = run(words{"publish", "--count", "10"} + broker.at() + words{file});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("10 messages of 16 bytes (QoS 0) in "));
  const json found = json::parse(std::ifstream{file}, nullptr, false);
  for (const char* name : {"command", "broker", "tls", "version", "qos", "size", "clients", "inflight", "rate",
                           "messages", "seconds", "messages_per_second", "cpu_seconds_per_million", "latency_us",
                           "lost", "duplicated", "out_of_order", "refused", "foreign"})
    EXPECT_TRUE(found.contains(name)) << name;
  std::filesystem::remove(file);
}

TEST(bench_command, a_slow_rate_is_told_as_it_was_given) {
  const broker_here broker;
  const json found = measured(run(words{"publish", "--count", "1", "--rate", "0.0002"} + broker.at()));
  EXPECT_EQ(found["rate"], 0.0002);
}

}  // namespace
}  // namespace recado::test
