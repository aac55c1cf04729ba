// A file for secrets: only its owner may read it, from its first byte on.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace recado::capture {

/// What to do with a file that is there already. It becomes private before anything is written to it.
enum class opening { replace, append };

/// Owns a file of mode 0600. The first error ends the writing and stays; what was written before is whole.
class private_file {
 public:
  /// Opens or creates it; the error is the system's errno.
  static std::expected<private_file, int> open(const std::string& path, opening how);
  /// Takes the open file over; the other one writes nothing any more.
  private_file(private_file&& other) noexcept;
  /// Swaps the two.
  private_file& operator=(private_file&& other) noexcept;
  ~private_file();

  /// Writes all of it at once, past every buffer of this process: a kill afterwards loses nothing.
  void write(std::string_view data);
  /// The errno of the first write that failed, 0 if none did.
  int error() const { return error_; }

 private:
  explicit private_file(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
  int error_ = 0;
};

}  // namespace recado::capture
