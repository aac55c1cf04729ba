// A device of the fleet: connects, talks, lies down, is lost and comes back.
#include <cerrno>

#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../command.hpp"
#include "../tools/route.hpp"
#include "fleet.hpp"
#include "mark.hpp"

namespace recado::app::bench {
namespace {

constexpr std::uint8_t failures_max = 20;  // by then a pause is as long as it gets

int pending_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

// What it needs to talk: its own if it has one, else a spare one, in which a session that lies down is woken.
conversation& fleet::talk(device& one) {
  if (one.busy) return *one.busy;
  if (spare_.empty()) {
    one.busy = std::make_unique<conversation>(what_, secrets_ ? &*secrets_ : nullptr, buffer_.size());
  } else {
    one.busy = std::move(spare_.back());
    spare_.pop_back();
    one.busy->tags = 0;
  }
  one.busy->forget_end();
  if (one.at == state::online) (void)one.busy->session().wake(one.rest);
  return *one.busy;
}

// A few are kept for the next who has something to say.
void fleet::hush(device& one) {
  if (one.busy && !one.busy->secured() && spare_.size() * 200 < devices_.size()) spare_.push_back(std::move(one.busy));
  one.busy.reset();
}

void fleet::close(device& one) {
  if (one.fd < 0) return;
  loop_.forget(one.fd, one.readiness);
  ::close(one.fd);
  one.fd = -1;
  one.readiness = {false, false, false, &one};
}

void fleet::serve(device& one, instant now) {
  if (one.at == state::offline) {
    const bool first = !one.coming_back;
    if (first) one.coming_back = std::make_unique<chain::reconnect>(policy_, random_);
    tell(one, first ? chain::reconnect_happening::start() : chain::reconnect_happening{}, now);
  } else if (one.at == state::connecting) {
    if (one.readiness.writable || one.readiness.hung_up) {
      if (const fault why = finish_opening(one, now)) return lose(one, why, now);
      converse(one, now);
    } else {
      tell(one, {}, now);
    }
  } else {
    if (one.coming_back && one.at == state::opening) tell(one, {}, now);
    if (one.at == state::online) publish_due(one, now);
    if (one.at != state::offline) converse(one, now);
  }
  if (phase_ != phase::over) schedule(one, next_of(one));
}

instant fleet::next_of(const device& one) const {
  instant next = one.busy && one.at != state::offline && one.at != state::connecting ? one.busy->deadline() : never;
  if (one.at == state::online) {
    if (!one.busy) next = one.rest.deadline();
    if (phase_ != phase::waiting && (!one.busy || one.busy->tags == 0)) next = std::min(next, one.publishes_at);
  }
  return next;
}

void fleet::converse(device& one, instant now) {
  if (!one.busy && !one.readiness.readable && now < one.rest.deadline()) return settle_down(one);
  conversation& with = talk(one);
  now_ = now;
  const auto heard = [&](mqtt::session_event& what) { hear(one, what); };
  if (const fault why = with.turn(one.fd, one.readiness, buffer_, now, heard)) return lose(one, why, now);
  settle_down(one);
}

// Online, and with nothing to say: what it needed to talk is given back.
void fleet::settle_down(device& one) {
  if (one.at != state::online) return;
  if (!one.busy || one.busy->secured() || one.busy->within_packet()) return;
  if (const auto rest = one.busy->session().rest()) {
    one.rest = *rest;
    hush(one);
  }
}

void fleet::hear(device& one, mqtt::session_event& what) {
  if (std::holds_alternative<mqtt::connected>(what)) {
    one.at = state::online;
    ++online_;
    if (one.publishes_at != never) ++reconnections_;
    else ++was_online_;
    const auto spread = static_cast<std::uint64_t>(what_.interval.count());
    one.publishes_at = now_ + duration{static_cast<std::int64_t>(random_.below(spread + 1))};
    one.online_since = now_;
    one.coming_back.reset();
  } else if (const auto* done = std::get_if<mqtt::acknowledged>(&what)) {
    one.busy->tags = static_cast<std::uint8_t>(one.busy->tags & ~(1U << done->tag));
    last_ = posix::now();
    if (mqtt::is_failure(done->reason)) {
      ++refused_;
      return;
    }
    ++acknowledged_;
    latency_.add((last_ - one.busy->due[done->tag]).count());
  }
}

// Each at its own pace. What is due while the connection is lost is not sent later, and a message waits for the one
// before it to be acknowledged.
void fleet::publish_due(device& one, instant now) {
  if (now < one.publishes_at || phase_ == phase::waiting) return;
  conversation& with = talk(one);
  const bool answered = what_.how.qos != mqtt::qos::at_most_once;
  if (with.tags != 0 || !with.session().online()) return;
  if (payload_.size() >= mark_bytes)
    write({static_cast<std::uint16_t>(sender_ + number_of(one)), one.published,
           (one.publishes_at.time_since_epoch() + to_utc_).count()},
          payload_.data());
  topic_ = what_.topic;
  topic_ += '/';
  topic_ += std::to_string(number_of(one));
  const auto sent = with.session().publish({.topic = topic_, .payload = payload_, .qos = what_.how.qos, .tag = 0});
  if (!sent && sent.error() != mqtt::error::no_room && sent.error() != mqtt::error::receive_maximum_reached)
    return fail(tools::misuse("it is not possible to publish", sent.error()));
  if (sent) {
    ++one.published, ++published_;
    last_ = now;
    if (answered) with.due[0] = one.publishes_at, with.tags = 1;
  }
  one.publishes_at += what_.interval * ((now - one.publishes_at) / what_.interval + 1);
}

void fleet::lose(device& one, fault why, instant now) {
  const bool was_online = one.at == state::online;
  const bool unreached = one.at == state::connecting;
  if (was_online) --online_, ++lost_connections_;
  close(one);
  one.at = state::offline;
  tools::outcome how = tools::outcome_of(why);
  if (one.busy) {
    one.busy->lost(why, now);
    if (one.busy->why() && one.busy->ending().status != tools::status::success)
      how = one.busy->ending(), why = one.busy->why();
    if (one.busy->session().in_flight() == 0) hush(one);
  }
  // Nobody was ever online: then it isn't an outage, but something to be said.
  if (was_online_ == 0) return fail(unreached ? tools::unreached(what_.how, why) : how);
  if (!one.coming_back) remember_failures(one, now);
  parting_ = unreached ? tools::unreached(what_.how, why) : std::move(how);
  tell(one, chain::reconnect_happening::failed(why), now);
}

// The conductor of a device that was online is made anew, and lives through what went before.
void fleet::remember_failures(device& one, instant now) {
  if (now - one.online_since >= policy_.stable) one.failures = 0;
  one.coming_back = std::make_unique<chain::reconnect>(policy_, random_);
  const duration apart = policy_.retry.longest + policy_.stable;
  instant then = now - (one.failures + 1) * apart;
  using happening = chain::reconnect_happening;
  (void)one.coming_back->resume(happening::start(), then);
  for (unsigned i = 0; i < one.failures; ++i) {
    (void)one.coming_back->resume(happening::resolved(1), then);
    (void)one.coming_back->resume(happening::failed(make_fault(stream_error::reset)), then);
    then += apart;
    (void)one.coming_back->resume({}, then);
  }
  (void)one.coming_back->resume(happening::resolved(1), then);
  (void)one.coming_back->resume(happening::accepted(), one.online_since);
}

void fleet::tell(device& one, const chain::reconnect_happening& what, instant now) {
  chain::reconnect_happening next = what;
  for (;;) {
    if (next.what == chain::reconnect_happening::kind::failed && one.failures < failures_max) ++one.failures;
    const chain::reconnect_want want = one.coming_back->resume(next, now);
    next = {};
    if (!obey(one, want, next, now)) break;
  }
}

// True if the conductor is to be asked again.
bool fleet::obey(device& one, const chain::reconnect_want& want, chain::reconnect_happening& next, instant now) {
  using wish = chain::reconnect_want::kind;
  switch (want.what) {
    case wish::resolve:
      next = chain::reconnect_happening::resolved(
          static_cast<std::uint16_t>(std::clamp<std::size_t>(brokers_.size(), 1, 100)));
      return true;
    case wish::open:
      if (const fault why = open(one, brokers_.empty() ? endpoint{} : brokers_[want.address])) {
        close(one);
        one.at = state::offline;
        parting_ = tools::unreached(what_.how, why);
        if (was_online_ == 0) return fail(parting_), false;
        next = chain::reconnect_happening::failed(why);
      }
      return true;
    case wish::drop:
      close(one);
      one.at = state::offline;
      if (one.busy) one.busy->lost(make_fault(stream_error::timed_out), now);
      return true;
    case wish::end:
      parting_.cause = "device " + std::to_string(number_of(one)) + " may not come back: " + parting_.cause;
      fail(std::move(parting_));
      return false;
    default:
      if (want.until != never) schedule(one, want.until);
      return false;
  }
}

fault fleet::open(device& one, const endpoint& to) {
  mqtt::connect_options options;
  options.version = what_.how.version.value_or(mqtt::version::v3_1_1);
  const std::string identifier = front_ + std::to_string(number_of(one));
  options.client_identifier = identifier;
  options.keep_alive_s = what_.how.keep_alive_s;
  if (what_.how.user_name) options.user_name = *what_.how.user_name;
  if (what_.how.password) options.password = as_bytes(*what_.how.password);
  options.connect_timeout = options.ping_timeout = what_.how.timeout;
  conversation& with = talk(one);
  with.forget_end();
  if (const auto prepared = with.session().connect(options); !prepared) return make_fault(prepared.error());
  const bool by_path = !what_.how.unix_path.empty();
  const int family = by_path ? AF_UNIX : to.address.is_v6() ? AF_INET6 : AF_INET;
  one.fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (one.fd < 0) return posix::link_fault(errno);
  one.at = state::connecting;
  const int yes = 1;
  if (by_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    copy(as_bytes(what_.how.unix_path), std::as_writable_bytes(std::span{address.sun_path}));
    if (::connect(one.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return posix::stream_fault(errno);
  } else {
    ::setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (const ip_address local = local_of(one)) {
      ::setsockopt(one.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
      const posix::socket_address here{{local, 0}};
      if (::bind(one.fd, here.get(), here.length) != 0) return posix::stream_fault(errno);
    }
    const posix::socket_address there{to};
    if (::connect(one.fd, there.get(), there.length) != 0 && errno != EINPROGRESS) return posix::stream_fault(errno);
  }
  const auto watched = loop_.watch(one.fd, one.readiness, posix::trigger::edge_both);
  return watched ? fault{} : watched.error();
}

fault fleet::finish_opening(device& one, instant now) {
  if (const int error = pending_error(one.fd); error != 0) return posix::stream_fault(error);
  one.at = state::opening;
  one.busy->opened(now);
  return {};
}

}  // namespace recado::app::bench
