// What one subscription costs the table of a client that holds others already: entered, sent, answered, looked up and
// left. tools/instructions runs it under callgrind, which counts what stands below `measured_…`: with ten thousand
// others it may cost little more than with a hundred.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <recado/client/subscription_table.hpp>

using recado::client::entry;
using recado::client::subscription_table;

namespace {

std::string filter_of(std::size_t number) { return "sites/" + std::to_string(number) + "/temperature"; }

}  // namespace

extern "C" {

// As the engine does: the first that waits is sent, the packet's answer names it, and so once more to leave.
__attribute__((noinline)) bool measured_subscribe(subscription_table* table, const std::string* filter,
                                                  std::uint16_t packet) {
  const recado::mqtt::token answer{packet};
  const auto number = table->add({.filter = *filter}, {})->number;
  bool good = true;
  const auto passes = [&](entry::phase asked, entry::phase then) {
    const auto place = table->next_unsettled(0);
    entry& one = *table->places()[place.value_or(0)];
    one.asked = answer;
    table->enter(one, asked);
    good = good && table->find(answer, asked).get() == &one;
    table->enter(one, then);
  };
  passes(entry::phase::asked, entry::phase::active);
  entry& one = *table->find(number);
  table->silence(one);
  good = good && !table->filter_in_use(one);
  table->enter(one, entry::phase::leaving);
  passes(entry::phase::leaving_asked, entry::phase::leaving);
  return good && table->remove(one) != nullptr;
}
}

int main(int count, char** arguments) {
  if (count != 3) return std::fputs("usage: subscription_instructions HELD MEASURED\n", stderr), 2;
  const std::size_t held = std::strtoul(arguments[1], nullptr, 10), measured = std::strtoul(arguments[2], nullptr, 10);
  subscription_table table;
  for (std::size_t i = 0; i < held; ++i) table.enter(*table.add({.filter = filter_of(i)}, {}), entry::phase::active);
  for (std::size_t i = 0; i < measured; ++i) {
    const std::string filter = filter_of(held + i);
    if (!measured_subscribe(&table, &filter, static_cast<std::uint16_t>(1 + i % 60'000))) return 1;
  }
}
