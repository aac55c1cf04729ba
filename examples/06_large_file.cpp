// 6. A file larger than any buffer, read piece by piece as it is sent:  06_large_file URL FILE
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
    return 2;
  }
  recado::client::blocking_client broker;
  if (auto done = broker.connect(argv[1]); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(argv[2], unreadable);
  std::ifstream file{argv[2], std::ios::binary};
  if (unreadable || !file) {
    std::fprintf(stderr, "can't read %s\n", argv[2]);
    return 1;
  }
  // Asked again from the front if the connection is lost: QoS 1 and 2 hold for long messages, too.
  const auto source = [&file](std::uint32_t offset, recado::mutable_bytes out) {
    file.clear();
    file.seekg(offset);
    file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    return static_cast<std::size_t>(file.gcount());
  };
  const auto done = broker.publish_pieces({.topic = "recado/file", .qos = recado::mqtt::qos::exactly_once},
                                          static_cast<std::uint32_t>(size), source, std::chrono::minutes{5});
  if (!done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::printf("%ju bytes arrived\n", static_cast<std::uintmax_t>(size));
}
