#include <recado/dhcp/client.hpp>

#include <algorithm>

#include <recado/dhcp/reply.hpp>

namespace recado::dhcp {

namespace {

constexpr std::size_t host_name_sent_max = 63;  // one DNS label

/// Options within what the protocol and the memory allow.
options sane(options how) {
  how.reply_bytes_max = std::max(how.reply_bytes_max, reply_bytes_min);
  how.host_name = how.host_name.substr(0, host_name_sent_max);
  how.vendor_class = how.vendor_class.substr(0, vendor_class_bytes_max);
  how.client_id = how.client_id.first(std::min(how.client_id.size(), client_id_bytes_max));
  if (how.client_id.size() < client_id_bytes_min && how.identity == client_identity::given)
    how.identity = client_identity::hardware_address;
  how.retry_first = longer(how.retry_first, std::chrono::milliseconds{1});
  how.retry_max = longer(how.retry_max, how.retry_first);
  how.retry_jitter = longer(how.retry_jitter, {});
  how.request_attempts = std::max(how.request_attempts, std::uint8_t{1});
  how.reboot_attempts = std::max(how.reboot_attempts, std::uint8_t{1});
  return how;
}

duration patience(const options& how) {
  const std::int64_t interval = std::max<std::int64_t>(how.attempt_interval.count(), 1);
  return how.attempts > infinite.count() / interval ? infinite : duration{interval * how.attempts};
}

}  // namespace

std::string_view words(state what) {
  switch (what) {
    case state::idle:
      return "idle";
    case state::waiting:
      return "INIT";
    case state::selecting:
      return "SELECTING";
    case state::requesting:
      return "REQUESTING";
    case state::rebooting:
      return "INIT-REBOOT";
    case state::probing:
      return "probing the address";
    case state::bound:
      return "BOUND";
    case state::renewing:
      return "RENEWING";
    case state::rebinding:
      return "REBINDING";
    case state::informing:
      return "asking for parameters";
  }
  return "unknown";
}

client::client(const options& how, entropy& random) : random_(random), how_(sane(how)) { remember(how.remembered); }

bool client::holds_lease() const {
  return state_ == state::bound || state_ == state::renewing || state_ == state::rebinding;
}

bool client::acquiring() const {
  return state_ == state::waiting || state_ == state::selecting || state_ == state::requesting ||
         state_ == state::rebooting || state_ == state::informing;
}

const lease* client::held() const { return in_use_ && holds_lease() ? &lease_ : nullptr; }

ip_address client::source() const {
  if (queued_ != message_type::none) return queued_source_;
  return holds_lease() || state_ == state::informing ? lease_.address : ip_address::v4_any();
}

duration client::jittered(duration interval, duration jitter) {
  const duration most = shorter(jitter, interval / 2);
  const auto width = static_cast<std::uint64_t>(most.count()) * 2 + 1;
  return interval - most + duration{static_cast<std::int64_t>(random_.below(width))};
}

// Commands.

void client::start(instant now) {
  wanted_ = true;
  conflicts_ = refusals_ = 0;
  const auto most = static_cast<std::uint64_t>(longer(how_.start_delay_max, {}).count());
  begin(now, duration{static_cast<std::int64_t>(random_.below(most + 1))});
}

void client::conflict(instant now) {
  if (state_ != state::probing && !holds_lease()) return;
  const bool was_in_use = in_use_;
  decline(now);
  in_use_ = false;
  if (was_in_use) due_ = lease_lost{because(error::address_conflict)}, due_since_ = now;
}

/// RFC 2131 §3.1 step 5: DECLINE, then not again before ten seconds.
void client::decline(instant now) {
  offer_ = {lease_.address, lease_.server};
  remember({});
  cause_ = error::address_conflict;
  if (++conflicts_ >= conflicts_max) {
    go_idle();
    wanted_ = false;
    due_ = failed{because(error::address_conflict)}, due_since_ = now;
  } else {
    begin(now, decline_wait);
  }
  xid_ = random_.u32();
  queue(message_type::decline);
}

void client::address_is_free(instant now) {
  if (state_ != state::probing) return;
  due_ = bind(now), due_since_ = now;
}

void client::release(instant now) {
  const bool granted = state_ == state::probing || holds_lease();
  go_idle();
  wanted_ = in_use_ = reboot_ = false;
  due_.reset();
  if (!granted || !open_) return;
  started_ = now;
  xid_ = random_.u32();
  queue(message_type::release);
}

std::expected<void, error> client::inform(const lease& own, instant now) {
  if (own.prefix == 0 || own.prefix > 32) return std::unexpected{error::bad_prefix};
  if (!is_host_address(own.address, own.prefix)) return std::unexpected{error::no_such_host_address};
  if (!open_) return std::unexpected{error::link_is_down};
  go_idle();
  wanted_ = in_use_ = false;
  due_.reset();
  lease_ = own;
  patience_ends_ = after(now, patience(how_));
  cause_ = error::no_parameters;
  unusable_.reset();
  enter(state::informing, now);
  queue(message_type::inform);
  schedule_retry(now);
  return {};
}

void client::opened(instant now) {
  open_ = true;
  if (wanted_) begin(now, {});
}

void client::lost(fault, instant now) {
  open_ = false;
  if (due_ && std::holds_alternative<bound>(*due_)) due_.reset();
  if (state_ == state::informing) due_ = failed{because(error::no_parameters)}, due_since_ = now;
  go_idle();
}

// Phases.

void client::go_idle() {
  state_ = state::idle;
  next_ = patience_ends_ = never;
  queued_ = message_type::none;
  size_ = 0;
}

/// Starts a phase that has messages of its own.
void client::enter(dhcp::state next, instant now) {
  state_ = next;
  started_ = now;
  xid_ = random_.u32();
  interval_ = how_.retry_first;
  sends_ = 0;
}

/// A new acquisition with new patience.
void client::begin(instant now, duration wait) {
  go_idle();
  if (!wanted_ || !open_) return;
  if (how_.attempts == 0) {
    wanted_ = false;
    due_ = failed{make_fault(error::no_attempts)}, due_since_ = now;
    return;
  }
  cause_ = error::no_offer;
  unusable_.reset();
  patience_ends_ = after(after(now, wait), patience(how_));
  if (wait == duration{}) return proceed(now);
  state_ = state::waiting;
  next_ = after(now, wait);
}

void client::proceed(instant now) { reboot_&& wish_ ? reboot(now) : discover(now); }

void client::discover(instant now) {
  enter(state::selecting, now);
  offer_ = {};
  queue(message_type::discover);
  schedule_retry(now);
}

/// Same xid and secs as the DISCOVER (RFC 2131 §4.4.1).
void client::request(const offer& chosen, instant now) {
  offer_ = chosen;
  state_ = state::requesting;
  cause_ = error::no_acknowledgement;
  first_request_ = now;
  interval_ = how_.retry_first;
  sends_ = 0;
  queue(message_type::request);
  schedule_retry(now);
}

void client::reboot(instant now) {
  enter(state::rebooting, now);
  first_request_ = now;
  queue(message_type::request);
  schedule_retry(now);
}

void client::prolong(dhcp::state how, instant now) {
  enter(how, now);
  first_request_ = now;
  queue(message_type::request);
  schedule_prolonging(now);
}

client::event client::bind(instant now) {
  go_idle();
  state_ = state::bound;
  in_use_ = reboot_ = true;
  wish_ = lease_.address;
  conflicts_ = refusals_ = 0;
  cause_ = error::no_offer;
  // Some fuzz so that devices that were started together do not renew together (RFC 2131 §4.4.5).
  if (lease_.t1 != infinite)
    next_ = after(lease_.obtained, jittered(lease_.t1, shorter(how_.retry_jitter, lease_.t1 / 16)));
  if (next_ <= now) next_ = now;
  return bound{&lease_};
}

void client::schedule_retry(instant now) {
  next_ = after(now, jittered(interval_, how_.retry_jitter));
  interval_ = shorter(interval_ > how_.retry_max / 2 ? how_.retry_max : interval_ * 2, how_.retry_max);
  ++sends_;
}

/// Half of the time that remains in the phase, at least a minute (RFC 2131 §4.4.5).
void client::schedule_prolonging(instant now) {
  const instant end = phase_ends();
  next_ = end == never ? never : after(now, longer((end - now) / 2, renewal_interval_min));
  ++sends_;
}

instant client::phase_ends() const {
  switch (state_) {
    case state::bound:
    case state::renewing:
      return lease_.rebinds();
    case state::rebinding:
      return lease_.expires();
    default:
      return never;
  }
}

// Time.

instant client::deadline() const {
  if (due_) return due_since_;
  instant first = in_use_ || state_ == state::probing ? lease_.expires() : never;
  if (open_) first = std::min({first, next_, phase_ends(), acquiring() ? patience_ends_ : never});
  return first;
}

std::optional<client::event> client::take_due() {
  const std::optional<event> result = due_;
  due_.reset();
  return result;
}

std::optional<client::event> client::on_time(instant now) {
  if (in_use_ && now >= lease_.expires()) return lose(error::expired, now);
  if (!open_) return {};
  if (state_ == state::probing && now >= lease_.expires()) {
    cause_ = error::expired;
    return give_up();
  }
  if (acquiring() && now >= patience_ends_) return in_use_ ? lose(error::no_acknowledgement, now) : give_up();
  if ((state_ == state::bound || state_ == state::renewing) && now >= lease_.rebinds()) {
    prolong(state::rebinding, now);
  } else if (now >= next_) {
    if (state_ == state::rebooting && sends_ >= how_.reboot_attempts && in_use_)
      return lose(error::no_acknowledgement, now);
    on_retry(now);
  }
  return {};
}

void client::on_retry(instant now) {
  switch (state_) {
    case state::waiting:
      return proceed(now);
    case state::selecting:
      if (offer_.address) return request(offer_, now);
      queue(message_type::discover);
      return schedule_retry(now);
    case state::requesting:
      if (sends_ >= how_.request_attempts) return discover(now);
      queue(message_type::request);
      return schedule_retry(now);
    case state::rebooting:
      if (sends_ >= how_.reboot_attempts) {
        reboot_ = false;
        return discover(now);
      }
      queue(message_type::request);
      return schedule_retry(now);
    case state::bound:
      return prolong(state::renewing, now);
    case state::renewing:
    case state::rebinding:
      queue(message_type::request);
      return schedule_prolonging(now);
    case state::informing:
      queue(message_type::inform);
      return schedule_retry(now);
    case state::idle:
    case state::probing:
      next_ = never;
  }
}

fault client::because(error why) const {
  return make_fault(why, unusable_ ? static_cast<std::uint32_t>(*unusable_) : 0u);
}

std::optional<client::event> client::give_up() {
  const error why = cause_ == error::no_offer && unusable_ ? error::no_usable_offer : cause_;
  go_idle();
  wanted_ = false;
  return failed{because(why)};
}

/// The address must not be used any more; INIT (RFC 2131 §4.4.5).
client::event client::lose(error why, instant now) {
  const fault because_of = because(why);
  in_use_ = reboot_ = false;
  begin(now, {});
  return lease_lost{because_of};
}

// What arrives.

std::optional<client::event> client::receive(datagram& in, instant now) {
  if (due_) return take_due();
  if (auto happened = on_time(now)) return happened;
  if (in.payload.empty()) return {};
  const bytes payload = in.payload;
  in.payload = {};
  if (!open_) return {};
  if (in.local_port != client_port && in.local_port != 0) return ignore(error::wrong_port, false), std::nullopt;
  return on_message(payload, now);
}

void client::ignore(error why, bool for_us) {
  ++ignored_;
  last_ignored_ = why;
  if (for_us) unusable_ = why;
}

outcome<error> client::unexpected_here(const reply& what) const {
  const bool wants_offer = state_ == state::selecting;
  if (wants_offer != (what.type == message_type::offer)) return std::unexpected{error::bad_message_type};
  if (state_ == state::requesting && what.server != offer_.server) return std::unexpected{error::other_server};
  if (state_ == state::renewing && what.server != lease_.server) return std::unexpected{error::other_server};
  if (what.type != message_type::ack || state_ == state::informing) return {};
  const ip_address wanted = state_ == state::requesting  ? offer_.address
                            : state_ == state::rebooting ? wish_
                                                         : lease_.address;
  if (what.content.address != wanted) return std::unexpected{error::bad_address};
  return {};
}

std::optional<client::event> client::on_message(bytes payload, instant now) {
  const bool expecting = state_ == state::selecting || state_ == state::requesting || state_ == state::rebooting ||
                         state_ == state::renewing || state_ == state::rebinding || state_ == state::informing;
  if (!expecting) return ignore(error::bad_message_type, false), std::nullopt;
  std::array<std::byte, 16> scratch{};
  reply what;
  const identity ours{how_.hardware, xid_, client_identifier(scratch), state_ == state::informing};
  if (const auto done = read_reply(payload, ours, what); !done) return ignore(done.error(), what.for_us), std::nullopt;
  // A second offer, or an offer that comes late, is no fault of its server.
  if (const auto done = unexpected_here(what); !done)
    return ignore(done.error(), done.error() == error::bad_address), std::nullopt;
  if (what.type == message_type::offer) return on_offer(what.content, now), std::nullopt;
  if (state_ == state::informing) {
    if (what.type == message_type::ack) return on_parameters(what.content);
    return ignore(error::bad_message_type, false), std::nullopt;
  }
  return what.type == message_type::ack ? on_ack(what.content, now) : on_nak(now);
}

/// The first offer is taken, or the one of the remembered address if there is time to wait for it.
void client::on_offer(const lease& offered, instant now) {
  const offer candidate{offered.address, offered.server};
  if (how_.offer_wait <= duration{} || (wish_ && offered.address == wish_)) return request(candidate, now);
  if (offer_.address) return;
  offer_ = candidate;
  next_ = after(now, how_.offer_wait);
}

std::optional<client::event> client::on_ack(const lease& granted, instant now) {
  const bool prolonged = state_ == state::renewing || state_ == state::rebinding;
  lease_ = granted;
  lease_.obtained = first_request_;
  unusable_.reset();
  if (prolonged) {
    bind(now);
    return renewed{&lease_};
  }
  if (!how_.probe) return bind(now);
  go_idle();
  state_ = state::probing;
  return probe_address{lease_.address};
}

/// RFC 2131 §3.1 step 5, §3.2 step 4: back to INIT; slower each time, so that a server that refuses what it
/// offers does not keep the network busy.
std::optional<client::event> client::on_nak(instant now) {
  remember({});
  if (in_use_) return lose(error::refused, now);
  cause_ = error::refused;
  if (refusals_ < UINT8_MAX) ++refusals_;
  const duration wait = refusal_wait(refusals_);
  if (wait == wait.zero()) return discover(now), std::nullopt;
  queued_ = message_type::none;
  state_ = state::waiting;
  next_ = after(now, wait);
  return {};
}

/// What the server does not tell stays as it was given.
client::event client::on_parameters(const lease& told) {
  lease known = told;
  known.address = lease_.address;
  known.prefix = lease_.prefix;
  if (known.routers.empty() && known.routes.empty()) known.routers = lease_.routers, known.routes = lease_.routes;
  if (known.dns_servers.empty()) known.dns_servers = lease_.dns_servers;
  if (known.ntp_servers.empty()) known.ntp_servers = lease_.ntp_servers;
  lease_ = known;
  go_idle();
  return parameters{&lease_};
}

}  // namespace recado::dhcp
