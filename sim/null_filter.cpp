#include <sim/null_filter.hpp>

#include <algorithm>
#include <utility>

#include <recado/tls/certificate.hpp>
#include <recado/tls/error.hpp>
#include <sim/servers.hpp>

namespace recado::sim {

void append_record(std::vector<std::byte>& to, record type, bytes data) {
  do {
    const bytes part = data.first(std::min(data.size(), record_bytes_max));
    data = data.subspan(part.size());
    to.push_back(static_cast<std::byte>(type));
    to.push_back(static_cast<std::byte>(part.size() >> 8));
    to.push_back(static_cast<std::byte>(part.size()));
    to.insert(to.end(), part.begin(), part.end());
  } while (!data.empty());
}

std::optional<parsed_record> take_record(bytes& in) {
  if (in.size() < record_header_bytes) return std::nullopt;
  const std::size_t size = std::to_integer<std::size_t>(in[1]) << 8 | std::to_integer<std::size_t>(in[2]);
  if (in.size() < record_header_bytes + size) return std::nullopt;
  const parsed_record found{static_cast<record>(in[0]), in.subspan(record_header_bytes, size)};
  in = in.subspan(record_header_bytes + size);
  return found;
}

void null_filter::opened(instant) {
  out_.clear(), plain_.clear();
  out_begin_ = plain_begin_ = 0;
  ready_ = closed_ = over_ = over_due_ = false;
  append_record(out_, record::client_hello);
}

void null_filter::lost(fault why, instant) {
  out_.clear(), plain_.clear();
  out_begin_ = plain_begin_ = 0;
  ready_ = false;
  if (!std::exchange(over_, true)) over_due_ = true, why_ = why;
}

// A certificate of three months, a month old.
fault null_filter::judge_dates(instant now) const {
  if (clock_ == nullptr) return {};
  constexpr std::chrono::days month{30};
  constexpr utc_time from = first_moment - month, until = first_moment + 2 * month;
  const utc_time today = clock_->at(now);
  if (today < from)
    return make_fault(tls::error_of(tls::verdict::not_yet_valid), tls::pack_date(from, clock_->trusted()));
  if (today > until) return make_fault(tls::error_of(tls::verdict::expired), tls::pack_date(until, clock_->trusted()));
  return {};
}

std::optional<tls::event> null_filter::receive(bytes& in, instant now) {
  if (std::exchange(over_due_, false)) return tls::closed{.why = why_, .cause = {}};
  while (!over_) {
    bytes rest = in;
    const auto found = take_record(rest);
    if (!found) return std::nullopt;
    if (found->type == record::data && plaintext().size() + found->data.size() > plaintext_bytes_max_)
      return std::nullopt;  // until some is consumed
    in = rest;
    if (found->type == record::data) {
      if (plain_begin_ != 0) plain_.erase(plain_.begin(), plain_.begin() + static_cast<std::ptrdiff_t>(plain_begin_));
      plain_begin_ = 0;
      plain_.insert(plain_.end(), found->data.begin(), found->data.end());
      return std::nullopt;
    }
    if (found->type == record::server_hello) {
      if (const fault why = judge_dates(now)) return over_ = true, tls::closed{.why = why, .cause = {}};
      ready_ = true;
      return tls::secured{
          .negotiated = {}, .suite = {}, .group = {}, .alpn = {}, .resumed = false, .by_psk = false, .verified = true};
    }
    over_ = true, ready_ = false;
    return tls::closed{.why = make_fault(stream_error::closed_by_peer), .cause = {}};
  }
  return std::nullopt;
}

void null_filter::sent(std::size_t n) {
  out_begin_ += n;
  if (out_begin_ != out_.size()) return;
  out_.clear();
  out_begin_ = 0;
}

void null_filter::consumed(std::size_t n) {
  plain_begin_ += n;
  if (plain_begin_ != plain_.size()) return;
  plain_.clear();
  plain_begin_ = 0;
}

// What is pending keeps its address: the memory is made once.
std::size_t null_filter::write(bytes data, instant) {
  if (!ready_ || closed_ || data.empty()) return 0;
  out_.reserve(outgoing_bytes_max + record_header_bytes);
  if (out_.size() + 2 * record_header_bytes >= outgoing_bytes_max) return 0;
  const std::size_t room = outgoing_bytes_max - out_.size() - 2 * record_header_bytes;
  const bytes part = data.first(std::min({data.size(), room, record_bytes_max}));
  append_record(out_, record::data, part);
  return part.size();
}

void null_filter::close(instant) {
  if (closed_ || over_) return;
  closed_ = true;
  append_record(out_, record::goodbye);
}

}  // namespace recado::sim
