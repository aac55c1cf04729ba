// A session in a folder: what --session opens, and `recado session` shows.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/chain/session_store.hpp>
#include <recado/core/entropy.hpp>
#include <recado/drive/posix/file_storage.hpp>

#include "settings.hpp"

namespace recado::app::tools {

/// The size of every session's file: sparse, so it takes what is in use. A message has at most 1 MiB less a little. The
/// page is the largest piece that a disk writes, and tears, as a whole.
inline constexpr store::storage_geometry session_geometry{4 << 20, 16, 8, std::byte{0}, 4096};

/// Opens the journal's file in a folder; throws `failure`: it is in use by another program, isn't there, isn't a
/// session.
void open_file(posix::file_storage& file, const std::string& folder, posix::durability how, bool make);

/// For who begins a journal where there is none: throws `failure` if there was one, and its head can't be read any
/// more.
void check_head(posix::file_storage& file, const std::string& folder);

/// What a run notes its position in: `recado pub -l` in its input, `recado sub` in its output. The journal has one
/// note, that of the last run; the other's position is laid aside in a record.
enum class noted : std::uint8_t { input, output };

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
  ~kept_session();
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
  void connected(const mqtt::connected& what, const mqtt::session& session, std::string_view identifier,
                 const chain::session_places& places);

  /// The last position of that kind, whoever ran since; an empty note if there is none.
  store::note position(noted in);
  /// The journal's note is of that kind from now on. Throws `failure`.
  void note_from_now_on(noted in);
  /// Forgets the position in the input. Errors: of the journal.
  std::expected<void, store::error> forget_input();

  /// Says why the journal refused or failed: cause and remedy.
  std::string cause() const { return cause(store_->why()); }
  /// The same for what the journal answered.
  std::string cause(store::error why) const;
  std::string remedy() const { return std::string{recado::store::remedy(store_->why())}; }

 private:
  void mount(bool make);
  store::note laid_aside();

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
/// That position of a run which ended in order: what comes behind it is another program's, or of QoS 0.
store::note ended_at(const store::note& output);
/// What `rewind_output` did, in bytes; neither if the output is as the note says, or another one.
struct rewound {
  std::uint64_t cut = 0;      ///< written behind the message that the note is of: taken away, as it will come again
  std::uint64_t missing = 0;  ///< acknowledged messages that were in it and won't come again
};
/// Makes the output what the note says that it was, unless that is of a run which ended in order.
rewound rewind_output(const store::note& last);
/// Returns when what was written to standard output is on the disk, if that is a file or a block device: 0, or errno.
int sync_output();

}  // namespace recado::app::tools
