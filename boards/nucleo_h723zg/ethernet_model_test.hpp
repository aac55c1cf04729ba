// The Ethernet DMA as its driver sees it, told from the reference: it fetches descriptors only up to the tail register,
// stops there, suspends at one that isn't its own, wakes when the tail is written, and overwrites what it has used.
// A CPU store to a descriptor within its reach is a failure of the test, as it might have been fetched half-way.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "mac.hpp"
#include "model_test.hpp"

namespace recado::nucleo_h723zg {

/// MAC and DMA with memory for descriptors and buffers.
class ethernet_model : public chip_model {
 public:
  static constexpr std::uint32_t base = 0x30000000, receive_at = base, transmit_at = base + 128,
                                 receive_buffers_at = base + 256, stride = 1536, transmit_buffers_at = base + 0x5000;

  ethernet_model() {
    on_store[eth::dmacrdtpr.address] = [this](std::uint32_t v) { at(eth::dmacrdtpr) = v, tail_written(); };
    on_store[eth::dmactdtpr.address] = [this](std::uint32_t v) { at(eth::dmactdtpr) = v, tail_written(), transmit(); };
    on_store[eth::dmacsr.address] = [this](std::uint32_t v) { at(eth::dmacsr) &= ~v; };
    on_store[eth::mtltqomr.address] = [this](std::uint32_t v) { at(eth::mtltqomr) = v & ~eth::ftq; };
    on_store[eth::dmamr.address] = [this](std::uint32_t v) { reset(v); };
    on_store[eth::dmacrcr.address] = [this](std::uint32_t v) {
      at(eth::dmacrcr) = v, receive_current = list(eth::dmacrdlar);
    };
    on_store[eth::dmactcr.address] = [this](std::uint32_t v) {
      at(eth::dmactcr) = v, transmit_current = list(eth::dmactdlar);
    };
  }

  void store(std::uint32_t address, std::uint32_t value) override {
    if (address >= base && address < base + 256) store_descriptor(address, value);
    chip_model::store(address, value);
  }
  void barrier() override { chip_model::barrier(), unseen = false; }

  std::byte* memory(std::uint32_t address) {
    EXPECT_GE(address, base + 256) << "a buffer over the descriptors";
    EXPECT_LE(address - base + stride, ram.size());
    return ram.data() + (address - base);
  }
  std::string text(std::uint32_t address, std::size_t size) {
    return {reinterpret_cast<const char*>(memory(address)), size};
  }

  /// A frame comes in. False if the DMA has no descriptor for it: it is lost.
  bool arrives(const std::string& frame, std::uint32_t status = eth::first | eth::last, std::uint32_t checked = 0) {
    if (!(at(eth::dmacrcr) & eth::sr)) return false;
    if (receive_current == at(eth::dmacrdtpr) || !(words[receive_current + 12] & eth::own)) {
      at(eth::dmacsr) |= eth::rbu | eth::ais;
      ++at(eth::dmacmfcr);
      return false;
    }
    const std::uint32_t target = words[receive_current];
    std::memcpy(memory(target), frame.data(), frame.size());
    words[receive_current] = 0xdead0000;  // the buffer's address is gone
    words[receive_current + 4] = checked;
    words[receive_current + 12] = status | (checked ? eth::receive_rs1v : 0) | static_cast<std::uint32_t>(frame.size());
    at(eth::dmacsr) |= eth::ri | eth::nis;
    receive_current = after(receive_current, receive_at, at(eth::dmacrdrlr));
    return true;
  }

  /// Sends up to `frames` of those that are ready, if the wire is free.
  void transmit() {
    while (wire_free && (at(eth::dmactcr) & eth::st) && transmit_current != at(eth::dmactdtpr)) {
      const std::uint32_t status = words[transmit_current + 12];
      if (!(status & eth::own)) {
        at(eth::dmacsr) |= eth::tbu;
        return;
      }
      EXPECT_EQ(status & (eth::first | eth::last), eth::first | eth::last);
      EXPECT_EQ(status & eth::length_mask, words[transmit_current + 8] & 0x3fff);
      sent.push_back(text(words[transmit_current], status & eth::length_mask));
      checksum_wanted.push_back(status >> 16 & 3);
      words[transmit_current + 12] = (status & ~eth::own) | transmit_status;
      at(eth::dmacsr) |= eth::ti | eth::nis;
      transmit_current = after(transmit_current, transmit_at, at(eth::dmactdrlr));
    }
  }

  std::uint32_t receive_current = 0, transmit_current = 0, transmit_status = 0;
  bool wire_free = true, reference_clock = true;
  std::deque<std::string> sent;
  std::vector<std::uint32_t> checksum_wanted;
  std::vector<std::byte> ram = std::vector<std::byte>(0x8000);

 private:
  static std::uint32_t after(std::uint32_t current, std::uint32_t first, std::uint32_t last_index) {
    return current == first + last_index * 16 ? first : current + 16;
  }
  std::uint32_t list(reg which) { return at(which); }
  void reset(std::uint32_t v) {
    at(eth::dmamr) = reference_clock ? v & ~eth::swr : v;
    if (!reference_clock || !(v & eth::swr)) return;
    for (const reg each : {eth::dmacrcr, eth::dmactcr, eth::dmacsr, eth::maccr}) at(each) = 0;
  }
  /// True if the DMA may be reading that descriptor at this moment.
  bool within_reach(std::uint32_t descriptor) {
    const bool receives = descriptor < transmit_at;
    if (!(at(receives ? eth::dmacrcr : eth::dmactcr) & 1)) return false;
    const std::uint32_t tail = at(receives ? eth::dmacrdtpr : eth::dmactdtpr);
    const std::uint32_t first = receives ? receive_at : transmit_at;
    const std::uint32_t last = at(receives ? eth::dmacrdrlr : eth::dmactdrlr);
    for (std::uint32_t each = receives ? receive_current : transmit_current; each != tail;
         each = after(each, first, last))
      if (each == descriptor) return true;
    return false;
  }
  void store_descriptor(std::uint32_t address, std::uint32_t value) {
    const std::uint32_t descriptor = address & ~15U;
    const bool last_word = (address & 15) == 12;
    const bool running = at(descriptor < transmit_at ? eth::dmacrcr : eth::dmactcr) & 1;
    EXPECT_FALSE(within_reach(descriptor)) << "descriptor 0x" << std::hex << descriptor << " written under the DMA";
    EXPECT_FALSE(running && (words[descriptor + 12] & eth::own)) << "written after it was handed over";
    EXPECT_FALSE(last_word && (value & eth::own) && unseen) << "handed over before the rest of it is there";
    unseen = true;
  }
  void tail_written() { EXPECT_FALSE(unseen) << "the tail overtakes the descriptor"; }

  bool unseen = false;  ///< stores that no barrier has pushed out yet
};

}  // namespace recado::nucleo_h723zg
