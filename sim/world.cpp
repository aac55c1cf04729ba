#include <sim/world.hpp>

#include <algorithm>

namespace recado::sim {

void tally::add(const tally& other) {
  for (std::size_t i = 0; i < mishaps.size(); ++i) mishaps[i] += other.mishaps[i];
  for (std::size_t i = 0; i < power_losses.size(); ++i) power_losses[i] += other.power_losses[i];
  lives += other.lives, published += other.published, delivered += other.delivered;
  connections += other.connections, packets += other.packets, resumed += other.resumed;
  refused_by_date += other.refused_by_date;
  unsubscribed += other.unsubscribed, repeated += other.repeated;
  in_doubt += other.in_doubt, held += other.held, dated += other.dated;
  authenticated += other.authenticated, challenges += other.challenges;
  authenticated_again += other.authenticated_again;
  retained_up += other.retained_up, retained_down += other.retained_down;
  wills_published += other.wills_published, wills_discarded += other.wills_discarded;
  wills_overtaken += other.wills_overtaken;
  least_messages = std::min(least_messages, other.least_messages);
  least_faults = std::min(least_faults, other.least_faults);
  steps += other.steps, virtual_us += other.virtual_us;
}

void world::happened(mishap what) {
  ++count.mishaps[static_cast<std::size_t>(what)];
  faults_ += is_fault(what) ? 1 : 0;
  note("*** felt: %s", std::string{words(what)}.c_str());
}

void world::print(const char* mark, const char* text) {
  const auto us = now.time_since_epoch().count();
  std::fprintf(trace_, "%6lld.%06lld %s%s\n", static_cast<long long>(us / 1'000'000),
               static_cast<long long>(us % 1'000'000), mark, text);
}

void world::note(const char* format, ...) {
  if (!tracing()) return;
  char text[1024];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  print("", text);
}

void world::violate(const char* format, ...) {
  char text[1024];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (tracing()) print("VIOLATION ", text);
  if (!violated()) violation_ = text;
}

}  // namespace recado::sim
