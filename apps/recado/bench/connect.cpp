// Connections a second: TCP, TLS and CONNECT up to CONNACK, then goodbye, again and again.
#include <csignal>
#include <memory>
#include <vector>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/tls/options.hpp>

#include <sys/prctl.h>

#include "../command.hpp"
#include "link.hpp"
#include "plan.hpp"
#include "report.hpp"

namespace recado::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr room room_of_one{.transmit = 4096, .receive = 4096, .in_flight = 1, .every_identifier = false};
constexpr duration sweep = 100ms;

/// As many sessions as there are connections at a time: with TLS 1.3 each is used once.
class kept_sessions final : public tls::session_store {
 public:
  explicit kept_sessions(std::size_t most) : most_(most) {}
  ~kept_sessions() {
    for (auto& each : kept_) wipe(each);
  }
  void keep(std::string_view, bytes session) override {
    if (kept_.size() == most_) forget({});
    kept_.emplace_back(session.begin(), session.end());
  }
  bytes find(std::string_view) override { return kept_.empty() ? bytes{} : bytes{kept_.back()}; }
  void forget(std::string_view) override {
    if (kept_.empty()) return;
    wipe(kept_.back());
    kept_.pop_back();
  }

 private:
  std::size_t most_;
  std::vector<std::vector<std::byte>> kept_;
};

