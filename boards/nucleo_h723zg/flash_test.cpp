// The flash driver on a model of the flash's registers and words, with the power cut in each step; and a journal on
// top.
#include "flash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <recado/store/journal.hpp>

#include "model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

namespace control = flash_control;
using store::flash_answer;

constexpr std::uint32_t begin = 0x080c0000, sector = 2048, sectors = 4, words_of_sector = sector / 32;
constexpr sector_flash::layout small{begin, 4, sectors, sector, 1000};

/// Words of 32 bytes that are erased, written, torn, or have a wrong bit; registers that insist on their order.
class flash_model : public chip_model {
 public:
  enum class state : std::uint8_t { erased, written, torn, one_bit_wrong };

  flash_model() {
    at(control::cr1) = control::lock;
    on_store[control::keyr1.address] = [this](std::uint32_t v) {
      keys = v == control::key_1 ? 1 : v == control::key_2 && keys == 1 ? 2 : 0;
      if (keys == 2) at(control::cr1) &= ~control::lock;
    };
    on_store[control::cr1.address] = [this](std::uint32_t v) { command(v); };
    on_store[control::ccr1.address] = [this](std::uint32_t v) { at(control::sr1) &= ~v; };
  }
  bool is_flash(std::uint32_t address) const { return address >= begin && address < begin + sector * sectors; }
  std::uint32_t load(std::uint32_t address) override {
    if (!is_flash(address)) return chip_model::load(address);
    const state of = states[(address - begin) / 32];
    if (of == state::torn) return at(control::sr1) |= control::dbeccerr, 0x5a5a5a5a;
    if (of == state::one_bit_wrong) at(control::sr1) |= control::sneccerr;
    return cells[(address - begin) / 4];
  }
  void store(std::uint32_t address, std::uint32_t value) override {
    if (!is_flash(address)) return chip_model::store(address, value);
    EXPECT_TRUE((at(control::cr1) & (control::pg | control::lock)) == control::pg) << "written without leave";
    EXPECT_FALSE(at(control::sr1) & (control::write_errors | control::read_errors)) << "old errors forbid it";
    EXPECT_EQ(address % 32, filled * 4U) << "the eight parts of a word in order";
    buffer[filled++] = value;
    if (filled == 8) program((address - begin) / 32), filled = 0;
  }
  void program(std::uint32_t word) {
    if (!on) return;
    EXPECT_EQ(states[word], state::erased) << "programmed twice";
    const bool whole = step();
    states[word] = whole ? state::written : half;
    if (whole || half != state::torn) std::ranges::copy(buffer, cells.begin() + word * 8);
    if (write_fails) at(control::sr1) |= control::wrperr;
    if (wrong_silently) cells[word * 8] ^= 1;
  }
  void command(std::uint32_t v) {
    if (at(control::cr1) & control::lock) {
      ADD_FAILURE() << "locked";
      return;
    }
    at(control::cr1) = v;
    if (!(v & control::start)) return;
    EXPECT_TRUE(v & control::ser);
    erase((v >> control::snb_position & 7) - 4);
    at(control::cr1) &= ~control::start;
    if (never_ends) at(control::sr1) |= control::qw;
  }
  void erase(std::uint32_t block) {
    ASSERT_LT(block, sectors);
    ++erased;
    if (!on) return;
    const bool whole = step();
    const std::uint32_t first = block * words_of_sector;
    for (std::uint32_t i = first; i < first + words_of_sector; ++i)
      if (whole || i % 3 == 0) states[i] = whole ? state::erased : state::torn;
    if (whole) std::fill_n(cells.begin() + first * 8, words_of_sector * 8, 0xffffffff);
  }
  bool step() { return ++steps, on = on && left-- != 0; }

  std::vector<state> states = std::vector<state>(words_of_sector * sectors, state::erased);
  std::vector<std::uint32_t> cells = std::vector<std::uint32_t>(words_of_sector * sectors * 8, 0xffffffff);
  std::array<std::uint32_t, 8> buffer{};
  unsigned filled = 0, erased = 0;
  int keys = 0;
  std::uint64_t left = UINT64_MAX, steps = 0;
  bool on = true, write_fails = false, wrong_silently = false, never_ends = false;
  state half = state::torn;  ///< what becomes of a word when the power goes while it is programmed
};

std::array<std::byte, 32> word_of(unsigned char fill) {
  std::array<std::byte, 32> result;
  result.fill(static_cast<std::byte>(fill));
  return result;
}

