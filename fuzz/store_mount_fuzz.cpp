// Any bytes as the content of a storage: a journal mounts or says why not, goes on, and mounts again to the same.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <recado/store/journal.hpp>
#include <recado/store/memory_storage.hpp>

#include "target.hpp"

using recado::fuzz::require;

using namespace recado;
using namespace recado::store;

namespace {

constexpr storage_geometry shapes[] = {
    {512, 3, 1, std::byte{0xff}}, {512, 2, 8, std::byte{0}}, {1024, 4, 32, std::byte{0xff}}};

std::uint64_t everything_of(journal& from) {
  std::uint64_t sum = from.last_note().first ^ from.last_note().second << 1;
  std::byte buffer[300];
  for (std::uint32_t kind = 1; kind < 5; ++kind) {
    const auto sort = static_cast<std::uint8_t>(kind);
    std::uint32_t number = 0;
    for (auto found = from.next(sort, number); found; found = from.next(sort, number)) {
      const auto size = from.read({sort, *found}, 0, buffer);
      sum = sum * 31 + *found + size.value_or(1000);
      for (std::size_t i = 0; size && i < *size; ++i) sum = sum * 31 + std::to_integer<unsigned>(buffer[i]);
      if (*found == UINT32_MAX) break;
      number = *found + 1;
    }
  }
  return sum;
}

}  // namespace

// The first byte chooses the shape, with or without pages. The rest lies at the front of the storage; with the next bit
// of the first byte, in a journal that was made by recado.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  storage_geometry shape = shapes[data[0] % 3];
  if ((data[0] & 8) != 0) shape.page_bytes = 64;
  const bytes content = std::as_bytes(std::span{data + 1, size - 1});
  std::vector<std::byte> memory(std::size_t{shape.sector_bytes} * shape.sectors, shape.erased);
  memory_storage below{memory, shape};
  index_entry index[40];
  std::byte scratch[128];
  journal tried{below, index, scratch};
  const bytes pieces[] = {as_bytes("some bytes"), as_bytes("and more")};
  if ((data[0] & 4) != 0) {
    require(tried.format().has_value());
    const note with{1, 2};
    for (std::uint32_t i = 0; i < 12; ++i) {
      if (auto put = tried.put({1, i % 7}, pieces, &with); !put) require(put.error() == error::full);
      if (i % 3 == 0) require(tried.sync().has_value());
    }
    // Each four bytes change one byte somewhere.
    for (std::size_t i = 0; i + 4 <= content.size(); i += 4) {
      const std::size_t at =
          (std::to_integer<std::size_t>(content[i]) << 8 | std::to_integer<std::size_t>(content[i + 1]));
      memory[at % memory.size()] ^= content[i + 2];
    }
  } else {
    copy(content.first(std::min(content.size(), memory.size())), memory);
  }
  if (!tried.mount()) return 0;
  const std::uint64_t before = everything_of(tried);
  require(tried.mount().has_value());
  require(everything_of(tried) == before);
  for (std::uint32_t i = 0; i < 60; ++i) {
    const auto put = tried.put({2, i % 5}, pieces);
    require(put || put.error() == error::full || put.error() == error::index_full);
    require(tried.remove({2, i % 3}).has_value());
  }
  require(tried.sync().has_value());
  const std::uint64_t after = everything_of(tried);
  require(tried.lost_later() == 0);  // what mount took as whole is whole
  const auto again = tried.mount();
  require(again.has_value());
  require(everything_of(tried) == after);
  return 0;
}
