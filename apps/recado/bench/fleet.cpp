#include "fleet.hpp"

#include <csignal>

#include <malloc.h>
#include <unistd.h>

#include "../command.hpp"
#include "link.hpp"

namespace recado::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t receive_bytes = 64 << 10;
constexpr duration sweep = 250ms;
constexpr std::uint32_t connections_of_an_address = 28'000;  // the system's ports for outgoing connections

std::size_t memory_in_use() {
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

bool is_loopback(const ip_address& address) { return address.is_v4() && address.v4_value() >> 24 == 127; }

void check_ports(const plan& what, std::span<const endpoint> brokers) {
  if (what.clients <= connections_of_an_address || !what.how.unix_path.empty()) return;
  for (const endpoint& each : brokers)
    if (!is_loopback(each.address))
      throw failure(grouped(what.clients) + " connections to one address are more than a system has ports for",
                    "give at most 28000 --clients, or run several of them on hosts of their own");
}

}  // namespace

fleet::fleet(const plan& what) : what_(what), buffer_(receive_bytes), payload_(what.size), bar_(what) {
  if (!loop_.open()) throw failure("no epoll instance can be made", "close some files of this process");
  if (what.how.secure) secrets_.emplace(what.how, tools::tls_wishes{.patience = what.how.timeout});
  brokers_ = find_broker(what.how, loop_);  // which a signal ends
  if (!signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}))
    throw failure("no signals can be waited for", "see how many files may be open: ulimit -n");
  check_ports(what, brokers_);
  allow_connections(what.clients);
  policy_.patience = what.how.timeout;
  sender_ = random_.u16();
  front_ = what.how.id_prefix.value_or("recado-fleet-" + std::to_string(sender_) + "-");
  memory_before_ = memory_in_use();
  devices_ = std::vector<device>(what.clients);
  std::vector<entry> times;
  times.reserve(what.clients + 64);
  times_ = std::priority_queue<entry, std::vector<entry>, std::greater<>>{{}, std::move(times)};
  begun_ = posix::now();
  to_utc_ = posix::realtime().time_since_epoch() - begun_.time_since_epoch();
  for (device& one : devices_) {
    one.readiness.owner = &one;
    schedule(one, begun_ + duration{static_cast<std::int64_t>(number_of(one) * 1e6 / what.rate)});
  }
}

fleet::~fleet() {
  for (device& one : devices_) close(one);
}

int fleet::run() {
  cpu_before_ = processor_time();
  while (phase_ != phase::over) turn();
  return end();
}

// An entry of the queue counts if it is that of its device; earlier wishes replace later ones.
void fleet::schedule(device& one, instant at) {
  if (at >= one.wakes_at) return;
  one.wakes_at = at;
  times_.push({at, number_of(one)});
}

void fleet::queue(device& one) {
  if (!std::exchange(one.queued, true)) runnable_.push_back(&one);
}

void fleet::serve_due(instant now) {
  while (!times_.empty() && times_.top().at <= now) {
    const entry due = times_.top();
    times_.pop();
    device& one = devices_[due.device];
    if (due.at != one.wakes_at) continue;
    one.wakes_at = never;
    queue(one);
  }
}

void fleet::turn() {
  const instant now = posix::now();
  serve_due(now);
  running_.swap(runnable_);
  for (device* each : running_) {
    each->queued = false;
    serve(*each, now);
    if (phase_ == phase::over) return;
  }
  running_.clear();
  go_on(now);
  if (phase_ == phase::over) return;
  instant until = std::min(times_.empty() ? never : times_.top().at, now + sweep);
  if (!runnable_.empty()) until = instant::min();
  for (const posix::source* ready : loop_.wait(until))
    if (ready->owner != nullptr) queue(*static_cast<device*>(ready->owner));
  if (const auto number = signals_.next()) {
    interrupted_ = *number;
    leave_all(now);
  }
}

void fleet::go_on(instant now) {
  if (phase_ == phase::gathering && online_ == devices_.size()) phase_ = phase::running, running_since_ = now;
  if (phase_ == phase::gathering) {
    const auto begin = std::chrono::duration_cast<duration>(
        std::chrono::duration<double>{static_cast<double>(devices_.size()) / what_.rate});
    if (now >= begun_ + begin + 2 * what_.how.timeout)
      fail({tools::status::timed_out,
            "only " + grouped(online_) + " of " + grouped(devices_.size()) + " devices were connected in time",
            "see the limits of the broker (max_connections, open files), or give a lower --rate"});
  }
  if (phase_ == phase::running && now >= running_since_ + *what_.time) phase_ = phase::waiting, stopped_ = now;
  const bool settled = what_.how.qos == mqtt::qos::at_most_once || acknowledged_ + refused_ >= published_;
  if (phase_ == phase::waiting && (settled || now >= stopped_ + what_.how.timeout)) leave_all(now);
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep;
  if (phase_ == phase::running || phase_ == phase::waiting) measure_memory();
  bar_.show(phase_ == phase::gathering ? online_ : published_,
            running_since_ == never ? duration{} : now - running_since_, now);
}

// When all are online and as few as may be have something to say.
void fleet::measure_memory() {
  if (online_ != devices_.size()) return;
  const double now = static_cast<double>(memory_in_use() - memory_before_) / static_cast<double>(devices_.size());
  memory_ = std::min(memory_.value_or(now), now);
}

void fleet::leave_all(instant now) {
  measure_memory();
  cpu_ = processor_time() - cpu_before_;
  last_ = std::max(last_, stopped_ == never ? now : stopped_);
  phase_ = phase::over;
  for (device& one : devices_) {
    if (one.at != state::online) continue;
    conversation& with = talk(one);
    (void)with.session().disconnect();
    (void)with.turn(one.fd, one.readiness, buffer_, now, [](mqtt::session_event&) {});
    close(one);
    hush(one);
  }
}

void fleet::fail(tools::outcome how) {
  if (trouble_.status == tools::status::success) trouble_ = std::move(how);
  cpu_ = processor_time() - cpu_before_;
  last_ = posix::now();
  phase_ = phase::over;
}

int fleet::end() {
  bar_.clear();
  const bool well = trouble_.status == tools::status::success;
  if (!well && was_online_ == 0) throw failure(trouble_.cause, trouble_.remedy, trouble_.status);
  findings found;
  found.messages = what_.how.qos == mqtt::qos::at_most_once ? published_ : acknowledged_;
  found.size = what_.size;
  found.time = last_ - begun_;
  found.cpu = cpu_;
  found.latency = &latency_;
  found.latency_of = "until the acknowledgement";
  if (what_.how.qos != mqtt::qos::at_most_once)
    found.lost = published_ - acknowledged_ - refused_, found.refused = refused_;
  found.connections_lost = lost_connections_;
  found.reconnections = reconnections_;
  found.memory_bytes_per_connection = memory_;
  report(what_, found);
  if (!well) throw failure(trouble_.cause, trouble_.remedy, trouble_.status);
  return interrupted_ == 0 ? exit_success : 128 + interrupted_;
}

// More connections than there are ports need more addresses on this side; of 127.0.0.0/8 all are ours.
ip_address fleet::local_of(const device& one) const {
  const std::uint32_t block = number_of(one) / connections_of_an_address;
  if (what_.clients <= connections_of_an_address || !what_.how.unix_path.empty()) return {};
  return ip_address::v4(0x7f000001U + block);
}

int measure_fleet(const plan& what) { return std::make_unique<fleet>(what)->run(); }

}  // namespace recado::app::bench
