// Programs that are started inherit what is open, unless it says otherwise: a server's port, a lock, a session.
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/file_storage.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/network_interface.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/posix/udp_socket.hpp>
#include <tests/support/sockets.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace recado::posix {
namespace {

std::set<int> open_descriptors() {
  std::set<int> all;
  for (const auto& one : std::filesystem::directory_iterator{"/proc/self/fd"})
    all.insert(std::stoi(one.path().filename().string()));
  for (auto at = all.begin(); at != all.end();) at = ::fcntl(*at, F_GETFD) < 0 ? all.erase(at) : std::next(at);
  return all;
}

TEST(descriptors, are_left_to_no_program_that_is_started) {
  const test::listener server;
  const std::set<int> before = open_descriptors();
  loop where;
  ASSERT_TRUE(where.open());
  signals interrupts;
  ASSERT_TRUE(interrupts.open(where, {SIGUSR1}));
  const endpoint to[] = {server.where()};
  tcp_stream stream;
  ASSERT_TRUE(stream.connect(where, to, {}, now()));
  udp_socket datagrams;
  ASSERT_TRUE(datagrams.open(where, {}));
  network_interface cable;
  interface_name loopback;
  (void)loopback.assign("lo");
  EXPECT_TRUE(cable.open(where, loopback));
  const auto folder = std::filesystem::path{RECADO_TEST_FILES} / ("descriptors_" + std::to_string(::getpid()));
  std::array<std::byte, 512> buffer{};
  file_storage session{buffer};
  ASSERT_TRUE(session.open(folder.c_str(), {4096, 4, 8, std::byte{0}}, durability::none, true));
  std::size_t opened = 0;
  for (const int one : open_descriptors()) {
    if (before.contains(one)) continue;
    ++opened;
    EXPECT_NE(::fcntl(one, F_GETFD) & FD_CLOEXEC, 0)
        << std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(one));
  }
  EXPECT_GE(opened, 7u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace recado::posix
