#include <recado/device/test_mode.hpp>

#include <algorithm>

#include <recado/chain/error.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;

constexpr duration answer_s_max = 10s;
/// How long the rest of a message may take once its first bytes are there, before it is read in pieces.
constexpr duration whole_ms_max = 20ms;

std::uint32_t clipped(std::uint64_t nanoseconds) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(nanoseconds, 0xffff'ffff));
}

/// "12.3": microseconds with one decimal.
void write_us(text_sink& out, std::uint64_t nanoseconds, std::size_t width = 0) {
  const std::uint64_t tenths = (nanoseconds + 50) / 100;
  out.number(tenths / 10, width) << '.';
  out.number(tenths % 10);
}

}  // namespace

test_mode::test_mode(const configuration& chosen, const board& on, mqtt::session& session, channel& wire,
                     const test_plan& plan, const memory& given)
    : chosen_(chosen), on_(on), session_(session), wire_(wire), plan_(plan), memory_(given) {}

void test_mode::start(instant) {
  stage_ = next();
  wire_.measure(true);
  on_.console.line(
      console_level::info,
      "times in microseconds: write = encode + encrypt + system call, read = system call + decrypt + decode");
}

fault test_mode::step(instant now) {
  if (why_) return why_;
  if (stage_ == stage::waiting && now >= until_) return make_fault(chain::error::message_missing);
  return stage_ == stage::due ? write(now) : fault{};
}

fault test_mode::write(instant now) {
  const mutable_bytes payload =
      memory_.payload.first(std::min<std::size_t>(plan_.sizes[size_], memory_.payload.size()));
  on_.entropy.fill(payload);
  for (std::byte& each : payload) each = static_cast<std::byte>(32 + std::to_integer<unsigned>(each) % 95);
  mqtt::message message;
  message.topic = chosen_.broker.secret_topic, message.payload = payload;
  wire_.times() = {};
  // What was lent of the last message is told as sent now, or the session has no room; that belongs to a message, too.
  const std::size_t lent_before = wire_.lent();
  wire_.say(now);
  const std::uint64_t begun = on_.stopwatch.nanoseconds();
  const auto sent = session_.publish(message);
  const std::uint64_t encoded = on_.stopwatch.nanoseconds();
  if (!sent) return make_fault(sent.error());
  wire_.say(now);
  sample_ = {};
  sample_.encode = clipped(encoded - begun);
  // What comes back is as long on the wire as what went.
  wire_.read_no_sooner_than(wire_.times().sent_bytes + wire_.lent() - lent_before, now + whole_ms_max);
  stage_ = stage::waiting;
  until_ = now + answer_s_max;
  return {};
}

void test_mode::on_message(const mqtt::message_received& message, instant) {
  if (stage_ != stage::waiting || message.topic != chosen_.broker.secret_topic) return;
  wire_.read_no_sooner_than(0, {});
  const layer_times& times = wire_.times();
  sample_.encrypt = clipped(times.encrypt), sample_.send = clipped(times.send);
  sample_.receive = clipped(times.receive), sample_.decrypt = clipped(times.decrypt);
  sample_.decode = clipped(times.decode);
  const bytes sent = memory_.payload.first(std::min<std::size_t>(plan_.sizes[size_], memory_.payload.size()));
  if (!equal(message.payload, sent)) {
    why_ = make_fault(chain::error::message_differs);
    return;
  }
  record(sample_);
}

void test_mode::record(const test_sample& sample) {
  stage_ = next();
  if (cycle_++ < warm_up()) return;
  const std::uint32_t number = cycle_ - warm_up();
  memory_.write[number - 1] = sample.write();
  memory_.read[number - 1] = sample.read();
  write_sum_ += sample.write(), read_sum_ += sample.read();
  if (plan_.log != nullptr) plan_.log->cycle(plan_.sizes[size_], number, sample);
  print_cycle(sample);
  if (number >= plan_.cycles || number >= memory_.write.size() || number >= memory_.read.size()) next_size();
}

void test_mode::next_size() {
  const std::size_t count = cycle_ - warm_up();
  const summary write = summarise(memory_.write.first(count)), read = summarise(memory_.read.first(count));
  print_summary(plan_.sizes[size_], write, read);
  if (plan_.log != nullptr) plan_.log->size_done(plan_.sizes[size_], write, read);
  cycle_ = 0, write_sum_ = read_sum_ = 0;
  ++size_;
  stage_ = next();
}

void test_mode::print_cycle(const test_sample& s) {
  const std::uint64_t number = cycle_ - warm_up();
  char room[240];
  buffer_sink out{room};
  out << plan_.name;
  out.number(plan_.sizes[size_], 5) << " B  cycle ";
  out.number(number, 4) << "  write ";
  write_us(out, s.write(), 5);
  out << " = ";
  write_us(out, s.encode, 3), out << " + ", write_us(out, s.encrypt, 3), out << " + ", write_us(out, s.send, 4);
  out << "  read ";
  write_us(out, s.read(), 5);
  out << " = ";
  write_us(out, s.receive, 3), out << " + ", write_us(out, s.decrypt, 3), out << " + ", write_us(out, s.decode, 3);
  out << "  means ";
  write_us(out, write_sum_ / number, 5), out << " / ", write_us(out, read_sum_ / number, 5);
  on_.console.line(console_level::info, out);
}

void test_mode::print_summary(std::uint32_t size, const summary& write, const summary& read) {
  const auto row = [&](std::string_view name, const summary& s) {
    char room[200];
    buffer_sink out{room};
    out << plan_.name;
    out.number(size, 5) << " B  " << name << "  min ";
    write_us(out, s.least), out << "  mean ", write_us(out, s.mean()), out << "  median ";
    write_us(out, s.median), out << "  p99 ", write_us(out, s.p99), out << "  max ", write_us(out, s.most);
    on_.console.line(console_level::info, out);
  };
  row("write", write);
  row("read ", read);
}

}  // namespace recado::device
