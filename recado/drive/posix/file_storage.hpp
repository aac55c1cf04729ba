// The journal's storage in a file, for one program at a time.
#pragma once

#include <cstdint>
#include <expected>

#include <recado/core/bytes.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/store/storage.hpp>

#include <sys/types.h>

namespace recado::posix {

/// What `sync` waits for, that is, what a session survives.
enum class durability : std::uint8_t {
  none,   ///< for nothing: bytes are written when many have gathered; only a tidy end is survived
  flush,  ///< until the kernel has it: a crash or kill -9 of the program is survived, a power cut is not
  fsync,  ///< until the disk has it (fdatasync): everything is survived that the disk survives
};

/// Why a folder couldn't be opened.
struct file_storage_failure {
  /// What may be the cause.
  enum class what : std::uint8_t { folder, lock, in_use, missing, journal, other_size };
  what why = what::folder;  ///< which of them
  int error = 0;            ///< errno
  ::pid_t user = 0;         ///< with `in_use`: the program that has it, 0 if that isn't known
};

/// A file `journal` in a folder, sparse, and a file `lock` that is locked (flock) as long as this lives: the kernel
/// takes the lock away with the program, however that ends.
class file_storage final : public store::storage {
 public:
  /// `buffer` gathers what is programmed between two syncs; it must outlive this.
  explicit file_storage(mutable_bytes buffer) : buffer_(buffer) {}
  ~file_storage();
  file_storage(const file_storage&) = delete;
  file_storage& operator=(const file_storage&) = delete;

  /// Opens the folder. With `make` it and its files are made if they aren't there (0700, 0600), and another program may
  /// take up to a second to leave; else `missing` and `in_use` are said at once.
  std::expected<void, file_storage_failure> open(const char* folder, const store::storage_geometry& shape,
                                                 durability how, bool make);
  /// The errno of the first call that failed, 0 if none did.
  int error() const { return error_; }
  /// True if there is anything but what erasing leaves from that address on.
  bool written_behind(std::uint32_t address) const;
  /// Writes what has gathered.
  bool flush();

  /// See `store::storage`. Pages are spared only where `sync` promises anything to the loss of power.
  store::storage_geometry geometry() const override { return shape_; }
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool program(std::uint32_t address, bytes what) override;
  bool erase(std::uint32_t sector) override;
  bool sync() override;

 private:
  std::expected<void, file_storage_failure> lock(int folder, bool make);
  std::expected<void, file_storage_failure> open_journal(int folder, bool make);
  bool write(std::uint32_t address, bytes what);
  bool fail();

  store::storage_geometry shape_;
  durability how_ = durability::fsync;
  descriptor lock_;
  descriptor file_;
  mutable_bytes buffer_;
  std::uint32_t buffer_at_ = 0;  // where in the file the buffer belongs
  std::size_t buffered_ = 0;
  int error_ = 0;
};

}  // namespace recado::posix
