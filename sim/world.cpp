#include <sim/world.hpp>

#include <algorithm>

namespace recado::sim {

void tally::add(const tally& other) {
  for (std::size_t i = 0; i < mishaps.size(); ++i) mishaps[i] += other.mishaps[i];
  lives += other.lives, published += other.published, delivered += other.delivered;
  connections += other.connections, packets += other.packets, resumed += other.resumed;
  in_doubt += other.in_doubt;
  authenticated += other.authenticated, challenges += other.challenges;
  authenticated_again += other.authenticated_again;
  retained_up += other.retained_up, retained_down += other.retained_down;
  wills_published += other.wills_published, wills_discarded += other.wills_discarded;
  wills_overtaken += other.wills_overtaken;
  least_messages = std::min(least_messages, other.least_messages);
  least_mishaps = std::min(least_mishaps, other.least_mishaps);
  steps += other.steps, virtual_us += other.virtual_us;
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
