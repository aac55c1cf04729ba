#include "kept_session.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <recado/store/record.hpp>

#include "../command.hpp"
#include "../console.hpp"
#include "input_position.hpp"

namespace recado::app::tools {
namespace {

constexpr std::size_t index_entries = 1 << 17;
constexpr std::size_t scratch_bytes = 128 << 10;
constexpr std::size_t buffer_bytes = 256 << 10;

// Apart from the kinds of `chain::session_store`: the position of a run of the other kind than the last one's.
constexpr store::key position_laid_aside{0x40, 0};

noted kind_of(const store::note& what) { return input_position_of(what) ? noted::input : noted::output; }

[[noreturn]] void refuse(const posix::file_storage_failure& why, const std::string& folder) {
  using what = posix::file_storage_failure::what;
  const std::string system = why.error != 0 ? std::string{": "} + std::strerror(why.error) : std::string{};
  switch (why.why) {
    case what::in_use:
      throw failure("the session in " + folder + " is in use" +
                        (why.user != 0 ? " by the process " + std::to_string(why.user) : " by another program"),
                    "wait until it ends, or use another folder");
    case what::missing:
      throw failure("there is no session in " + folder, "check the name of the folder");
    case what::other_size:
      throw failure("the file 'journal' in " + folder + " is no session of recado, or is cut off",
                    "use another folder, or remove this one");
    default:
      throw failure("the session in " + folder + " cannot be opened" + system, "check the folder and its permissions");
  }
}

std::string cause_of(store::error why, const posix::file_storage& below) {
  std::string result{words(why)};
  if (why == store::error::failed && below.error() != 0) result += std::string{": "} + std::strerror(below.error());
  return result;
}

[[noreturn]] void refuse(store::error why, const posix::file_storage& below, const std::string& folder) {
  throw failure("the session in " + folder + ": " + cause_of(why, below), std::string{remedy(why)});
}

/// A journal that isn't found although there is something behind its head is no new one.
void refuse_headless(store::error why, const posix::file_storage& below, const std::string& folder) {
  if (why != store::error::empty || !below.written_behind(2 * store::sector_header_bytes)) return;
  throw failure("the session in " + folder + " is damaged beyond reading: messages that it kept are lost",
                "restore the folder, or begin anew by 'recado session clear " + folder + "'");
}

std::optional<struct ::stat> output_file() {
  struct ::stat now {};
  if (::fstat(STDOUT_FILENO, &now) != 0 || !S_ISREG(now.st_mode)) return std::nullopt;
  return now;
}

// In the second number of the note, below the mark of an input.
constexpr std::uint64_t mark_in_order = std::uint64_t{1} << 62;

/// When a file is gone another one may get its number: the time when it was made tells them apart.
std::uint64_t name_of_file(const struct ::stat& file) {
  constexpr std::uint64_t factor = 0x9e37'79b9'7f4a'7c15U;
  std::uint64_t name = (file.st_dev * factor) ^ static_cast<std::uint64_t>(file.st_ino);
  struct ::statx more {};
  if (::statx(STDOUT_FILENO, "", AT_EMPTY_PATH, STATX_BTIME, &more) != 0 || (more.stx_mask & STATX_BTIME) == 0)
    return name;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(more.stx_btime.tv_sec), std::uint64_t{more.stx_btime.tv_nsec}})
    name = (name ^ part) * factor;
  return name;
}

}  // namespace

void open_file(posix::file_storage& file, const std::string& folder, posix::durability how, bool make) {
  if (const auto opened = file.open(folder.c_str(), session_geometry, how, make); !opened)
    refuse(opened.error(), folder);
}

void check_head(posix::file_storage& file, const std::string& folder) {
  std::array<store::index_entry, 8> index;
  std::array<std::byte, 4096> scratch;
  const auto found = store::journal{file, index, scratch}.mount();  // that there is no room for all entries is as well
  if (!found) refuse_headless(found.error(), file, folder);
}

kept_session::kept_session(const std::string& folder, posix::durability how, bool make)
    : folder_(folder),
      buffer_(buffer_bytes),
      index_(index_entries),
      scratch_(scratch_bytes),
      places_(mqtt::packet_identifier_max),
      below_(buffer_),
      records_(below_, index_, scratch_) {
  open_file(below_, folder, how, make);
  mount(make);
}

// The next run, and `recado session check`, can tell damage from an interruption then. It fails where all failed.
kept_session::~kept_session() { (void)records_.seal(); }

void kept_session::mount(bool make) {
  const auto found = records_.mount();
  if (found) report_ = *found;
  else if (refuse_headless(found.error(), below_, folder_); found.error() != store::error::empty || !make)
    refuse(found.error(), below_, folder_);
  else if (const auto made = records_.format(); !made) refuse(made.error(), below_, folder_);
  store_.emplace(records_, places_);
  std::array<std::byte, 65'535> space;
  if (const auto facts = store_->facts(space))
    known_ = server{facts->version, facts->places, facts->session_expiry_s, std::string{facts->client_identifier}};
}

void kept_session::clear(const std::string& folder) {
  std::vector<std::byte> buffer(buffer_bytes);
  posix::file_storage below{buffer};
  if (const auto opened = below.open(folder.c_str(), session_geometry, posix::durability::fsync, false); !opened)
    refuse(opened.error(), folder);
  std::vector<store::index_entry> index(8);
  std::vector<std::byte> scratch(scratch_bytes);
  store::journal records{below, index, scratch};
  if (const auto made = records.format(); !made) refuse(made.error(), below, folder);
}

