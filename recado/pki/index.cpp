#include <algorithm>
#include <array>

#include <recado/core/nearest.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/index.hpp>

namespace recado::pki {
namespace {

struct reason_row {
  revocation_reason reason;
  std::string_view word;
};
constexpr std::array reasons{
    reason_row{revocation_reason::unspecified, "unspecified"},
    reason_row{revocation_reason::key_compromise, "keyCompromise"},
    reason_row{revocation_reason::ca_compromise, "CACompromise"},
    reason_row{revocation_reason::affiliation_changed, "affiliationChanged"},
    reason_row{revocation_reason::superseded, "superseded"},
    reason_row{revocation_reason::cessation_of_operation, "cessationOfOperation"},
    reason_row{revocation_reason::privilege_withdrawn, "privilegeWithdrawn"},
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

seconds_utc parse_asn1_time(std::string_view text) {
  const time_ptr time{ASN1_TIME_new()};
  if (ASN1_TIME_set_string(time.get(), std::string{text}.c_str()) != 1)
    throw failure("'" + std::string{text} + "' is no date", "");
  return decode(time.get());
}

std::string asn1_text_of(seconds_utc when) {
  const time_ptr time = encode(when);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(time.get())),
          static_cast<std::size_t>(ASN1_STRING_length(time.get()))};
}

index_entry parse_line(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, '\t');
  if (fields.size() != 6) throw failure("it has " + std::to_string(fields.size()) + " fields, not 6", "");
  const std::string_view status = fields[0];
  if (status != "V" && status != "E" && status != "R") throw failure("its state is not V, E or R", "");
  if (fields[3].empty() || fields[3].find_first_not_of("0123456789ABCDEF") != std::string_view::npos)
    throw failure("its serial number is not in hexadecimal digits", "");
  index_entry entry{.serial = std::string{fields[3]},
                    .expires = parse_asn1_time(fields[1]),
                    .revoked = {},
                    .file = std::string{fields[4]},
                    .subject = std::string{fields[5]}};
  if (status == "R") {
    const std::vector<std::string_view> parts = split(fields[2], ',');
    entry.revoked = parse_asn1_time(parts[0]);
    if (parts.size() > 1) entry.reason = parse_revocation_reason(parts[1]);
  }
  return entry;
}

}  // namespace

std::string_view words(revocation_reason reason) {
  for (const reason_row& row : reasons)
    if (row.reason == reason) return row.word;
  return "unspecified";
}

std::string revocation_reason_names() {
  std::string names;
  for (const reason_row& row : reasons) names += (names.empty() ? "" : ", ") + std::string{row.word};
  return names;
}

revocation_reason parse_revocation_reason(std::string_view word) {
  std::array<std::string_view, reasons.size()> known;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    known[i] = reasons[i].word;
    if (reasons[i].word == word) return reasons[i].reason;
  }
  const std::string_view guess = nearest(word, known);
  throw failure(
      "'" + std::string{word} + "' is no reason for a revocation",
      guess.empty() ? "there are " + revocation_reason_names() : "did you mean '" + std::string{guess} + "'?");
}

std::vector<index_entry> parse_index(std::string_view text, std::string_view file) {
  std::vector<index_entry> index;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    try {
      index.push_back(parse_line(line));
    } catch (const failure& error) {
      throw failure("line " + std::to_string(number) + " of '" + std::string{file} + "' is damaged: " + error.what(),
                    "restore the file from a backup");
    }
  }
  return index;
}

std::string text_of(const std::vector<index_entry>& index) {
  std::string text;
  for (const index_entry& entry : index) {
    text += entry.revoked ? "R\t" : "V\t";
    text += asn1_text_of(entry.expires) + '\t';
    if (entry.revoked) {
      text += asn1_text_of(*entry.revoked);
      if (entry.reason != revocation_reason::unspecified) text += ',' + std::string{words(entry.reason)};
    }
    text += '\t' + entry.serial + '\t' + entry.file + '\t' + entry.subject + '\n';
  }
  return text;
}

}  // namespace recado::pki
