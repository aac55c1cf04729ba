// The secrets of TLS connections in a file, for Wireshark and its like.
#pragma once

#include <string_view>

#include <recado/capture/private_file.hpp>
#include <recado/tls/options.hpp>

namespace recado::capture {

/// Appends each line as it comes, in the NSS key log format, to a file of mode 0600.
class key_log_file final : public tls::key_log {
 public:
  /// Takes the file over.
  explicit key_log_file(private_file file) : file_(std::move(file)) {}
  void line(std::string_view text) override;
  /// The errno of the first write that failed, 0 if none did.
  int error() const { return file_.error(); }

 private:
  private_file file_;
};

}  // namespace recado::capture