class flash_test : public ::testing::Test {
 protected:
  flash_model chip;
  sector_flash memory{small};
  std::array<std::byte, 32> found{};
};

TEST_F(flash_test, is_where_the_linker_script_leaves_room) {
  const sector_flash usual;
  EXPECT_EQ(usual.blocks(), 2U);
  EXPECT_EQ(usual.block_bytes(), 131'072U);
  EXPECT_EQ(map::journal.begin, map::program.end());
  EXPECT_EQ(map::journal.begin, 0x08000000 + map::first_journal_sector * map::flash_sector_bytes);
}

TEST_F(flash_test, programs_words_and_reads_any_bytes_of_them) {
  std::array<std::byte, 32> counted;
  for (unsigned i = 0; i < 32; ++i) counted[i] = static_cast<std::byte>(i);
  EXPECT_EQ(memory.program(64, counted), flash_answer::done);
  EXPECT_EQ(memory.program(96, word_of(0xaa)), flash_answer::done);
  std::array<std::byte, 7> some{};
  EXPECT_EQ(memory.read(64 + 29, some), flash_answer::done);
  EXPECT_EQ(some[0], std::byte{29});
  EXPECT_EQ(some[2], std::byte{31});
  EXPECT_EQ(some[3], std::byte{0xaa});
  EXPECT_TRUE(chip.at(control::cr1) & control::lock) << "locked again";
}

TEST_F(flash_test, erases_a_sector_and_no_other) {
  for (std::uint32_t i = 0; i < sectors; ++i) memory.program(i * sector, word_of(1));
  EXPECT_EQ(memory.erase(1), flash_answer::done);
  EXPECT_EQ(chip.states[words_of_sector], flash_model::state::erased);
  EXPECT_EQ(chip.states[0], flash_model::state::written);
  EXPECT_EQ(chip.states[2 * words_of_sector], flash_model::state::written);
  EXPECT_EQ(memory.program(sector, word_of(2)), flash_answer::done);
  EXPECT_TRUE(chip.at(control::cr1) & control::lock);
  EXPECT_EQ(chip.at(iwdg::kr), iwdg::refresh) << "the watchdog has all its time before it";
}

TEST_F(flash_test, refuses_what_is_not_its_own) {
  EXPECT_EQ(memory.read(sector * sectors - 4, mutable_bytes{found}.first(5)), flash_answer::failed);
  EXPECT_EQ(memory.program(16, word_of(1)), flash_answer::failed);
  EXPECT_EQ(memory.program(sector * sectors, word_of(1)), flash_answer::failed);
  EXPECT_EQ(memory.program(0, bytes{found}.first(16)), flash_answer::failed);
  EXPECT_EQ(memory.erase(sectors), flash_answer::failed);
  EXPECT_EQ(chip.erased, 0U);
}

TEST_F(flash_test, tells_a_torn_word_from_a_corrected_one) {
  memory.program(0, word_of(7));
  chip.states[0] = flash_model::state::one_bit_wrong;
  EXPECT_EQ(memory.read(0, found), flash_answer::done);
  EXPECT_EQ(found, word_of(7));
  EXPECT_EQ(memory.corrected(), 1U);
  chip.states[1] = flash_model::state::torn;
  EXPECT_EQ(memory.read(0, mutable_bytes{found}), flash_answer::done);
  EXPECT_EQ(memory.read(32, found), flash_answer::uncorrectable);
  EXPECT_EQ(memory.program(64, word_of(1)), flash_answer::done) << "an error that was read forbids nothing";
}

TEST_F(flash_test, fails_if_the_flash_says_so_or_has_something_else_in_it) {
  chip.write_fails = true;
  EXPECT_EQ(memory.program(0, word_of(1)), flash_answer::failed);
  chip.write_fails = false;
  EXPECT_EQ(memory.program(32, word_of(1)), flash_answer::done);
  chip.wrong_silently = true;
  EXPECT_EQ(memory.program(64, word_of(1)), flash_answer::failed);
}

TEST_F(flash_test, does_not_wait_for_ever) {
  chip.never_ends = true;
  EXPECT_EQ(memory.erase(0), flash_answer::failed);
}

/// Counts up in a journal until the end or the loss of power; the last number that was synced.
std::uint32_t count_up(store::storage& below) {
  std::vector<store::index_entry> index(16);
  std::array<std::byte, 128> scratch;
  store::journal records{below, index, scratch};
  if (!records.format()) return 0;
  std::uint32_t done = 0;
  for (std::uint32_t i = 1; i <= 60; ++i) {
    const std::string text = std::to_string(i) + std::string(90, 'x');
    const bytes pieces[] = {as_bytes(text)};
    if (!records.put({1, i % 5}, pieces) || !records.sync()) return done;
    done = i;
  }
  return done;
}

std::uint32_t highest_in(store::storage& below) {
  std::vector<store::index_entry> index(16);
  std::array<std::byte, 128> scratch;
  store::journal records{below, index, scratch};
  const auto mounted = records.mount();
  if (!mounted) return 0;
  EXPECT_FALSE(mounted->damaged());
  std::uint32_t highest = 0;
  for (std::uint32_t i = 0; i < 5; ++i) {
    std::array<char, 128> text{};
    if (records.read({1, i}, 0, std::as_writable_bytes(std::span{text})))
      highest = std::max(highest, static_cast<std::uint32_t>(std::atoi(text.data())));
  }
  return highest;
}

// Whatever a half-programmed word turns into, what was synced is there, and at most what was being put besides.
TEST(flash_journal, keeps_what_was_synced_wherever_the_power_goes) {
  std::uint64_t steps = 0;
  {
    flash_model chip;
    sector_flash memory{small};
    store::flash_storage below{memory};
    ASSERT_EQ(count_up(below), 60U);
    EXPECT_GT(chip.erased, sectors + 2) << "it has to go around";
    steps = chip.steps;
  }
  using enum flash_model::state;
  for (const auto half : {torn, one_bit_wrong, written}) {
    for (std::uint64_t cut = 1; cut < steps && !::testing::Test::HasFailure(); ++cut) {
      SCOPED_TRACE("cut in step " + std::to_string(cut));
      flash_model chip;
      chip.left = cut, chip.half = half;
      sector_flash memory{small};
      store::flash_storage below{memory};
      const std::uint32_t synced = count_up(below);
      chip.on = true, chip.left = UINT64_MAX;
      const std::uint32_t found = highest_in(below);
      EXPECT_GE(found, synced);
      EXPECT_LE(found, synced + 1);
    }
  }
}

TEST(backup_memory_test, keeps_bytes_in_whole_words) {
  chip_model chip;
  backup_memory memory;
  ASSERT_EQ(memory.block_count(), 2U);
  ASSERT_TRUE(memory.erase(0) && memory.erase(1));
  const std::array<std::byte, 5> what{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  ASSERT_TRUE(memory.program(1023, what));
  std::array<std::byte, 7> found{};
  ASSERT_TRUE(memory.read(1022, found));
  EXPECT_EQ(found[0], std::byte{0xff});
  EXPECT_TRUE(equal(bytes{found}.subspan(1, 5), what));
  EXPECT_EQ(chip.words[0x38800400], 0x05040302U);
  ASSERT_TRUE(memory.erase(0));
  ASSERT_TRUE(memory.read(1023, mutable_bytes{found}.first(2)));
  EXPECT_EQ(found[0], std::byte{0xff});
  EXPECT_EQ(found[1], std::byte{2}) << "the other block stays";
  EXPECT_FALSE(memory.read(2047, mutable_bytes{found}.first(2)));
  EXPECT_FALSE(memory.program(2048, what));
  EXPECT_FALSE(memory.erase(2));
  chip.written.clear();
  EXPECT_TRUE(memory.sync());
  EXPECT_EQ(chip.written.back().first, 0x38800ffcU) << "beyond both blocks";
}

TEST(backup_memory_test, keeps_the_tls_session_beside_it) {
  chip_model chip;
  erase_backup();
  EXPECT_EQ(chip.words.begin()->first, 0x38800000U);
  EXPECT_EQ(chip.words.rbegin()->first, 0x38800ffcU);
  EXPECT_EQ(chip.words.size(), 1024U);
  backup_memory memory;
  backup_chip session;
  const std::array<std::byte, 3> what{std::byte{1}, std::byte{2}, std::byte{3}};
  ASSERT_TRUE(session.write(0, what));
  ASSERT_TRUE(session.write(2029, what));
  ASSERT_TRUE(memory.program(2045, what));
  std::array<std::byte, 3> found{};
  for (const std::uint32_t place : {0U, 2029U}) {
    ASSERT_TRUE(session.read(place, found));
    EXPECT_EQ(found, what);
  }
  EXPECT_FALSE(session.write(2030, what));
  EXPECT_FALSE(session.read(2033, {}));
  EXPECT_EQ(chip.written.back().first >> 12, 0x38800U);
}

}  // namespace
}  // namespace recado::nucleo_h723zg