void kept_session::restore(mqtt::session& into, std::uint16_t places) {
  store_.emplace(records_, std::span{places_}.first(places));
  if (const auto done = store_->restore(into); !done) refuse(done.error(), below_, folder_);
}

std::string kept_session::identifier(const settings& how, entropy& random) const {
  const mqtt::version version = how.version.value_or(mqtt::version::v3_1_1);
  if (known_) {
    if (known_->version != version)
      throw failure("the session in " + folder_ + " speaks " + std::string{words(known_->version)},
                    known_->version == mqtt::version::v5_0 ? "add -V 5" : "add -V 311, and leave out what needs 5.0");
    if (how.client_id && *how.client_id != known_->client_identifier)
      throw failure("the session in " + folder_ + " is that of the client '" + known_->client_identifier + "'",
                    "leave -i out, or use another folder");
    if (how.id_prefix && !known_->client_identifier.starts_with(*how.id_prefix))
      throw failure("the session in " + folder_ + " is that of the client '" + known_->client_identifier + "'",
                    "leave -I out, or use another folder");
    return known_->client_identifier;
  }
  if (how.client_id) return *how.client_id;
  std::array<std::byte, 8> drawn;
  random.fill(drawn);
  std::string result = how.id_prefix ? *how.id_prefix : "recado-";
  for (const std::byte each : drawn)
    for (const int shift : {4, 0}) result += "0123456789abcdef"[std::to_integer<unsigned>(each) >> shift & 15U];
  return result;
}

void kept_session::connected(const mqtt::connected& what, const mqtt::session& session, std::string_view identifier,
                             const chain::session_places& places) {
  const std::string_view name = what.assigned_client_identifier.empty() ? identifier : what.assigned_client_identifier;
  const chain::session_facts facts{session.version(), static_cast<std::uint16_t>(session.places()),
                                   session.announced().session_expiry_s, name};
  if (const auto done = store_->remember(facts); !done) refuse(done.error(), below_, folder_);
  if (const auto done = store_->remember_places(places.known()); !done) refuse(done.error(), below_, folder_);
}

store::note kept_session::laid_aside() {
  store::note_octets octets{};
  const auto size = records_.read(position_laid_aside, 0, octets);
  return size == octets.size() ? store::decode(octets) : store::note{};
}

store::note kept_session::position(noted in) {
  return kind_of(records_.last_note()) == in ? records_.last_note() : laid_aside();
}

// In one record, so that none of the two is ever lost. Even a position at the beginning says whose it is: `note_of`
// marks that of an input.
void kept_session::note_from_now_on(noted in) {
  const store::note last = records_.last_note();
  if (kind_of(last) == in || (last == store::note{} && !records_.size_of(position_laid_aside))) return;
  const store::note next =
      in == noted::input ? note_of(input_position_of(laid_aside()).value_or(input_position{})) : laid_aside();
  const store::note_octets octets = store::encode(last);
  const bytes pieces[] = {octets};
  if (const auto done = records_.put(position_laid_aside, pieces, &next); !done) refuse(done.error(), below_, folder_);
}

std::expected<void, store::error> kept_session::forget_input() {
  if (kind_of(records_.last_note()) == noted::output) return records_.remove(position_laid_aside);
  const store::note output = laid_aside();
  return records_.remove(position_laid_aside, &output);
}

std::string kept_session::cause(store::error why) const { return cause_of(why, below_); }

std::string damage_of(const store::mount_report& report) {
  if (!report.damaged()) return {};
  std::string result = "it is damaged: ";
  if (report.records_lost != 0) result += counted(report.records_lost, "entry is", "entries are") + " lost";
  if (report.sectors_lost != 0)
    result += (report.records_lost != 0 ? ", and what " : "what ") + std::to_string(report.sectors_lost) +
              " of its parts held";
  return result + "; messages may be missing or come twice";
}

std::optional<store::note> output_position() {
  const auto file = output_file();
  if (!file) return std::nullopt;
  return store::note{name_of_file(*file), static_cast<std::uint64_t>(file->st_size)};
}

store::note ended_at(const store::note& output) { return {output.first, output.second | mark_in_order}; }

rewound rewind_output(const store::note& last) {
  const auto file = output_file();
  if (!file || name_of_file(*file) != last.first) return {};
  const auto size = static_cast<std::uint64_t>(file->st_size);
  const std::uint64_t known = last.second & ~mark_in_order;
  if (size < known) return {.missing = known - size};
  if (size == known || known != last.second) return {};
  if (::ftruncate(STDOUT_FILENO, static_cast<::off_t>(known)) != 0) return {};
  (void)::lseek(STDOUT_FILENO, 0, SEEK_END);
  return {.cut = size - known};
}

int sync_output() {
  struct ::stat now {};
  const bool keeps = ::fstat(STDOUT_FILENO, &now) == 0 && (S_ISREG(now.st_mode) || S_ISBLK(now.st_mode));
  return keeps && ::fdatasync(STDOUT_FILENO) != 0 ? errno : 0;
}

}  // namespace recado::app::tools
