// The server that is connected to: the user's, or one that another server named in its place (5.0 §4.11).
#include "client.hpp"

namespace recado::app::tools {

using chain::broker_verdict;

recado::client::url client::here() const {
  return {.secure = how_.secure, .host = how_.host, .port = how_.port_in_use()};
}

// Scheme, proxy, path and credentials stay the user's; the certificate's name is that of the new server.
void client::aim() {
  const chain::broker_choice which = order_.now();
  how_.referred = which.referred;
  how_.host = which.referred ? referred_[which.number].host : host_;
  how_.port = which.referred ? std::optional{referred_[which.number].port} : port_;
  how_.by_service = by_service_ && !which.referred;
  route_.aim();
}

void client::say_where(const outcome& left, std::string_view by) {
  const recado::client::url& next = referred_[order_.now().number];
  say(left.cause + "; " + std::string{by} + printable(address_of(next)));
}

// True if the next attempt has begun: at a server that this one named, or at the next one of those.
bool client::goes_elsewhere(outcome& how, bool was_online, instant now) {
  const bool elsewhere = chain::prospect_of(ended_by_) == chain::prospect::elsewhere;
  const bool may = how_.unix_path.empty() && (!was_online || (may_go_elsewhere() && how_.reconnect != duration{}));
  const bool was_referred = order_.now().referred;
  if (elsewhere && !may) return false;
  const auto named = static_cast<std::uint16_t>(std::min<std::size_t>(named_.size(), chain::referred_max));
  const broker_verdict verdict = order_.failed(ended_by_, named);
  if (verdict == broker_verdict::follow) {
    referred_ = std::move(named_);
    if (was_online) event_line("lost", how.cause);
    say_where(how, "going on at ");
    return begin(now), true;
  }
  if (elsewhere && how_.references_max() != 0)
    how.remedy = named == 0 ? "it names no address of a server: give one by -h, or ask its administrator"
                            : "servers name each other, " + std::to_string(how_.references_max()) +
                                  " times were followed (--references): connect by -h to the right one";
  const bool coming_back = was_online_ && comes_back();
  if (was_online || how.verdict || !was_referred || !order_.next()) return false;
  if (order_.now().referred) say_where(how, "going on at the next that was named, ");
  else if (!coming_back) return false;
  return begin(now), true;
}

}  // namespace recado::app::tools