class connects {
 public:
  explicit connects(const plan& what) : what_(what), kept_(2 * what.clients), bar_(what) {
    if (!loop_.open()) throw failure("no epoll instance can be made", "close some files of this process");
    if (what.how.secure)
      secrets_.emplace(what.how, tools::tls_wishes{.patience = what.how.timeout,
                                                   .keys = nullptr,
                                                   .sessions = what.resume ? &kept_ : nullptr,
                                                   .report_chain = false});
    if (what.rate != 0) ::prctl(PR_SET_TIMERSLACK, 1);
    allow_connections(what.clients);
    brokers_ = find_broker(what.how, loop_);  // which a signal ends
    if (!signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}))
      throw failure("no signals can be waited for", "see how many files may be open: ulimit -n");
    posix::system_entropy random;
    const std::string front = what.how.id_prefix.value_or("recado-bench-" + std::to_string(random.u16()) + "-");
    for (std::uint32_t i = 0; i < what.clients; ++i) {
      slots_.push_back(std::make_unique<slot>(what, secrets_ ? &*secrets_ : nullptr, front + std::to_string(i)));
      slots_.back()->connection.stream().readiness().owner = slots_.back().get();
      free_.push_back(slots_.back().get());
    }
  }

  int run() {
    begun_ = last_ = posix::now();
    const duration cpu_before = processor_time();
    while (!ended()) turn();
    bar_.clear();
    const bool well = trouble_.status == tools::status::success;
    if (!well && done_ == 0) throw failure(trouble_.cause, trouble_.remedy, trouble_.status);
    findings found;
    found.messages = done_;
    found.time = last_ - begun_;
    found.cpu = processor_time() - cpu_before;
    found.latency = &latency_;
    found.latency_of = "until CONNACK";
    if (what_.how.secure) found.resumed = resumed_;
    report(what_, found);
    if (!well) throw failure(trouble_.cause, trouble_.remedy, trouble_.status);
    return interrupted_ == 0 ? exit_success : 128 + interrupted_;
  }

 private:
  struct slot {
    slot(const plan& what, tools::tls_context* secrets, std::string identifier)
        : connection(what.how, secrets, room_of_one, std::move(identifier)) {}
    link connection;
    instant due{}, deadline = never, left{};
    bool queued = false, busy = false, up = false;
  };

  bool enough(instant now) const { return what_.count ? started_ >= *what_.count : now - begun_ >= *what_.time; }
  bool ended() const {
    if (trouble_.status != tools::status::success || interrupted_ != 0) return true;
    return enough(posix::now()) && free_.size() == slots_.size();
  }

  instant due_time() const {
    return what_.rate == 0
               ? begun_
               : begun_ + duration{static_cast<std::int64_t>(static_cast<double>(started_) * 1e6 / what_.rate)};
  }

  void queue(slot& one) {
    if (!std::exchange(one.queued, true)) runnable_.push_back(&one);
  }

  // With a rate its time counts from when it was due, whether there was a slot for it or not.
  void begin_due(instant now) {
    while (!free_.empty() && !enough(now) && due_time() <= now) {
      slot& one = *free_.back();
      free_.pop_back();
      one.due = what_.rate == 0 ? posix::now() : due_time();
      one.busy = true, one.up = false;
      ++started_;
      one.connection.connect(loop_, brokers_, {}, now);
      queue(one);
    }
  }

  void turn() {
    const instant now = posix::now();
    begin_due(now);
    running_.swap(runnable_);
    for (slot* each : running_) step(*each);
    running_.clear();
    if (now >= next_sweep_) {
      next_sweep_ = now + sweep;
      for (const auto& each : slots_)
        if (each->busy && each->deadline <= now) queue(*each);
      bar_.show(done_, now - begun_, now);
    }
    instant until = now + sweep;
    if (!free_.empty() && !enough(now)) until = std::min(until, due_time());
    if (!runnable_.empty()) until = instant::min();
    for (const posix::source* ready : loop_.wait(until))
      if (ready->owner != nullptr) queue(*static_cast<slot*>(ready->owner));
    if (const auto number = signals_.next()) interrupted_ = *number;
  }

  void step(slot& one) {
    one.queued = false;
    if (!one.busy) return;
    const instant now = posix::now();
    const auto hear = [&](const mqtt::session_event& what) {
      if (std::holds_alternative<mqtt::connected>(what)) on_connected(one);
    };
    posix::progress done = one.connection.drive(now, hear);
    if (!done.ended && one.up && one.connection.leave()) one.left = now, done = one.connection.drive(now, hear);
    if (done.ended || (!one.up && one.connection.failed())) return on_end(one, now);
    one.deadline = done.deadline;
    if (done.deadline <= now) queue(one);
  }

  void on_connected(slot& one) {
    one.up = true;
    last_ = posix::now();
    latency_.add((last_ - one.due).count());
    ++done_;
    if (one.connection.resumed()) ++resumed_;
  }

  void on_end(slot& one, instant now) {
    one.busy = false;
    one.deadline = never;
    free_.push_back(&one);
    const bool given_up = one.up && is(one.connection.stream().why(), stream_error::aborted);
    if (given_up && now - one.left >= what_.how.timeout && trouble_.status == tools::status::success)
      trouble_ = {tools::status::timed_out,
                  "the broker did not end a connection within " + tools::in_seconds(what_.how.timeout) +
                      " of DISCONNECT, and the next one waits for that",
                  "see the broker's log, or give more time by --timeout"};
    if (one.up) return;
    if (trouble_.status == tools::status::success) trouble_ = one.connection.ending();
    if (trouble_.status == tools::status::success)
      trouble_ = {tools::status::connection_lost, "the broker closed the connection before CONNACK",
                  "see the broker's log"};
  }

  const plan& what_;
  posix::loop loop_;
  posix::signals signals_;
  kept_sessions kept_;
  std::optional<tools::tls_context> secrets_;
  std::vector<endpoint> brokers_;
  std::vector<std::unique_ptr<slot>> slots_;
  std::vector<slot*> free_, runnable_, running_;
  instant begun_{}, last_{}, next_sweep_{};
  std::uint64_t started_ = 0, done_ = 0, resumed_ = 0;
  histogram latency_;
  int interrupted_ = 0;
  tools::outcome trouble_;
  progress_bar bar_;
};

}  // namespace

int measure_connects(const plan& what) { return std::make_unique<connects>(what)->run(); }

}  // namespace recado::app::bench
