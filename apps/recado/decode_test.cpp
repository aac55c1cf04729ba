// The command line of "recado decode", as a user calls it.
#include <gmock/gmock.h>

#include <recado/pki/shell_test.hpp>

namespace recado::app {
namespace {

using pki::shell;
using pki::shell_result;
using testing::HasSubstr;

struct row {
  const char* about;
  const char* command;
  int status;
  const char* says;
};

TEST(decode_command, answers_in_words_and_statuses) {
  const row rows[] = {
      {"hexadecimal text", "echo c0 00 | " RECADO_PROGRAM " decode", 0, "PINGREQ"},
      {"raw bytes", "printf '\\320\\000' | " RECADO_PROGRAM " decode -", 0, "PINGRESP"},
      {"JSON", "echo c000 | " RECADO_PROGRAM " decode --json", 0, "\"packet\":\"PINGREQ\""},
      {"malformed", "echo c1 00 | " RECADO_PROGRAM " decode", 1, "1 of 1 packets malformed"},
      {"the other side", "echo c0 00 | " RECADO_PROGRAM " decode --direction server", 1, "malformed"},
      {"no hexadecimal text", "echo 10 0g | " RECADO_PROGRAM " decode", 1, "standard input, line 1, column 5: "},
      {"a recording that is cut off", "printf '\\324\\303\\262\\241' | " RECADO_PROGRAM " decode", 1,
       "the recording could not be read to its end"},
      {"gzip", "echo c0 00 | gzip | " RECADO_PROGRAM " decode", 1,
       "standard input is compressed by gzip; unpack it first: 'gzip -dc FILE | recado decode'"},
      {"a pcap of another form", "printf '\\064\\315\\262\\241\\2\\0\\4\\0' | " RECADO_PROGRAM " decode", 1,
       "standard input is a recording in another form of pcap; convert it: 'editcap FILE NEW'"},
      {"UTF-16", "printf '\\377\\376c\\0000\\000' | " RECADO_PROGRAM " decode", 1, "is text in UTF-16; give UTF-8"},
      {"a query that begins like UTF-16",
       "printf '\\377\\376\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1a\\0\\0\\1\\0\\1' | " RECADO_PROGRAM " decode", 0,
       "question: a."},
      {"an empty recording",
       "printf '\\324\\303\\262\\241\\2\\0\\4\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\4\\0\\1\\0\\0\\0' | " RECADO_PROGRAM
       " decode",
       1, "; record while packets are exchanged"},
      {"nothing", RECADO_PROGRAM " decode </dev/null", 1, "there is nothing to decode"},
      {"a missing file", RECADO_PROGRAM " decode missing.pcap", 1, "cannot read 'missing.pcap': No such file"},
      {"a folder", RECADO_PROGRAM " decode /", 1, "cannot read '/'"},
      {"input without an end", RECADO_PROGRAM " decode </dev/zero", 1,
       "standard input has more than the 512 MiB that are decoded at a time; give a part of it"},
      {"a file without an end", RECADO_PROGRAM " decode /dev/zero", 1, "'/dev/zero' has more than the 512 MiB"},
      {"a closed standard input", RECADO_PROGRAM " decode <&-", 1, "cannot read standard input: Bad file descriptor"},
      {"an unknown protocol", "echo c0 00 | " RECADO_PROGRAM " decode --protocol coap", 2, "--protocol"},
      {"passwords of DNS", "echo c0 00 | " RECADO_PROGRAM " decode --protocol dns --show-secrets", 2,
       "--show-secrets is about passwords of MQTT, and dns has none; leave it out"},
      {"a version of DNS", "echo c0 00 | " RECADO_PROGRAM " decode --protocol dns --version 5", 2, "are about MQTT"},
      {"ports of bytes", "echo c0 00 | " RECADO_PROGRAM " decode --port 5", 2, "--port is about recordings"},
  };
  for (const row& one : rows) {
    SCOPED_TRACE(one.about);
    const shell_result done = shell(one.command);
    EXPECT_EQ(done.status, one.status) << done.output;
    EXPECT_THAT(done.output, HasSubstr(one.says));
  }
}

}  // namespace
}  // namespace recado::app
