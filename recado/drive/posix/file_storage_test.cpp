#include <recado/drive/posix/file_storage.hpp>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>

#include <recado/store/journal.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// What was synced, in its order.
std::vector<struct stat>& synced() {
  static std::vector<struct stat> all;
  return all;
}

}  // namespace

extern "C" int __real_fsync(int file);
extern "C" int __wrap_fsync(int file) {
  struct stat what {};
  if (::fstat(file, &what) == 0) synced().push_back(what);
  return __real_fsync(file);
}

namespace recado::posix {
namespace {

constexpr store::storage_geometry shape{4096, 4, 8, std::byte{0}};

class session_folder : public ::testing::Test {
 protected:
  session_folder() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder.parent_path());
  }
  ~session_folder() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder = std::filesystem::path{RECADO_TEST_FILES} / ("session_" + std::to_string(::getpid()));
  std::array<std::byte, 512> buffer{};
};

struct opened_journal {
  explicit opened_journal(file_storage& below) : records(below, index, scratch) {}
  std::array<store::index_entry, 32> index;
  std::array<std::byte, 256> scratch{};
  store::journal records;
};

TEST_F(session_folder, what_was_put_is_there_in_the_next_program) {
  const bytes pieces[] = {as_bytes("some bytes"), as_bytes(" and more")};
  for (const durability how : {durability::none, durability::flush, durability::fsync}) {
    std::filesystem::remove_all(folder);
    {
      file_storage below{buffer};
      ASSERT_TRUE(below.open(folder.c_str(), shape, how, true));
      opened_journal now{below};
      EXPECT_EQ(now.records.mount().error(), store::error::empty);
      ASSERT_TRUE(now.records.format());
      for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(now.records.put({1, i % 7}, pieces));
      ASSERT_TRUE(now.records.sync());
    }
    file_storage below{buffer};
    ASSERT_TRUE(below.open(folder.c_str(), shape, how, false));
    opened_journal now{below};
    const auto report = now.records.mount();
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->damaged() || report->torn);
    EXPECT_EQ(now.records.records(), 7U);
    char text[20];
    EXPECT_EQ(now.records.read({1, 3}, 0, std::as_writable_bytes(std::span{text})).value_or(0), 19U);
    EXPECT_EQ(std::string_view(text, 19), "some bytes and more");
  }
}

TEST_F(session_folder, what_has_gathered_is_read_with_what_is_in_the_file) {
  std::array<std::byte, 8> small{};
  file_storage below{small};
  ASSERT_TRUE(below.open(folder.c_str(), shape, durability::flush, true));
  const auto read = [&](std::uint32_t from, std::size_t size) {
    std::string text(size, '?');
    EXPECT_TRUE(below.read(from, std::as_writable_bytes(std::span{text})));
    return text;
  };
  ASSERT_TRUE(below.program(0, as_bytes("abcd")) && below.flush());
  ASSERT_TRUE(below.program(4, as_bytes("ef")) && below.program(6, as_bytes("gh")));
  EXPECT_EQ(read(0, 4), "abcd");
  EXPECT_EQ(read(2, 4), "cdef");
  EXPECT_EQ(read(0, 8), "abcdefgh");
  EXPECT_EQ(read(5, 2), "fg");
  EXPECT_EQ(read(6, 4), std::string("gh\0\0", 4)) << "behind it nothing was programmed";
  ASSERT_TRUE(below.program(100, as_bytes("elsewhere")));  // longer than the buffer, and not behind it
  EXPECT_EQ(read(3, 6), std::string("defgh\0", 6));
  EXPECT_EQ(read(100, 9), "elsewhere");
  ASSERT_TRUE(below.program(8, as_bytes("ij")) && below.program(20, as_bytes("k")));
  EXPECT_EQ(read(4, 6), "efghij");
  EXPECT_EQ(read(20, 1), "k");
  EXPECT_FALSE(below.written_behind(110));
  EXPECT_TRUE(below.written_behind(100));
  ASSERT_TRUE(below.erase(0));
  EXPECT_EQ(read(0, 8), std::string(8, '\0'));
  EXPECT_EQ(read(20, 1), std::string(1, '\0'));
}

TEST_F(session_folder, belongs_to_one_program_at_a_time) {
  file_storage first{buffer};
  ASSERT_TRUE(first.open(folder.c_str(), shape, durability::flush, true));
  std::array<std::byte, 512> other{};
  file_storage second{other};
  const auto refused = second.open(folder.c_str(), shape, durability::flush, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, file_storage_failure::what::in_use);
  EXPECT_EQ(refused.error().user, ::getpid());
}

TEST_F(session_folder, is_waited_for_while_somebody_only_looks) {
  auto looks = std::make_unique<file_storage>(buffer);
  ASSERT_TRUE(looks->open(folder.c_str(), shape, durability::flush, true));
  std::promise<void> begins;
  auto uses = std::async(std::launch::async, [&] {
    std::array<std::byte, 4096> memory;
    file_storage mine{memory};
    begins.set_value();
    return mine.open(folder.c_str(), shape, durability::flush, true).has_value();
  });
  begins.get_future().wait();
  looks.reset();
  EXPECT_TRUE(uses.get());
}

TEST_F(session_folder, is_made_only_when_asked_and_only_for_its_owner) {
  file_storage below{buffer};
  const auto missing = below.open(folder.c_str(), shape, durability::flush, false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().why, file_storage_failure::what::missing);
  ASSERT_TRUE(below.open(folder.c_str(), shape, durability::flush, true));
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(folder / "journal").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

// Else the loss of power takes the folder with all that was synced in it.
TEST_F(session_folder, the_name_of_a_folder_that_was_made_is_synced) {
  const auto times_synced = [](const std::filesystem::path& what) {
    struct ::stat wanted {};
    EXPECT_EQ(::stat(what.c_str(), &wanted), 0);
    return std::ranges::count_if(
        synced(), [&](const auto& each) { return each.st_dev == wanted.st_dev && each.st_ino == wanted.st_ino; });
  };
  synced().clear();
  for (int run = 0; run < 2; ++run) {
    file_storage below{buffer};
    ASSERT_TRUE(below.open(folder.c_str(), shape, durability::fsync, true));
    EXPECT_EQ(times_synced(folder.parent_path()), 1) << "only by the run that made it";
    EXPECT_EQ(times_synced(folder), 1);
    EXPECT_EQ(times_synced(folder / "journal"), 1);
  }
}

// As a copy may be that somebody made of a folder.
TEST_F(session_folder, is_there_without_its_lock) {
  {
    file_storage below{buffer};
    ASSERT_TRUE(below.open(folder.c_str(), shape, durability::flush, true));
  }
  ASSERT_TRUE(std::filesystem::remove(folder / "lock"));
  file_storage again{buffer};
  ASSERT_TRUE(again.open(folder.c_str(), shape, durability::flush, false));
  file_storage other{buffer};
  EXPECT_EQ(other.open(folder.c_str(), shape, durability::flush, false).error().why,
            file_storage_failure::what::in_use);
}

TEST_F(session_folder, another_size_is_refused) {
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "journal"} << "not a journal";
  file_storage below{buffer};
  const auto refused = below.open(folder.c_str(), shape, durability::flush, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, file_storage_failure::what::other_size);
}

}  // namespace
}  // namespace recado::posix
