// The session of a build that knows 3.1.1 only: it speaks that version whole, and refuses everything of 5.0.
#include <tests/support/mqtt_every_build.hpp>

namespace recado::mqtt::test {
namespace {

static_assert(!has_version_5 && !is_v5(version::v5_0));

dialogue talk(const sizes& s = {}) {
  dialogue out{s};
  out.speaks(version::v3_1_1);
  return out;
}

TEST(only_3_1_1, refuses_what_5_0_has) {
  const property_value user[] = {{"k", "v"}};
  const properties list{std::span<const property_value>{user}};
  subject who{{}};
  session& s = who.machine;
  const auto tries = [&](connect_options options) {
    options.client_identifier = "c";
    return error_of(s.connect(options));
  };
  EXPECT_EQ(tries({.version = version::v5_0}), error::version_not_built);
  EXPECT_EQ(tries({.version = version::v3_1_1, .session_expiry_s = 1}), error::needs_version_5);
  EXPECT_EQ(tries({.version = version::v3_1_1, .authentication_method = "M"}), error::needs_version_5);
  EXPECT_EQ(tries({.version = version::v3_1_1, .user_properties = list}), error::needs_version_5);
  talk()
      .connects()
      .does(refuses(error::needs_version_5,
                    [=](session& one) { return error_of(one.publish({.topic = "t", .properties = list})); }))
      .does(refuses(error::needs_version_5,
                    [](session& one) { return error_of(one.publish({.topic = "t", .topic_alias = 1})); }))
      .does(refuses(error::needs_version_5,
                    [](session& one) {
                      const subscription filter[] = {{.filter = "a", .no_local = true}};
                      return error_of(one.subscribe(filter));
                    }))
      .does(
          refuses(error::authentication_not_expected, [](session& one) { return error_of(one.authenticate("M", {})); }))
      .check();
}

TEST(only_3_1_1, publishes_and_receives_with_every_qos) {
  dialogue one = talk();
  exchanges_every_qos(one.connects()).check();
}

TEST(only_3_1_1, subscribes_and_unsubscribes) {
  static const subscription filter[] = {{.filter = "a/+", .qos = qos::exactly_once}};
  static const std::string_view name[] = {"a/+"};
  talk()
      .connects()
      .does([](session& s) { EXPECT_TRUE(s.subscribe(filter).has_value()); })
      .sends(raw({0x82, 8, 0, 1, 0, 3, 'a', '/', '+', 2}))
      .hears(raw({0x90, 3, 0, 1, 2}))
      .tells("subscribed #1 2")
      .does([](session& s) { EXPECT_TRUE(s.unsubscribe(name).has_value()); })
      .sends(raw({0xa2, 7, 0, 2, 0, 3, 'a', '/', '+'}))
      .hears(raw({0xb0, 2, 0, 2}))
      .tells("unsubscribed #2")
      .check();
}

TEST(only_3_1_1, goes_on_where_it_stopped) {
  connack present;
  present.session_present = true;
  dialogue one = talk();
  goes_on_where_it_stopped(one, {.client_identifier = "c", .clean_start = false}, present).check();
}

TEST(only_3_1_1, what_is_wrong_only_closes) {
  for (const octets& heard :
       {raw({0x20, 2, 0, 0}), raw({0xd0, 0}), raw({0xe0, 0}), raw({0xf0, 0}), raw({0x40, 2, 0, 9}),
        raw({0x30, 2, 0, 0}), raw({0x36, 5, 0, 1, 't', 0, 1}), raw({0x90, 3, 0, 9, 0})}) {
    SCOPED_TRACE(hex(heard));
    subject who{{}};
    talk().connects().play({}, who);
    bytes in = heard;
    const auto what = who.machine.receive(in, {});
    ASSERT_TRUE(what && session::ends(*what));
    EXPECT_TRUE(who.machine.pending({}).empty());
  }
}

TEST(only_3_1_1, keeps_alive_and_says_goodbye) {
  talk()
      .connects({.keep_alive_s = 20})
      .after(20s)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .does([](session& s) { EXPECT_TRUE(s.disconnect().has_value()); })
      .sends(raw({0xe0, 0}))
      .tells("closed")
      .once()
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
