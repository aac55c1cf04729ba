#include <recado/client/message.hpp>

#include <algorithm>
#include <utility>

namespace recado::client {

void received::assign(const mqtt::message_received& from) {
  topic.assign(from.topic);
  payload.assign(from.payload.begin(), from.payload.end());
  qos = from.qos, retain = from.retain, duplicate = from.duplicate;
  property_bytes.resize(from.properties.wire_size());
  from.properties.write(property_bytes.data());
}

void message_queue::push(const mqtt::message_received& what) {
  if (count_ == places_.size()) {
    std::rotate(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(first_), places_.end());
    first_ = 0;
    places_.resize(std::max<std::size_t>(64, places_.size() * 2));
  }
  received& place = places_[(first_ + count_) % places_.size()];
  place.assign(what);
  bytes_ += place.bytes_held();
  ++count_;
}

bool message_queue::pop(received& into) {
  if (count_ == 0) return false;
  bytes_ -= places_[first_].bytes_held();
  std::swap(into, places_[first_]);
  first_ = (first_ + 1) % places_.size();
  if (--count_ == 0) first_ = 0;  // so that few places hold the memory of long messages
  return true;
}

}  // namespace recado::client
