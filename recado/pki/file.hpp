// Files that are either whole or not there, and private from their first byte on.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace recado::pki {

/// Larger files are refused: no certificate, key or CRL of a sane size reaches it.
inline constexpr std::uintmax_t file_bytes_max = 64 * 1024 * 1024;

/// What everybody may read: certificates, requests, revocation lists.
inline constexpr mode_t mode_public = 0644;
/// What only the owner may read: private keys.
inline constexpr mode_t mode_private = 0600;

/// Whether an existing file may be replaced.
enum class existing : bool { keep, replace };

/// All of a file. Throws `failure`.
std::string read_file(const std::filesystem::path& path);

/// Writes a file by way of a temporary one beside it, which is created with `mode` and so never readable for
/// others in between; it appears under its name at once and whole. Throws `failure`, also if the file exists
/// and must be kept.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode, existing what);

/// Throws `failure` if `path` exists and must be kept: asked before work that would be lost.
void refuse_existing(const std::filesystem::path& path, existing what);
/// Throws if no file can be written there, or if that would replace a device, a pipe or a socket.
void refuse_place(const std::filesystem::path& path);

/// Creates a folder and those above it; a new `path` itself gets `mode`. Throws `failure`.
void make_folder(const std::filesystem::path& path, mode_t mode);

/// Keeps other runs of the program out of a folder as long as it lives; they wait.
class folder_lock {
 public:
  /// Waits for the lock. Throws `failure`.
  explicit folder_lock(const std::filesystem::path& folder);
  ~folder_lock();
  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;

 private:
  int descriptor_;
};

}  // namespace recado::pki
