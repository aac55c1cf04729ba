// The face of the resolver: commands, verbs and events. How questions go round is in questions.cpp.
#include <recado/dns/resolver.hpp>

#include <algorithm>

namespace recado::dns {

namespace {

ip_address loopback(ip_address::kind kind) {
  if (kind == ip_address::kind::v4) return ip_address::v4(127, 0, 0, 1);
  ip_address result{kind, {}};
  result.octets.back() = std::byte{1};
  return result;
}

bool is_localhost(const name& about) {
  name localhost;
  localhost.append(as_bytes("localhost"));
  return about.is_within(localhost);
}

}  // namespace

resolver::resolver(const memory& where, entropy& random) : memory_(where), random_(random), cache_(where.cache) {}

std::span<ip_address> resolver::addresses_of(const lookup& owner) const {
  const std::size_t share = std::min<std::size_t>(memory_.addresses.size() / memory_.lookups.size(), 255);
  const auto index = static_cast<std::size_t>(&owner - memory_.lookups.data());
  return memory_.addresses.subspan(index * share, share);
}

lookup* resolver::free_lookup() {
  for (const auto wanted : {lookup::stage::unused, lookup::stage::reported})
    for (lookup& candidate : memory_.lookups)
      if (candidate.at == wanted) return &candidate;
  return nullptr;
}

std::expected<query_id, error> resolver::resolve(std::string_view text, family wanted, instant now) {
  const auto literal = parse_address(text);
  const auto about = literal ? name{} : name::parse(text);
  if (!about) return std::unexpected{about.error()};
  if (!has_ipv6 && text.find(':') != std::string_view::npos) return std::unexpected{error::no_address};
  if (about->ends_in_digits()) return std::unexpected{error::name_like_address};
  const bool known = literal || is_localhost(*about);
  if (!known && servers_.empty()) return std::unexpected{error::no_server};
  lookup* const owner = free_lookup();
  if (owner == nullptr) return std::unexpected{error::too_many_lookups};

  if (++last_id_ == 0) ++last_id_;
  *owner = lookup{.at = lookup::stage::running, .id = {last_id_}, .deadline = now + lookup_ms_max, .about = *about};
  if (wanted != family::v6) owner->questions[0] = {.at = question::stage::due, .type = record_type::a};
  if constexpr (has_ipv6)
    if (wanted != family::v4) owner->questions[1] = {.at = question::stage::due, .type = record_type::aaaa};
  if (known) finish_known(*owner, literal, now);
  else begin(*owner, now);
  return owner->id;
}

/// RFC 6761 §6.3: localhost never leaves the host. An address needs no server either.
void resolver::finish_known(lookup& owner, const std::optional<ip_address>& literal, instant now) {
  const std::span<ip_address> room = addresses_of(owner);
  for (question& asked : owner.questions) {
    if (asked.at == question::stage::unused) continue;
    const auto kind = family_of(asked.type);
    const bool has = !literal || literal->family == kind;
    asked.at = has ? question::stage::answered : question::stage::failed;
    asked.why = has ? fault{} : make_fault(error::no_address);
    asked.ttl_s = ttl_s_max;
    if (has && owner.found < room.size()) room[owner.found++] = literal ? *literal : loopback(kind);
  }
  settle(owner, now);
}

void resolver::begin(lookup& owner, instant now) {
  for (question& asked : owner.questions) {
    if (asked.at == question::stage::unused) continue;
    if (!answer_from_cache({&owner, &asked}, now)) ask(asked);
  }
  settle(owner, now);
}

void resolver::cancel(query_id id, instant now) {
  for (lookup& owner : memory_.lookups) {
    if (owner.at != lookup::stage::running || owner.id != id) continue;
    end(owner, make_fault(error::cancelled), now);
  }
}

/// Ends a lookup with one fault, whatever it has found.
void resolver::end(lookup& owner, fault why, instant now) {
  owner.found = 0;
  for (question& asked : owner.questions)
    if (asked.at != question::stage::unused) close(asked, question::stage::failed), asked.why = why;
  settle(owner, now);
}

void resolver::set_servers(std::span<const endpoint> servers, instant now) {
  const auto wanted = servers.first(std::min(servers.size(), servers_max));
  if (std::equal(wanted.begin(), wanted.end(), servers_.begin(), servers_.end())) return;
  servers_.clear();
  for (const endpoint& server : wanted) servers_.push_back(server);
  cache_.clear();
  for (lookup& owner : memory_.lookups) {
    if (owner.at != lookup::stage::running) continue;
    for (question& asked : owner.questions) {
      if (asked.ended()) continue;
      drop_addresses(owner, asked.type);
      asked.partial = false;
      asked.why = {};
      start_over(asked);
      if (servers_.empty()) give_up({&owner, &asked}, make_fault(error::no_server));
      else ask(asked);
    }
    settle(owner, now);
  }
}

resolver::place resolver::find(query_id id, record_type type) {
  for (lookup& owner : memory_.lookups)
    for (question& asked : owner.questions)
      if (owner.at == lookup::stage::running && owner.id == id && asked.type == type) return {&owner, &asked};
  return {};
}

void resolver::answered_over_tcp(query_id id, record_type type, bytes message, instant now) {
  const place where = find(id, type);
  if (where.asked == nullptr || where.asked->at != question::stage::tcp) return;
  if (answers(message, query_of(where))) judge(where, message, true, now);
  else ask_next_server(where, make_fault(error::malformed_answer), true);
  settle(*where.owner, now);
}

void resolver::tcp_failed(query_id id, record_type type, fault why, instant now) {
  const place where = find(id, type);
  if (where.asked == nullptr || where.asked->at != question::stage::tcp) return;
  const bool own = why.where == layer::dns;
  ask_next_server(where, own ? why : make_fault(error::tcp_failed, why.detail), true);
  settle(*where.owner, now);
}

void resolver::port_taken(instant) {
  if (pending_.asked != nullptr) pending_.asked->port = draw_port();
}

void resolver::undeliverable(std::uint16_t local_port, const endpoint& peer, fault why, instant now) {
  for (lookup& owner : memory_.lookups) {
    if (owner.at != lookup::stage::running) continue;
    for (question& asked : owner.questions) {
      const bool on_the_way = asked.at == question::stage::in_flight || &asked == pending_.asked;
      if (!on_the_way || asked.port != local_port || !is_server(asked, peer)) continue;
      ask_next_server({&owner, &asked}, make_fault(error::unreachable, why.detail), true);
    }
    settle(owner, now);
  }
}

bool resolver::expects(std::uint16_t local_port) const {
  for (const lookup& owner : memory_.lookups)
    for (const question& asked : owner.questions)
      if (owner.at == lookup::stage::running && asked.port == local_port &&
          (asked.at == question::stage::in_flight || &asked == pending_.asked))
        return true;
  return false;
}

void resolver::opened(instant) { open_ = true; }

void resolver::lost(fault why, instant now) {
  open_ = false;
  for (lookup& owner : memory_.lookups) {
    if (owner.at == lookup::stage::reported) owner.at = lookup::stage::unused;
    if (owner.at == lookup::stage::running) end(owner, why, now);
  }
}

std::optional<resolver::event> resolver::receive(datagram& in, instant now) {
  for (lookup& owner : memory_.lookups)
    if (owner.at == lookup::stage::reported) owner.at = lookup::stage::unused;
  if (!in.payload.empty()) handle(in, now);
  in.payload = {};
  for (lookup& owner : memory_.lookups)
    if (owner.at == lookup::stage::running) check_times(owner, now);
  return next_event(now);
}

std::optional<resolver::event> resolver::next_event(instant now) {
  for (lookup& owner : memory_.lookups) {
    if (owner.at == lookup::stage::done) return report(owner);
    if (owner.at != lookup::stage::running) continue;
    for (question& asked : owner.questions) {
      if (asked.at != question::stage::tcp_due) continue;
      asked.at = question::stage::tcp;
      asked.deadline = now + tcp_ms_max;
      asked.id = random_.u16();
      return wants_tcp{owner.id, asked.type, servers_[asked.server], query_of({&owner, &asked})};
    }
  }
  return {};
}

resolver::event resolver::report(lookup& owner) {
  owner.at = lookup::stage::reported;
  const fault first = owner.questions.front().why, second = owner.questions.back().why;  // without IPv6 the same
  if (owner.found == 0) {
    // That one family doesn't exist says less than that the other couldn't be found out.
    const bool second_says_more =
        !first || (is(first, error::no_address) && second && !is(second, error::no_such_name));
    const fault why = second_says_more ? second : first;
    return failed{owner.id, why ? why : make_fault(error::no_room)};
  }
  resolved result;
  result.id = owner.id;
  result.more = owner.more;
  std::uint32_t ttl_s = ttl_s_max;
  for (const question& asked : owner.questions) {
    if (asked.at != question::stage::answered) continue;
    ttl_s = std::min(ttl_s, asked.ttl_s);
    result.more |= asked.partial;
  }
  const std::span<ip_address> found = addresses_of(owner).first(owner.found);
  if constexpr (has_ipv6) {
    const auto v4 = std::ranges::find_if(found, &ip_address::is_v4);
    if (v4 != found.end()) std::ranges::rotate(found, v4);
  }
  result.addresses = found;
  result.ttl = std::chrono::seconds{ttl_s};
  return result;
}

std::optional<datagram> resolver::pending(instant) {
  if (!open_) return {};
  if (pending_.asked == nullptr && !compose(next_due())) return {};
  return datagram{.local_port = pending_.asked->port,
                  .peer = servers_[pending_.asked->server],
                  .payload = bytes{out_}.first(pending_size_)};
}

void resolver::sent(instant now) {
  if (pending_.asked == nullptr) return;
  question& asked = *pending_.asked;
  asked.at = question::stage::in_flight;
  asked.deadline = now + answer_ms_first * (1 << asked.round);
  pending_ = {};
}

instant resolver::deadline() const {
  instant earliest = never;
  for (const lookup& owner : memory_.lookups) {
    if (owner.at != lookup::stage::running && owner.at != lookup::stage::done) continue;
    earliest = std::min(earliest, owner.deadline);
    if (owner.at == lookup::stage::done) continue;
    for (const question& asked : owner.questions) {
      const bool waits = asked.at == question::stage::in_flight || asked.at == question::stage::tcp ||
                         asked.at == question::stage::tcp_due;
      if (waits) earliest = std::min(earliest, asked.deadline);
    }
  }
  return earliest;
}

}  // namespace recado::dns
