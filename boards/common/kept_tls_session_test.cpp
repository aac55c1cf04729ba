// The TLS session on a chip whose power goes in the middle of a write: what is found again is whole, or nothing is.
#include "kept_tls_session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace recado::firmware {
namespace {

constexpr std::uint32_t chip_bytes = 1024, page = 32;

/// Loses its power before the byte of that number is written; the byte itself is left half written.
class chip_with_power final : public store::eeprom {
 public:
  std::uint32_t size() const override { return chip_bytes; }
  std::uint32_t page_bytes() const override { return page; }
  bool read(std::uint32_t address, mutable_bytes into) override {
    if (!on || address + into.size() > cells.size()) return false;
    copy(bytes{cells}.subspan(address, into.size()), into);
    return true;
  }
  bool write(std::uint32_t address, bytes what) override {
    EXPECT_EQ(busy_, 0) << "written while a write goes on";
    EXPECT_LE(address % page + what.size(), page) << "over the border of a page";
    if (!on) return false;
    for (const std::byte each : what) {
      if (left-- == 0) {
        on = false, cells[address] &= each;
        return false;
      }
      cells[address++] = each;
    }
    busy_ = 2;
    return true;
  }
  bool busy() override { return busy_ != 0 && busy_-- != 0; }
  void power_up() { on = true, left = UINT64_MAX, busy_ = 0; }

  std::vector<std::byte> cells = std::vector<std::byte>(chip_bytes, std::byte{0xff});
  std::uint64_t left = UINT64_MAX;
  bool on = true;

 private:
  int busy_ = 0;
};

struct kept {
  explicit kept(chip_with_power& chip) { it.open(chip); }
  std::string find(std::string_view host) { return std::string{as_text(it.find(host))}; }

  std::array<std::byte, 512> room{};
  kept_tls_session it{room};
};

std::string session(std::size_t size, char of) { return std::string(size, of); }

TEST(kept_tls_session, of_every_size_that_has_room_is_found_by_its_host_alone) {
  chip_with_power chip;
  EXPECT_EQ(kept{chip}.find("broker.lab"), "") << "a new chip";
  for (const std::size_t size : {1u, 15u, 16u, 17u, 64u, 500u, 512u}) {
    kept{chip}.it.keep("broker.lab", as_bytes(session(size, 'a')));
    EXPECT_EQ(kept{chip}.find("broker.lab"), session(size, 'a'));
    EXPECT_EQ(kept{chip}.find("other.lab"), "");
  }
  kept{chip}.it.keep("broker.lab", as_bytes(session(513, 'b')));
  EXPECT_EQ(kept{chip}.find("broker.lab"), "") << "neither the new one, nor one that is out of date";
}

TEST(kept_tls_session, that_is_forgotten_leaves_nothing_of_its_secret) {
  chip_with_power chip;
  kept{chip}.it.keep("broker.lab", as_bytes(session(400, 's')));
  kept{chip}.it.forget("broker.lab");
  EXPECT_EQ(kept{chip}.find("broker.lab"), "");
  for (const std::byte each : chip.cells) EXPECT_NE(each, std::byte{'s'});
}

TEST(kept_tls_session, is_whole_or_gone_wherever_the_power_goes) {
  chip_with_power before;
  kept{before}.it.keep("broker.lab", as_bytes(session(200, 'a')));
  unsigned none = 0, newer = 0;
  for (std::uint64_t cut = 0;; ++cut) {
    chip_with_power chip = before;
    chip.left = cut;
    kept{chip}.it.keep("broker.lab", as_bytes(session(300, 'b')));
    const bool whole = chip.on;
    chip.power_up();
    const std::string found = kept{chip}.find("broker.lab");
    EXPECT_TRUE(found.empty() || found == session(200, 'a') || found == session(300, 'b')) << cut;
    EXPECT_TRUE(cut <= 4 || found != session(200, 'a')) << "a ticket is used once";
    found.empty() ? ++none : ++newer;
    kept{chip}.it.keep("broker.lab", as_bytes(session(10, 'c')));
    EXPECT_EQ(kept{chip}.find("broker.lab"), session(10, 'c')) << "and the chip is good for the next one";
    if (whole) break;
  }
  EXPECT_GT(none, 300u);
  EXPECT_GE(newer, 1u);
}

TEST(kept_tls_session, that_was_changed_on_the_chip_is_not_found) {
  chip_with_power chip;
  kept{chip}.it.keep("broker.lab", as_bytes(session(40, 'a')));
  for (std::size_t bit = 0; bit < (16 + 40) * 8; ++bit) {
    chip_with_power changed = chip;
    changed.cells[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_EQ(kept{changed}.find("broker.lab"), "") << bit;
    kept{changed}.it.forget("broker.lab");  // whatever length it says
  }
}

TEST(kept_tls_session, on_a_chip_that_does_not_answer_is_none) {
  chip_with_power chip;
  kept{chip}.it.keep("broker.lab", as_bytes(session(40, 'a')));
  chip.on = false;
  EXPECT_EQ(kept{chip}.find("broker.lab"), "");
  kept{chip}.it.keep("broker.lab", as_bytes(session(40, 'b')));
  kept{chip}.it.forget("broker.lab");
  chip.power_up();
  EXPECT_EQ(kept{chip}.find("broker.lab"), session(40, 'a'));
}

}  // namespace
}  // namespace recado::firmware
