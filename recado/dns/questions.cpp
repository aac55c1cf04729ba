// How the resolver's questions go round the servers, and what their answers lead to.
#include <algorithm>

#include <recado/dns/resolver.hpp>

namespace recado::dns {

bool resolver::is_server(const question& asked, const endpoint& peer) const {
  return asked.server < servers_.size() && same_peer(servers_[asked.server], peer);
}

query resolver::query_of(const place& where) const {
  const name& about = where.asked->aliased ? where.asked->alias : where.owner->about;
  return {where.asked->id, &about, where.asked->type, where.asked->edns};
}

bool resolver::answer_from_cache(const place& where, instant now) {
  lookup& owner = *where.owner;
  question& asked = *where.asked;
  const auto known = cache_.find(owner.about, asked.type, addresses_of(owner).subspan(owner.found), now);
  if (!known) return false;
  asked.at = known->outcome == error{} ? question::stage::answered : question::stage::failed;
  asked.why = known->outcome == error{} ? fault{} : make_fault(known->outcome);
  asked.ttl_s = known->ttl_s;
  owner.found = static_cast<std::uint8_t>(owner.found + known->addresses);
  owner.more |= known->more;
  return true;
}

std::uint16_t resolver::draw_port() {
  if (driver_chooses_ports_) return 0;
  auto port = static_cast<std::uint16_t>(port_min + random_.below(0x10000u - port_min));
  while (expects(port)) port = port == 0xffff ? port_min : static_cast<std::uint16_t>(port + 1);
  return port;
}

/// Leaves the stage that the question is in: what was about to be sent isn't any more.
void resolver::close(question& asked, question::stage next) {
  if (&asked == pending_.asked) pending_ = {};
  asked.at = next;
}

void resolver::ask(question& asked) { close(asked, question::stage::due); }

void resolver::start_over(question& asked) {
  asked.server = asked.round = asked.refusals = 0;
  asked.edns = true;
}

resolver::place resolver::next_due() {
  for (lookup& owner : memory_.lookups)
    for (question& asked : owner.questions)
      if (owner.at == lookup::stage::running && asked.at == question::stage::due) return {&owner, &asked};
  return {};
}

/// Every attempt has an identifier and a port of its own (RFC 5452 §9.2); late answers to earlier ones are
/// not waited for.
bool resolver::compose(const place& where) {
  if (where.asked == nullptr) return false;
  where.asked->id = random_.u16();
  where.asked->port = draw_port();
  const auto size = encode(query_of(where), out_);
  pending_ = where;
  pending_size_ = size.value_or(0);
  return true;
}

/// `said_no`: the server did answer, in whatever way; a whole round of that ends the question.
void resolver::ask_next_server(const place& where, fault why, bool said_no) {
  question& asked = *where.asked;
  if (said_no) ++asked.refusals;
  if (said_no || !asked.why) asked.why = why;
  if (++asked.server >= servers_.size()) {
    const bool all_said_no = asked.refusals >= servers_.size();
    asked.server = asked.refusals = 0;
    if (++asked.round >= rounds_max || all_said_no) return give_up(where, asked.why);
  }
  ask(asked);
}

/// What a cut answer held is better than nothing (RFC 2181 §9 forbids only to keep it).
void resolver::give_up(const place& where, fault why) {
  question& asked = *where.asked;
  close(asked, asked.partial ? question::stage::answered : question::stage::failed);
  asked.ttl_s = 0;
  asked.why = asked.partial ? fault{} : why;
}

void resolver::drop_addresses(lookup& owner, record_type type) {
  const auto kind = family_of(type);
  const std::span<ip_address> all = addresses_of(owner).first(owner.found);
  const auto dropped = std::ranges::remove(all, kind, &ip_address::family);
  owner.found = static_cast<std::uint8_t>(all.size() - dropped.size());
}

/// Ends the lookup when its last question has ended; once one has addresses, the other must hurry.
void resolver::settle(lookup& owner, instant now) {
  if (owner.at != lookup::stage::running) return;
  if (std::ranges::all_of(owner.questions, &question::ended)) {
    owner.at = lookup::stage::done;
    owner.deadline = now;
    return;
  }
  const bool some =
      std::ranges::any_of(owner.questions, [](const question& asked) { return asked.at == question::stage::answered; });
  if (some) owner.deadline = std::min<instant>(owner.deadline, now + other_family_ms_max);
}

void resolver::handle(const datagram& in, instant now) {
  for (lookup& owner : memory_.lookups) {
    if (owner.at != lookup::stage::running) continue;
    for (question& asked : owner.questions) {
      if (asked.at != question::stage::in_flight || !is_server(asked, in.peer)) continue;
      if (asked.port != 0 && asked.port != in.local_port) continue;
      const place where{&owner, &asked};
      if (!answers(in.payload, query_of(where))) continue;
      judge(where, in.payload, false, now);
      return settle(owner, now);
    }
  }
}

void resolver::judge(const place& where, bytes message, bool over_tcp, instant now) {
  lookup& owner = *where.owner;
  question& asked = *where.asked;
  name alias;
  const std::span<ip_address> room = addresses_of(owner);
  std::array<ip_address, 0> none;
  // Addresses of a cut answer give way to better ones, but not to a failure.
  const bool brings_addresses = read_answer(message, query_of(where), aliases_max - asked.aliases, none, alias).more;
  if (brings_addresses) drop_addresses(owner, asked.type);
  const reading said =
      read_answer(message, query_of(where), aliases_max - asked.aliases, room.subspan(owner.found), alias);
  switch (said.what) {
    case verdict::addresses:
      return take_addresses(where, said, now);
    case verdict::negative:
      return take_negative(where, said, now);
    case verdict::alias:
      return follow(where, said, alias);
    case verdict::cut:
      return take_cut(where, said, over_tcp, now);
    case verdict::without_edns:
      asked.edns = false;
      return ask(asked);
    case verdict::no:
      return ask_next_server(where, make_fault(said.why, said.detail), true);
  }
}

void resolver::take_addresses(const place& where, const reading& said, instant now) {
  lookup& owner = *where.owner;
  question& asked = *where.asked;
  const auto found = addresses_of(owner).subspan(owner.found, said.found);
  owner.found = static_cast<std::uint8_t>(owner.found + said.found);
  owner.more |= said.more;
  asked.partial = false;
  asked.why = {};
  asked.ttl_s = asked.aliased ? std::min(asked.ttl_s, said.ttl_s) : said.ttl_s;
  close(asked, question::stage::answered);
  if (!said.more) cache_.store(owner.about, asked.type, error{}, found, asked.ttl_s, now);
}

void resolver::take_negative(const place& where, const reading& said, instant now) {
  question& asked = *where.asked;
  const std::uint32_t ttl_s = asked.aliased ? std::min(asked.ttl_s, said.ttl_s) : said.ttl_s;
  cache_.store(where.owner->about, asked.type, said.why, {}, ttl_s, now);
  drop_addresses(*where.owner, asked.type);
  asked.partial = false;
  asked.why = make_fault(said.why);
  close(asked, question::stage::failed);
}

void resolver::follow(const place& where, const reading& said, const name& alias) {
  question& asked = *where.asked;
  asked.ttl_s = asked.aliased ? std::min(asked.ttl_s, said.ttl_s) : said.ttl_s;
  asked.aliases = static_cast<std::uint8_t>(asked.aliases + said.aliases);
  asked.alias = alias;
  asked.aliased = true;
  asked.round = asked.refusals = 0;
  ask(asked);
}

void resolver::take_cut(const place& where, const reading& said, bool over_tcp, instant now) {
  question& asked = *where.asked;
  where.owner->found = static_cast<std::uint8_t>(where.owner->found + said.found);
  asked.partial |= said.found != 0;
  if (over_tcp) return ask_next_server(where, make_fault(error::malformed_answer), true);
  asked.deadline = now;
  close(asked, question::stage::tcp_due);
}

void resolver::check_times(lookup& owner, instant now) {
  const bool over = owner.deadline <= now;
  for (question& asked : owner.questions) {
    if (asked.ended()) continue;
    const place where{&owner, &asked};
    const fault silence = make_fault(asked.at == question::stage::tcp ? error::tcp_failed : error::time_out);
    const bool waits = asked.at == question::stage::in_flight || asked.at == question::stage::tcp;
    if (over) give_up(where, asked.why ? asked.why : silence);
    else if (waits && asked.deadline <= now) ask_next_server(where, silence, asked.at == question::stage::tcp);
  }
  settle(owner, now);
}

}  // namespace recado::dns
