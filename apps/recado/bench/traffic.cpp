#include "traffic.hpp"

#include <algorithm>
#include <csignal>

#include <recado/drive/posix/entropy.hpp>

#include <sys/prctl.h>
#include <unistd.h>

#include "../command.hpp"
#include "../console.hpp"

namespace recado::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connecting_max = 64;
constexpr std::size_t buffers_in_all = 64 << 20;
constexpr std::size_t buffer_max = 256 << 10, buffer_min = 16 << 10;
constexpr duration sweep = 100ms;

room room_of(const plan& what) {
  const std::size_t packet = what.size + what.topic.size() + 64;
  const std::size_t usual = std::clamp(buffers_in_all / what.clients, buffer_min, buffer_max);
  const std::size_t kept = what.how.qos == mqtt::qos::at_most_once ? 0 : what.in_flight * packet;
  room given;
  given.transmit = std::max(usual + std::min(kept, buffers_in_all / what.clients), 3 * packet);
  if (!what.publishes()) given.transmit = buffer_min;
  given.receive = what.subscribes() ? usual : buffer_min;
  given.in_flight = what.publishes() ? std::max<std::size_t>(what.in_flight, 1) + 1 : 2;
  given.every_identifier = what.subscribes() && what.how.qos == mqtt::qos::exactly_once;
  return given;
}

// Rather before than by the system's killer in the middle.
void require_memory(const plan& what) {
  const room each = room_of(what);
  const double needed = static_cast<double>(each.transmit + each.receive) * what.clients;
  const double there = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (needed <= there) return;
  const auto megabytes = [](double bytes) { return grouped(static_cast<std::uint64_t>(bytes / 1e6)) + " MB"; };
  throw failure(grouped(what.clients) + " clients with messages of " + grouped(what.size) + " bytes need " +
                    megabytes(needed) + " of memory, and this machine has " + megabytes(there),
                "give fewer --clients, or a smaller --size");
}

std::string identifier_of(const plan& what, std::uint16_t run, std::uint32_t number) {
  const std::string front = what.how.id_prefix.value_or("recado-bench-" + std::to_string(run) + "-");
  return front + std::to_string(number);
}

}  // namespace

traffic::client::client(const plan& what, tools::tls_context* secrets, const room& given, std::uint32_t which,
                        std::string identifier)
    : connection(what.how, secrets, given, std::move(identifier)), number(which) {
  if (!what.publishes() || what.how.qos == mqtt::qos::at_most_once) return;
  due_at.resize(what.in_flight);
  for (std::uint32_t tag = what.in_flight; tag-- > 0;) free_tags.push_back(tag);
}

traffic::traffic(const plan& what) : what_(what), payload_(what.size), bar_(what) {
  if (!loop_.open()) throw failure("no epoll instance can be made", "close some files of this process");
  if (what.how.secure) secrets_.emplace(what.how, tools::tls_wishes{.patience = what.how.timeout});
  posix::system_entropy random;
  sender_ = random.u16();
  exact_ = what.rate != 0 || what.what == kind::rtt;
  if (what.rate != 0) ::prctl(PR_SET_TIMERSLACK, 1);  // else each wait may be 50 µs too long
  allow_connections(what.clients);
  require_memory(what);
  brokers_ = find_broker(what.how, loop_);  // which a signal ends
  if (!signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}))
    throw failure("no signals can be waited for", "see how many files may be open: ulimit -n");
  const std::string own = what.what == kind::rtt ? "/" + std::to_string(sender_) : std::string{};
  for (std::uint32_t i = 0; i < what.clients; ++i) {
    auto one = std::make_unique<client>(what, secrets_ ? &*secrets_ : nullptr, room_of(what), i,
                                        identifier_of(what, sender_, i));
    one->sender = static_cast<std::uint16_t>(sender_ + i);
    one->topic = what.topic + own + (what.clients == 1 && own.empty() ? std::string{} : "/" + std::to_string(i));
    one->filter = what.what == kind::rtt ? one->topic : what.topic;
    if (what.what == kind::receive && !what.topic.ends_with('#') && !what.topic.ends_with('+')) one->filter += "/#";
    one->share = what.count ? *what.count / what.clients + (i < *what.count % what.clients ? 1 : 0) : ~std::uint64_t{};
    one->connection.stream().readiness().owner = one.get();
    clients_.push_back(std::move(one));
  }
}

int traffic::run() {
  open_more(posix::now());
  patience_ends_ = posix::now() + 2 * what_.how.timeout;
  while (phase_ != phase::over) turn();
  return end();
}

