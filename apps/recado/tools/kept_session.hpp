// A session in a folder: what --session opens, and `recado session` shows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/chain/session_store.hpp>
#include <recado/core/entropy.hpp>
#include <recado/drive/posix/file_storage.hpp>

#include "settings.hpp"

namespace recado::app::tools {

/// The size of every session's file: sparse, so it takes what is in use. A message has at most 1 MiB less a little.
inline constexpr store::storage_geometry session_geometry{4 << 20, 16, 8, std::byte{0}};

/// Opens the journal's file in a folder; throws `failure`: it is in use by another program, isn't there, isn't a
/// session.
void open_file(posix::file_storage& file, const std::string& folder, posix::durability how, bool make);

class kept_session {
 public:
  /// What the journal remembers of the server, with a text of its own.
  struct server {
    mqtt::version version{};
    std::uint16_t places = 0;
    std::uint32_t session_expiry_s = 0;
    std::string client_identifier;
  };

  /// Opens the folder, makes it if `make`, and finds what is in it. Throws `failure`: it is in use by another program,
  /// isn't there, isn't a session, can't be read.
  kept_session(const std::string& folder, posix::durability how, bool make);
  /// Empties it, whatever is in it; throws `failure`.
  static void clear(const std::string& folder);

  /// Puts everything into a session with `places` places in flight that was just made. Throws `failure`.
  void restore(mqtt::session& into, std::uint16_t places);
  /// Before anything else when nothing is restored: for looking only.
  chain::session_store& store() { return *store_; }
  store::journal& records() { return records_; }
  const store::mount_report& report() const { return report_; }
  const std::optional<server>& known() const { return known_; }
  const std::string& folder() const { return folder_; }

  /// Under which name and with how many places a client with these settings comes back. Throws `failure` if they
  /// contradict what is stored.
  std::string identifier(const settings& how, entropy& random) const;
  std::uint16_t places(std::uint16_t wanted) const { return known_ ? known_->places : wanted; }
  /// The server accepted the connection.
  void connected(const mqtt::connected& what, const mqtt::session& session, std::string_view identifier);

  /// Says why the journal refused or failed: cause and remedy.
  std::string cause() const;
  std::string remedy() const { return std::string{recado::store::remedy(store_->why())}; }

 private:
  void mount(bool make);

  std::string folder_;
  std::vector<std::byte> buffer_;
  std::vector<store::index_entry> index_;
  std::vector<std::byte> scratch_;
  std::vector<std::uint32_t> places_;
  posix::file_storage below_;
  store::journal records_;
  std::optional<chain::session_store> store_;
  store::mount_report report_;
  std::optional<server> known_;
};

/// One line for each kind of damage, empty if there is none.
std::string damage_of(const store::mount_report& report);

/// How long a regular file behind standard output is, as a note says it: which file, and its length. Nothing for
/// terminals and pipes.
std::optional<store::note> output_position();
/// Takes away what was written behind the message that the note is of: it will come again. Returns how many bytes.
std::uint64_t rewind_output(const store::note& last);

}  // namespace recado::app::tools
