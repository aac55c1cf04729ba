// A storage in memory: for memory that keeps its content by a battery or through a reset, and for tests.
#pragma once

#include <algorithm>

#include <recado/store/storage.hpp>

namespace recado::store {

/// Lives in the caller's memory, which holds `sectors` times `sector_bytes` bytes; erased or not, `format` begins it.
class memory_storage final : public storage {
 public:
  /// The memory must outlive it and hold all sectors.
  memory_storage(mutable_bytes memory, const storage_geometry& shape) : memory_(memory), shape_(shape) {}

  storage_geometry geometry() const override { return shape_; }  ///< See `storage`.
  bool read(std::uint32_t address, mutable_bytes into) override {
    if (!holds(address, into.size())) return false;
    copy(memory_.subspan(address, into.size()), into);
    return true;
  }
  bool program(std::uint32_t address, bytes what) override {
    if (!holds(address, what.size())) return false;
    copy(what, memory_.subspan(address, what.size()));
    return true;
  }
  bool erase(std::uint32_t sector) override {
    if (sector >= shape_.sectors || !holds(sector * shape_.sector_bytes, shape_.sector_bytes)) return false;
    std::ranges::fill(memory_.subspan(sector * shape_.sector_bytes, shape_.sector_bytes), shape_.erased);
    return true;
  }
  bool sync() override { return true; }

 private:
  bool holds(std::uint32_t address, std::size_t size) const {
    return address <= memory_.size() && size <= memory_.size() - address;
  }

  mutable_bytes memory_;
  storage_geometry shape_;
};

}  // namespace recado::store
