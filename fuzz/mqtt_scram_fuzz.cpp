// What a server may say in a SCRAM exchange: two messages, split at the first line feed.
#include <recado/mqtt/scram.hpp>

#include <array>
#include <cstdlib>

using namespace recado;

namespace {

// Cheap stand-ins: what is fuzzed is the reading.
struct no_hashes final : sha256_functions {
  bool hash(bytes, sha256_digest& out) override { return out = {}, true; }
  bool hmac(bytes, std::span<const bytes>, sha256_digest& out) override { return out = {}, true; }
  bool pbkdf2(bytes, bytes salt, std::uint32_t iterations, sha256_digest& out) override {
    if (salt.empty() || salt.size() > 64 || iterations < mqtt::scram_iterations_min || iterations > 100'000)
      std::abort();
    return out = {}, true;
  }
};
struct no_entropy final : entropy {
  void fill(mutable_bytes out) override {
    for (std::byte& one : out) one = std::byte{0};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  const std::size_t cut = std::min(all.find('\n'), size);
  no_hashes hashes;
  no_entropy random;
  std::array<std::byte, 160> memory;
  mqtt::scram_sha_256 method{{.user_name = "u", .password = "p", .memory = memory}, hashes, random};
  if (!method.begin()) std::abort();
  const auto answer = method.answer(as_bytes(all.substr(0, cut)));
  const auto end = method.finish(as_bytes(all.substr(std::min(cut + 1, size))));
  if (end == mqtt::error::none && !answer) std::abort();
  return 0;
}
