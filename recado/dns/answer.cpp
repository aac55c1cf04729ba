#include <recado/dns/answer.hpp>

#include <algorithm>

namespace recado::dns {

namespace {

/// What a whole message tells beside its answer section.
struct overview {
  bool whole = false;  ///< it could be read to its end
  std::uint16_t code = 0;
};

overview look_over(bytes message) {
  message_reader reader{message};
  overview result;
  result.code = static_cast<std::uint16_t>(reader.head().code());
  for (record what; reader.next(what);) {
    // RFC 6891 §6.1.3: the OPT record holds the upper eight bits of the response code.
    if (what.where == section::additional && what.data.type == record_type::opt)
      result.code = static_cast<std::uint16_t>(result.code | (what.data.ttl >> 24) << 4);
  }
  result.whole = !reader.failed();
  return result;
}

/// What the answer section holds for one name.
struct findings {
  std::size_t found = 0;
  bool more = false, alias = false, malformed = false;
  std::uint32_t ttl_s = ttl_s_max;
};

findings search(bytes message, const name& owner, record_type type, std::span<ip_address> room, name& alias) {
  findings result;
  std::uint32_t alias_ttl_s = 0;
  message_reader reader{message};
  for (record what; reader.next(what) && what.where == section::answer;) {
    if (what.data.klass != record_class::internet || !(what.owner == owner)) continue;
    if (what.data.type == type) {
      const auto address = address_of(message, what);
      if (!address) return result.malformed = true, result;
      result.ttl_s = std::min(result.ttl_s, ttl_of(what));
      if (result.found == room.size()) result.more = true;
      else room[result.found++] = *address;
    } else if (what.data.type == record_type::cname && !result.alias) {
      if (!target_of(message, what, alias)) return result.malformed = true, result;
      result.alias = true;
      alias_ttl_s = ttl_of(what);
    }
  }
  if (result.found != 0 || result.more) result.alias = false;
  else if (result.alias) result.ttl_s = std::min(result.ttl_s, alias_ttl_s);
  return result;
}

/// What the authority section says about why there is no address.
struct authority {
  bool soa = false, referral = false;
  std::uint32_t ttl_s = 0;
};

authority read_authority(bytes message, const name& about) {
  authority result;
  message_reader reader{message};
  for (record what; reader.next(what);) {
    if (what.where != section::authority) continue;
    if (what.data.type == record_type::ns) result.referral = true;
    const auto soa = what.data.type == record_type::soa ? soa_of(message, what) : std::nullopt;
    if (!soa || !about.is_within(what.owner)) continue;
    // RFC 2308 §5: a failure lives as long as the lesser of the SOA's own life and its last number.
    result.soa = true;
    result.ttl_s = std::min({ttl_of(what), soa->minimum, negative_ttl_s_max});
  }
  return result;
}

reading server_says_no(std::uint16_t code, bool edns) {
  reading result{.what = verdict::no, .detail = code};
  switch (static_cast<response_code>(code)) {
    case response_code::server_failure:
      result.why = error::server_failure;
      break;
    case response_code::refused:
      result.why = error::refused;
      break;
    case response_code::not_implemented:
      result.why = error::not_implemented;
      break;
    case response_code::format_error:
      result.why = error::format_error;
      break;
    default:
      result.why = error::other_code;
  }
  // RFC 6891 §6.2.2, §7: such a code may only mean that the server stumbled over the OPT record.
  const bool stumbled = result.why == error::format_error || result.why == error::not_implemented ||
                        code == static_cast<std::uint16_t>(response_code::bad_version);
  if (edns && stumbled) result.what = verdict::without_edns;
  return result;
}

/// The end of the chain has no address: for good, or does the name only have to be asked about again?
reading conclude(bytes message, const header& head, const name& last, reading so_far) {
  const authority zone = read_authority(message, last);
  const bool no_such_name = head.code() == response_code::name_error;
  if (!no_such_name && !zone.soa && so_far.aliases != 0) return so_far.what = verdict::alias, so_far;
  if (!no_such_name && !zone.soa && zone.referral && !head.has(message_flags::recursion_available))
    return {.what = verdict::no, .why = error::no_recursion};
  so_far.what = verdict::negative;
  so_far.why = no_such_name ? error::no_such_name : error::no_address;
  so_far.ttl_s = std::min(so_far.ttl_s, zone.ttl_s);
  return so_far;
}

}  // namespace

bool answers(bytes message, const query& asked) {
  message_reader reader{message};
  const header& head = reader.head();
  if (reader.failed() || head.id != asked.id || !head.has(message_flags::response) || head.opcode() != 0) return false;
  if (head.questions == 0)
    return head.code() == response_code::format_error || head.code() == response_code::not_implemented;
  question_record echoed;
  return head.questions == 1 && reader.next(echoed) && echoed.about == *asked.about && echoed.data.type == asked.type &&
         echoed.data.klass == record_class::internet;
}

reading read_answer(bytes message, const query& asked, unsigned aliases_left, std::span<ip_address> room, name& alias) {
  const header head = message_reader{message}.head();
  const overview all = look_over(message);
  const bool cut = head.has(message_flags::truncated);
  const auto code = static_cast<response_code>(all.code);
  if (code != response_code::no_error && code != response_code::name_error) return server_says_no(all.code, asked.edns);
  if (!all.whole && !cut) return {.what = verdict::no, .why = error::malformed_answer};

  reading result{.ttl_s = ttl_s_max};
  name current = *asked.about;
  for (;;) {
    const findings here = search(message, current, asked.type, room, alias);
    if (here.malformed) return {.what = verdict::no, .why = error::malformed_answer};
    result.ttl_s = std::min(result.ttl_s, here.ttl_s);
    result.found = here.found;
    result.more = here.more;
    if (!here.alias) break;
    if (result.aliases == aliases_left) return {.what = verdict::no, .why = error::alias_loop};
    ++result.aliases;
    current = alias;
  }
  alias = current;
  if (cut) return result.what = verdict::cut, result;
  if (code == response_code::no_error && (result.found != 0 || result.more)) return result;
  result.found = 0;
  return conclude(message, head, current, result);
}

}  // namespace recado::dns
