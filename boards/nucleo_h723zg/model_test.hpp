// Registers of a chip that isn't there: words in a map, and what happens when they are read or written.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "registers.hpp"

namespace recado::nucleo_h723zg {

/// Remembers what is written, in order, and lets a test act on each access.
class chip_model : public bus_model {
 public:
  std::uint32_t load(std::uint32_t address) override {
    if (const auto hook = on_load.find(address); hook != on_load.end()) return hook->second();
    return words[address];
  }
  void store(std::uint32_t address, std::uint32_t value) override {
    written.emplace_back(address, value);
    if (const auto hook = on_store.find(address); hook != on_store.end()) return hook->second(value);
    words[address] = value;
  }
  void barrier() override { ++barriers; }

  std::uint32_t& at(reg which) { return words[which.address]; }

  std::map<std::uint32_t, std::uint32_t> words;
  std::map<std::uint32_t, std::function<std::uint32_t()>> on_load;
  std::map<std::uint32_t, std::function<void(std::uint32_t)>> on_store;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> written;
  unsigned barriers = 0;
};

}  // namespace recado::nucleo_h723zg
