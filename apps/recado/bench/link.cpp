#include "link.hpp"

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/entropy.hpp>

#include <sys/resource.h>

#include "../command.hpp"
#include "../tools/route.hpp"

namespace recado::app::bench {
namespace {

constexpr std::size_t tls_outgoing_bytes = 128 << 10, tls_plaintext_bytes = 128 << 10;

}  // namespace

std::vector<endpoint> find_broker(const tools::settings& how, posix::loop& loop) {
  posix::system_entropy random;
  tools::lookup question{how, random};
  std::vector<endpoint> found;
  tools::outcome trouble;
  question.start(loop);
  const instant until = posix::now() + how.timeout;
  while (!question.done(found, trouble)) {
    if (posix::now() >= until) {
      question.abandon();
      trouble = question.too_late();
      break;
    }
    loop.wait(until);
  }
  if (trouble.status != tools::status::success) throw failure(trouble.cause, trouble.remedy, trouble.status);
  return found;
}

void allow_connections(std::uint32_t count) {
  constexpr rlim_t others = 64;
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  const rlim_t wanted = count + others;
  if (now.rlim_cur >= wanted) return;
  rlimit more{wanted, std::max(now.rlim_max, wanted)};
  if (now.rlim_max >= wanted) more.rlim_max = now.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return;
  throw failure(std::to_string(count) + " connections need " + std::to_string(wanted) +
                    " open files, and this process may have " + std::to_string(now.rlim_max),
                "raise the limit by 'ulimit -Hn " + std::to_string(wanted) +
                    "' as root (nofile in /etc/security/limits.conf), or give fewer --clients");
}

tools::outcome ending_of(const mqtt::closed& what, mqtt::version protocol) {
  tools::outcome how = tools::outcome_of(what, protocol);
  if (how.status == tools::status::malformed || how.status == tools::status::protocol_error)
    how.remedy = "check that it is an MQTT broker: 'recado pub' with the same options says what that port speaks";
  return how;
}

link::link(const tools::settings& how, tools::tls_context* secrets, const room& given, std::string identifier)
    : how_(how),
      identifier_(std::move(identifier)),
      transmit_(given.transmit),
      receive_(given.receive),
      flights_(given.in_flight),
      received_(given.every_identifier ? mqtt::received_bitmap_words : 0),
      buffer_(receive_),
      session_(memory_of(secrets == nullptr ? given.receive : tls_plaintext_bytes)) {
  if (secrets == nullptr) return;
  tls_outgoing_.resize(tls_outgoing_bytes), tls_plaintext_.resize(tls_plaintext_bytes);
  filter_.emplace(secrets->shared().openssl(), tls::openssl::filter::memory{tls_outgoing_, tls_plaintext_});
  if (const auto set = filter_->set_peer(how_.host); !set) tools::refuse_tls(set.error(), how_);
  secured_.emplace(*filter_, session_);
}

mqtt::memory link::memory_of(std::size_t receive) {
  return {.transmit = transmit_,
          .outgoing = flights_,
          .received = received_,
          .owed = {},
          .incoming_aliases = {},
          .incoming_alias_count = 0,
          .outgoing_aliases = {},
          .outgoing_alias_count = 0,
          .receive_size = static_cast<std::uint32_t>(receive)};
}

mqtt::connect_options link::connect_options() const {
  mqtt::connect_options to;
  to.version = how_.version.value_or(mqtt::version::v3_1_1);
  to.client_identifier = identifier_;
  to.keep_alive_s = how_.keep_alive_s;
  if (how_.user_name) to.user_name = *how_.user_name;
  if (how_.password) to.password = as_bytes(*how_.password);
  to.connect_timeout = how_.timeout;
  to.ping_timeout = how_.timeout;
  to.automatic_topic_aliases = false;
  return to;
}

void link::connect(posix::loop& loop, std::span<const endpoint> candidates, const ip_address& local, instant now) {
  if (const auto prepared = session_.connect(connect_options()); !prepared) {
    const tools::outcome why = tools::misuse("CONNECT is not possible", prepared.error());
    throw failure(why.cause, why.remedy);
  }
  buffer_.clear();
  ending_ = {}, ending_said_ = leaving_ = resumed_ = false;
  posix::tcp_options options;
  options.connect_timeout = how_.timeout;
  options.linger = how_.timeout;
  options.multipath = how_.multipath;
  options.local = local;
  candidates_.assign(candidates.begin(), candidates.end());
  const auto connecting = how_.unix_path.empty() ? stream_.connect(loop, candidates_, options, now)
                                                 : stream_.connect_unix(loop, how_.unix_path, options, now);
  if (connecting) return;
  const tools::outcome why = tools::unreached(how_, connecting.error());
  throw failure(why.cause, why.remedy, why.status);
}

bool link::leave() {
  if (leaving_) return false;
  leaving_ = session_.disconnect().has_value();
  return leaving_;
}

void link::note_end(const mqtt::closed& what) {
  if (!what.why || ending_said_) return;
  ending_ = ending_of(what, session_.version());
  ending_said_ = true;
}

bool link::hear_tls(const tls::event& what) {
  if (const auto* up = std::get_if<tls::secured>(&what)) resumed_ = up->resumed;
  const auto* end = std::get_if<tls::closed>(&what);
  if (end == nullptr) return true;
  if (end->why && !ending_said_ && !leaving_) ending_ = tools::outcome_of(end->why, end->cause), ending_said_ = true;
  return false;
}

tools::outcome link::ending() const {
  if (leaving_ && !ending_said_) return {};
  if (ending_said_) return ending_;
  if (stream_.identity().local.port == 0 && how_.unix_path.empty()) return tools::unreached(how_, stream_.why());
  tools::outcome how = tools::outcome_of(stream_.why());
  how.cause = "the connection was lost: " + how.cause;
  return how;
}

}  // namespace recado::app::bench
