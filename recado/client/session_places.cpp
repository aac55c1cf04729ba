#include <recado/client/session_places.hpp>

#include <algorithm>

namespace recado::client {
namespace {

// More than a list of brokers has.
constexpr std::size_t left_behind_max = 256;

}  // namespace

bool session_places::stale_at(std::string_view where) const {
  return std::ranges::find(left_behind_, where) != left_behind_.end();
}

void session_places::accepted(std::string_view where, bool present) {
  if (!present && !state_at_.empty() && state_at_ != where) {
    if (left_behind_.size() == left_behind_max) left_behind_.erase(left_behind_.begin());
    left_behind_.push_back(state_at_);
  }
  std::erase(left_behind_, where);
  state_at_ = where;
}

}  // namespace recado::client
