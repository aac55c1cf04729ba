// A journal's storage as the blocks in which the device remembers lease and time.
#pragma once

#include <recado/device/board.hpp>
#include <recado/store/storage.hpp>

namespace recado::firmware {

/// One block is one sector. Without a chip there are none, and nothing is remembered.
class stored_blocks final : public device::storage {
 public:
  /// The storage must outlive it; `present` is whether the chip answers.
  stored_blocks(store::storage& below, bool present) : below_(below), present_(present) {}
  std::size_t block_bytes() const override { return below_.geometry().sector_bytes; }
  std::size_t block_count() const override { return present_ ? below_.geometry().sectors : 0; }
  bool read(std::size_t offset, mutable_bytes into) override {
    return below_.read(static_cast<std::uint32_t>(offset), into);
  }
  bool program(std::size_t offset, bytes what) override {
    return below_.program(static_cast<std::uint32_t>(offset), what);
  }
  bool erase(std::size_t block) override { return below_.erase(static_cast<std::uint32_t>(block)); }
  bool sync() override { return below_.sync(); }

 private:
  store::storage& below_;
  bool present_;
};

}  // namespace recado::firmware