// Not all at once: the listening queue of a broker is short.
void traffic::open_more(instant now) {
  for (; opened_ < clients_.size() && opened_ - ready_ < connecting_max; ++opened_) {
    clients_[opened_]->connection.connect(loop_, brokers_, {}, now);
    queue(*clients_[opened_]);
  }
}

void traffic::queue(client& one) {
  if (std::exchange(one.queued, true) || one.over) return;
  runnable_.push_back(&one);
}

void traffic::wake(client& one, instant now) {
  if (std::exchange(one.blocked, false) && one.connection.stream().writable()) moved_ = now;
  queue(one);
}

void traffic::turn() {
  const instant now = posix::now();
  running_.swap(runnable_);
  for (client* each : running_) step(*each, now);
  running_.clear();
  if (now >= next_sweep_) look_at_deadlines(now);
  if (what_.rate != 0 && phase_ == phase::running) make_due(now);
  go_on(now);
  if (phase_ == phase::over) return;
  for (const posix::source* ready : loop_.wait(runnable_.empty() ? wake_up(now) : instant::min()))
    if (ready->owner != nullptr) wake(*static_cast<client*>(ready->owner), now);
  if (const auto number = signals_.next()) {
    if (std::exchange(interrupted_, *number) != 0 || phase_ != phase::running) phase_ = phase::over;
    else leave_all();
  }
}

void traffic::step(client& one, instant now) {
  one.queued = false;
  if (one.over) return;
  const auto heard = [&](mqtt::session_event& what) { hear(one, what); };
  heard_ = {};
  posix::progress done = one.connection.drive(now, heard);
  bool more = false;
  if (!done.ended && (phase_ == phase::leaving ? one.connection.leave() : fill(one, now))) {
    done = one.connection.drive(now, heard);
    more = phase_ != phase::leaving && one.connection.stream().writable();
  }
  if (done.ended || one.connection.failed()) return over(one);
  one.deadline = done.deadline;
  one.blocked = !one.connection.stream().writable();
  if (more || done.deadline <= now) queue(one);
}

void traffic::over(client& one) {
  one.over = true;
  ++ended_;
  tools::outcome how = one.connection.ending();
  if (how.status != tools::status::success) return fail(std::move(how));
  if (unanswered()) last_ = posix::now();
  if (unanswered() && interrupted_ == 0 && one.connection.was_reset()) return fail(why_not_ended());
  if (unanswered() && interrupted_ == 0 && last_ >= left_ + what_.how.timeout) return fail(why_not_taken());
  if (ended_ == clients_.size()) phase_ = phase::over;
}

void traffic::fail(tools::outcome how) {
  if (trouble_.status == tools::status::success) trouble_ = std::move(how);
  if (phase_ == phase::running) {
    cpu_ = processor_time() - cpu_before_;
    if (unanswered()) last_ = posix::now();
  }
  phase_ = phase::over;
}

void traffic::look_at_deadlines(instant now) {
  next_sweep_ = now + sweep;
  for (const auto& each : clients_)
    if (each->deadline <= now) queue(*each);
  if (phase_ == phase::running) bar_.show(done(), begun_ == never ? duration{} : now - begun_, now);
}

instant traffic::wake_up(instant now) const {
  instant until = now + sweep;
  if (phase_ != phase::running) return until;
  if (what_.time && begun_ != never) until = std::min(until, begun_ + *what_.time);
  if (what_.rate != 0 && begun_ != never)
    until = std::min(until, begun_ + duration{static_cast<std::int64_t>(static_cast<double>(due_) * 1e6 / what_.rate)});
  return until;
}

// All are connected and have subscribed.
void traffic::start(instant now) {
  phase_ = phase::running;
  cpu_before_ = processor_time();
  to_utc_ = posix::realtime().time_since_epoch() - posix::now().time_since_epoch();
  last_ = now;
  if (what_.what == kind::receive) return;
  begun_ = now;
  if (what_.rate != 0) return make_due(now);
  for (const auto& each : clients_) queue(*each);
}

bool traffic::enough(instant now) const {
  if (what_.time && begun_ != never && now - begun_ >= *what_.time) return true;
  if (what_.count && done() >= *what_.count && what_.what == kind::receive) return true;
  if (what_.what != kind::receive) return what_.count && published_ >= *what_.count;
  return now - last_ >= what_.how.timeout;
}

bool traffic::settled() const {
  if (what_.what == kind::receive) return true;
  if (what_.how.qos != mqtt::qos::at_most_once && acknowledged_ + refused_ < published_) return false;
  if (what_.what == kind::publish) return true;
  std::uint64_t different = 0;
  for (const auto& one : clients_) different += one->published - one->awaited;
  return different >= published_;
}

