// Simulated EEPROM and flash chips below a journal, with the power cut in every write.
#include <recado/store/eeprom_storage.hpp>
#include <recado/store/flash_storage.hpp>
#include <recado/store/journal.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace recado::store {
namespace {

constexpr std::uint32_t sector = 1024, sectors = 4;

/// Loses its power in the step of that number; a step is a byte written, a granule programmed, a block erased.
struct power {
  std::uint64_t left = UINT64_MAX, steps = 0;
  bool on = true;
  bool step() {
    ++steps;
    if (on && left-- == 0) on = false;
    return on;
  }
  void back() { on = true, left = UINT64_MAX; }
};

class simulated_eeprom final : public eeprom {
 public:
  std::uint32_t size() const override { return sector * sectors; }
  std::uint32_t page_bytes() const override { return 32; }
  bool read(std::uint32_t address, mutable_bytes into) override {
    EXPECT_EQ(busy_, 0) << "read while a write goes on";
    copy(bytes{cells}.subspan(address, into.size()), into);
    return supply.on;
  }
  bool write(std::uint32_t address, bytes what) override {
    EXPECT_EQ(busy_, 0) << "written while a write goes on";
    EXPECT_LE(address % 32 + what.size(), 32U) << "over the border of a page";
    for (const std::byte each : what) {
      if (!supply.step()) return spoil(address), false;
      cells[address++] = each;
    }
    busy_ = 3;
    return true;
  }
  bool busy() override { return supply.on && busy_ != 0 && busy_-- != 0; }
  void power_up() { supply.back(), busy_ = 0; }
  power supply;
  std::vector<std::byte> cells = std::vector<std::byte>(sector * sectors, std::byte{0x5a});

 private:
  // Within its write a page is erased and programmed as a whole.
  void spoil(std::uint32_t address) {
    for (std::uint32_t i = 0; i < 32; ++i)
      cells[address / 32 * 32 + i] = static_cast<std::byte>(supply.steps * 0x9e37'79b9U >> i % 24);
  }

  int busy_ = 0;
};

class simulated_flash final : public flash {
 public:
  explicit simulated_flash(std::uint32_t granule) : granule_(granule), state_(sector * sectors / granule, written) {}
  std::uint32_t block_bytes() const override { return sector; }
  std::uint32_t blocks() const override { return sectors; }
  std::uint32_t granule_bytes() const override { return granule_; }
  flash_answer read(std::uint32_t address, mutable_bytes into) override {
    if (!supply.on) return flash_answer::failed;
    for (std::size_t at = address / granule_; at * granule_ < address + into.size(); ++at)
      if (state_[at] == torn) return std::ranges::fill(into, std::byte{0xee}), flash_answer::uncorrectable;
    copy(bytes{cells}.subspan(address, into.size()), into);
    return flash_answer::done;
  }
  flash_answer program(std::uint32_t address, bytes what) override {
    EXPECT_TRUE(address % granule_ == 0 && what.size() == granule_);
    EXPECT_EQ(state_[address / granule_], erased) << "programmed twice";
    state_[address / granule_] = supply.step() ? written : torn;
    if (!supply.on) return flash_answer::failed;
    copy(what, mutable_bytes{cells}.subspan(address, granule_));
    return flash_answer::done;
  }
  flash_answer erase(std::uint32_t block) override {
    const bool whole = supply.step();
    const std::size_t first = block * sector / granule_;
    for (std::size_t i = 0; i < sector / granule_; ++i)
      if (whole || i % 2 == 0) state_[first + i] = whole ? erased : torn;
    if (!whole) return flash_answer::failed;
    std::fill_n(cells.begin() + block * sector, sector, std::byte{0xff});
    return flash_answer::done;
  }
  void power_up() { supply.back(); }
  power supply;
  std::vector<std::byte> cells = std::vector<std::byte>(sector * sectors, std::byte{0x5a});

 private:
  enum state : std::uint8_t { erased, written, torn };
  std::uint32_t granule_;
  std::vector<state> state_;
};

/// Counts up in a journal until the end or the loss of power; returns the last number that was synced.
std::uint32_t count_up(storage& below, bool fresh, std::uint32_t from) {
  std::vector<index_entry> index(16);
  std::array<std::byte, 128> scratch;
  journal records{below, index, scratch};
  if (fresh ? !records.format().has_value() : !records.mount().has_value()) return from;
  for (std::uint32_t i = from + 1; i <= 60; ++i) {
    const std::string text = std::to_string(i) + std::string(40, 'x');
    const bytes pieces[] = {as_bytes(text)};
    if (!records.put({1, i % 5}, pieces) || !records.sync()) return from;
    from = i;
  }
  return from;
}

std::uint32_t highest_in(storage& below) {
  std::vector<index_entry> index(16);
  std::array<std::byte, 128> scratch;
  journal records{below, index, scratch};
  const auto found = records.mount();
  EXPECT_TRUE(found.has_value());
  if (!found) return 0;
  EXPECT_FALSE(found->damaged());
  std::uint32_t highest = 0;
  for (std::uint32_t i = 0; i < 5; ++i) {
    std::array<char, 64> text{};
    if (records.read({1, i}, 0, std::as_writable_bytes(std::span{text})))
      highest = std::max(highest, static_cast<std::uint32_t>(std::atoi(text.data())));
  }
  return highest;
}

template <class Chip, class Storage>
void cut_everywhere(const auto& make_chip, const auto& make_storage) {
  std::uint64_t begun = 0, steps = 0;
  {
    Chip chip = make_chip();
    Storage below = make_storage(chip);
    ASSERT_EQ(count_up(below, true, 0), 60U);
    steps = chip.supply.steps;
    Chip other = make_chip();
    Storage empty = make_storage(other);
    std::vector<index_entry> index(16);
    std::array<std::byte, 128> scratch;
    ASSERT_TRUE((journal{empty, index, scratch}.format().has_value()));
    begun = other.supply.steps;
  }
  for (std::uint64_t at = begun; at < steps && !::testing::Test::HasFailure(); ++at) {
    SCOPED_TRACE("cut in step " + std::to_string(at));
    Chip chip = make_chip();
    Storage below = make_storage(chip);
    chip.supply.left = at;
    const std::uint32_t synced = count_up(below, true, 0);
    EXPECT_FALSE(chip.supply.on);
    chip.power_up();
    const std::uint32_t found = highest_in(below);
    EXPECT_TRUE(found == synced || found == synced + 1) << found << " of " << synced;
    EXPECT_EQ(count_up(below, false, found), 60U);
    EXPECT_EQ(highest_in(below), 60U);
  }
}

TEST(chips, eeprom_loses_its_power_in_every_byte) {
  cut_everywhere<simulated_eeprom, eeprom_storage>([] { return simulated_eeprom{}; },
                                                   [](eeprom& chip) {
                                                     return eeprom_storage{chip, sector, sectors};
                                                   });
}

TEST(chips, flash_loses_its_power_in_every_granule) {
  for (const std::uint32_t granule : {1U, 4U, 8U, 32U})
    cut_everywhere<simulated_flash, flash_storage>([&] { return simulated_flash{granule}; },
                                                   [](flash& chip) { return flash_storage{chip}; });
}

}  // namespace
}  // namespace recado::store
