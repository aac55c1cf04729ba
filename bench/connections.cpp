// Many idle connections in one process, and what each takes of its memory: recado's bare session over drive/posix, with
// small buffers that the user chose, and libmosquitto where it is there. Prints one line of JSON for each. With
// `--messages N` instead what one message of QoS 1 costs, when N of them are spread over the connections.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/mqtt/session.hpp>
#if defined(BENCH_MOSQUITTO)
#include <mosquitto.h>
#endif

#include "scenario.hpp"

namespace {

using namespace recado;

/// The chosen ones: enough for CONNECT, a short message and two of QoS 1 on their way.
using storage = mqtt::session_storage<{.transmit = 256, .receive = 256, .outgoing = 2, .received = 2, .owed = 0}>;

struct device {
  storage memory;
  std::array<std::byte, 256> incoming;
  mqtt::session session{memory.get()};
  posix::tcp_stream stream;
  posix::receive_buffer buffer{incoming};
};

std::size_t heap_bytes() { return mallinfo2().uordblks; }

void report(std::string_view client, std::size_t count, std::size_t bytes, std::size_t chosen, double seconds) {
  const double each = static_cast<double>(bytes) / static_cast<double>(count);
  std::printf(R"({"client":"%.*s","connections":%zu,"bytes each":%.0f,"of them chosen buffers":%zu,"beside them":%.0f,)"
              R"("connects/s":%.0f})"
              "\n",
              static_cast<int>(client.size()), client.data(), count, each, chosen, each - static_cast<double>(chosen),
              static_cast<double>(count) / seconds);
}

void connect(posix::loop& loop, device& one, const endpoint& broker) {
  std::size_t online = 0;
  if (!one.session.connect({.version = mqtt::version::v3_1_1, .keep_alive_s = 0}) ||
      !one.stream.connect(loop, {&broker, 1}, {}, posix::now()))
    bench::give_up("no connection");
  while (online == 0) {
    const auto done = posix::drive(one.session, one.stream, one.buffer, posix::now(), [&](mqtt::session_event& what) {
      online += std::holds_alternative<mqtt::connected>(what) ? 1 : 0;
    });
    if (done.ended) bench::give_up("a connection was lost");
    if (online == 0) loop.wait(done.deadline);
  }
}

using devices = std::vector<std::unique_ptr<device>>;

devices connect_all(posix::loop& loop, std::size_t count, std::uint16_t port) {
  if (!loop.open()) bench::give_up("no loop");
  const endpoint broker{parse_address("127.0.0.1").value_or(ip_address{}), port};
  devices all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(std::make_unique<device>());
    all.back()->stream.readiness().owner = all.back().get();
    connect(loop, *all.back(), broker);
  }
  return all;
}

void of_recado(std::size_t count, std::uint16_t port) {
  posix::loop loop;
  const std::size_t before = heap_bytes();
  const std::int64_t began = bench::nanoseconds();
  const devices all = connect_all(loop, count, port);
  const std::int64_t ended = bench::nanoseconds();
  report("recado session", count, heap_bytes() - before - count * sizeof(devices::value_type),
         sizeof(storage) + sizeof(device::incoming), static_cast<double>(ended - began) / 1e9);
}

/// How many messages were acknowledged.
std::size_t serve(device& one) {
  std::size_t done = 0;
  const auto hear = [&done](mqtt::session_event& what) { done += std::holds_alternative<mqtt::acknowledged>(what); };
  if (posix::drive(one.session, one.stream, one.buffer, posix::now(), hear).ended)
    bench::give_up("a connection was lost");
  return done;
}

/// Each connection has one message on its way at a time.
void messages_of_recado(std::size_t count, std::uint16_t port, std::size_t messages) {
  posix::loop loop;
  const devices all = connect_all(loop, count, port);
  const std::byte payload[16]{};
  const std::size_t rounds = std::max<std::size_t>(messages / count, 1);
  bench::meter meter;
  meter.start();
  for (std::size_t round = 0; round < rounds; ++round) {
    std::size_t left = count;
    for (const auto& each : all) {
      if (!each->session.publish({.topic = "sensors", .payload = payload, .qos = mqtt::qos::at_least_once}))
        bench::give_up("a message found no room");
      left -= serve(*each);
    }
    while (left != 0)
      for (const posix::source* ready : loop.wait(never))
        if (ready->owner != nullptr) left -= serve(*static_cast<device*>(ready->owner));
  }
  meter.stop();
  bench::scenario how;
  how.qos = 1;
  meter.report("recado session", how, rounds * count);
}

#if defined(BENCH_MOSQUITTO)
void of_mosquitto(std::size_t count, std::uint16_t port) {
  mosquitto_lib_init();
  std::vector<mosquitto*> all;
  all.reserve(count);
  const std::size_t before = heap_bytes();
  const std::int64_t began = bench::nanoseconds();
  for (std::size_t i = 0; i < count; ++i) {
    bool online = false;
    mosquitto* const one = mosquitto_new(nullptr, true, &online);
    mosquitto_connect_callback_set(one, [](mosquitto*, void* to, int) { *static_cast<bool*>(to) = true; });
    if (mosquitto_connect(one, "127.0.0.1", port, 0) != MOSQ_ERR_SUCCESS) bench::give_up("no connection");
    // Its own loop waits with select(), which knows no descriptor beyond 1023.
    for (pollfd what{mosquitto_socket(one), POLLIN, 0}; !online;)
      if (poll(&what, 1, 1000) != 1 || mosquitto_loop_read(one, 1) != MOSQ_ERR_SUCCESS)
        bench::give_up("a connection was lost");
    all.push_back(one);
  }
  const std::int64_t ended = bench::nanoseconds();
  report("libmosquitto", count, heap_bytes() - before, 0, static_cast<double>(ended - began) / 1e9);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::size_t count = 10'000, messages = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view{argv[i]} == "--port") port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    if (std::string_view{argv[i]} == "--count") count = std::strtoul(argv[i + 1], nullptr, 10);
    if (std::string_view{argv[i]} == "--messages") messages = std::strtoul(argv[i + 1], nullptr, 10);
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < count + 100) bench::give_up("too few files may be open: raise the limit (ulimit -n)");
  if (messages != 0) return messages_of_recado(count, port, messages), 0;
  of_recado(count, port);
#if defined(BENCH_MOSQUITTO)
  // It has a pair of sockets for itself beside each connection.
  if (files.rlim_cur < 3 * count + 100) count = (files.rlim_cur - 100) / 3;
  of_mosquitto(count, port);
#endif
}