// Nothing can be published any more for want of answers, or of room on the way to the broker. With a rate there may be
// nothing to publish for long.
bool traffic::stalled(instant now) const {
  if (phase_ != phase::running || what_.what == kind::receive) return false;
  if (what_.rate != 0 && published_ >= due_) return false;
  return now - std::max(last_, moved_) >= what_.how.timeout;
}

tools::outcome traffic::why_stalled() const {
  const std::string missing = what_.what == kind::rtt                    ? "no message came back"
                              : what_.how.qos == mqtt::qos::at_most_once ? "the broker took no message"
                                                                         : "no acknowledgement came";
  return {tools::status::timed_out,
          missing + " for " + tools::in_seconds(what_.how.timeout) + ", and without one no more can be published",
          "see what the broker permits, and its log, or give more time by --timeout"};
}

tools::outcome traffic::why_not_taken() const {
  return {tools::status::timed_out,
          "the broker had not ended the connection " + tools::in_seconds(what_.how.timeout) +
              " after the goodbye, so nobody knows how much it took",
          "see whether it still runs, or give more time by --timeout"};
}

tools::outcome traffic::why_not_ended() const {
  return {tools::status::connection_lost,
          "the broker reset the connection instead of ending it, so nobody knows how much it took",
          "see what the broker permits, and its log"};
}

void traffic::go_on(instant now) {
  if (phase_ == phase::connecting && ready_ == clients_.size()) return start(now);
  if (phase_ == phase::connecting && now >= patience_ends_)
    return fail({tools::status::timed_out, "not all clients were connected and subscribed in time",
                 "check the broker, or give more time by --timeout"});
  if (stalled(now)) return fail(why_stalled());
  if (phase_ == phase::running && enough(now)) {
    phase_ = phase::waiting;
    cpu_ = processor_time() - cpu_before_;
    stopped_ = now;
  }
  if (phase_ == phase::waiting && (settled() || now - std::max(last_, stopped_) >= what_.how.timeout)) leave_all();
}

void traffic::leave_all() {
  phase_ = phase::leaving;
  left_ = posix::now();
  bar_.clear();
  cpu_ = processor_time() - cpu_before_;
  for (const auto& each : clients_) queue(*each);
}

findings traffic::found() const {
  findings to;
  to.messages = done();
  if (what_.what == kind::publish && !unanswered()) to.messages = acknowledged_;
  if (what_.what == kind::receive) to.granted = granted_;
  to.size = what_.what != kind::receive ? what_.size : received_ == 0 ? 0 : received_bytes_ / received_;
  to.time = begun_ == never ? duration{} : last_ - begun_;
  to.cpu = cpu_;
  to.latency = &latency_;
  to.latency_of = what_.what == kind::rtt       ? "round trip"
                  : what_.what == kind::receive ? "one way (by the clocks of both ends)"
                                                : "until the acknowledgement";
  if (what_.publishes() && what_.how.qos != mqtt::qos::at_most_once) {
    to.refused = refused_;
    to.lost = published_ - acknowledged_ - refused_;
  }
  if (!what_.subscribes()) return to;
  to.foreign = foreign_;
  if (received_ == foreign_ && what_.what == kind::receive) return to;
  std::uint64_t different = 0, lost = 0, duplicated = 0, out_of_order = 0;
  for (const auto& one : clients_)
    for (const auto& [sender, seen] : one->tallies) {
      different += seen.different(), lost += seen.lost();
      duplicated += seen.duplicated(), out_of_order += seen.out_of_order();
    }
  to.lost = what_.what == kind::rtt ? published_ - std::min(published_, different + refused_) : lost;
  to.duplicated = duplicated, to.out_of_order = out_of_order;
  return to;
}

int traffic::end() {
  bar_.clear();
  const bool well = trouble_.status == tools::status::success;
  if (!well && begun_ != never) report(what_, found());
  if (!well) throw failure(trouble_.cause, trouble_.remedy, trouble_.status);
  if (begun_ == never && interrupted_ == 0)
    throw failure("no message came within " + tools::in_seconds(what_.how.timeout),
                  "publish to a topic that matches " + clients_[0]->filter + ", or give more time by --timeout",
                  tools::status::timed_out);
  if (last_ == instant{}) return 128 + interrupted_;  // not all were connected
  report(what_, found());
  if (interrupted_ != 0) return 128 + interrupted_;
  if (what_.what != kind::receive || !what_.count || received_ >= *what_.count || what_.time) return exit_success;
  throw failure("only " + grouped(received_) + " of " + grouped(*what_.count) + " messages came, and none for " +
                    tools::in_seconds(what_.how.timeout),
                "see what is lost, or give more time by --timeout", tools::status::timed_out);
}

int measure_traffic(const plan& what) { return std::make_unique<traffic>(what)->run(); }

}  // namespace recado::app::bench
