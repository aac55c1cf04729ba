#include <recado/chain/router.hpp>

#include <cstring>

#include <recado/mqtt/topic.hpp>

namespace recado::chain {
namespace {

constexpr std::uint32_t none = 0;
constexpr std::uint32_t root = 1;
constexpr std::size_t header_bytes = 6;  // in front of a level's text: its node, its length
enum kind : std::uint8_t { is_free, is_name, is_plus, is_rest };

std::uint32_t hash_of(std::uint32_t parent, std::string_view level) {
  std::uint32_t value = 2'166'136'261U ^ parent * 0x9e37'79b9U;
  for (const char c : level) value = (value ^ static_cast<unsigned char>(c)) * 16'777'619U;
  value = (value ^ value >> 15) * 0x9e37'79b9U;  // neighbours like 7 and 8 differ in a few low bits only
  return value ^ value >> 16;
}

/// A way through the levels of a topic, forwards and back.
struct position {
  std::string_view topic;
  std::size_t at = 0;  // where the next level begins; behind the end: there is none

  bool at_end() const { return at > topic.size(); }
  std::string_view level() const { return topic.substr(at, topic.find('/', at) - at); }
  void forward() { at += level().size() + 1; }
  void back() {
    const std::size_t end = at - 1;
    const std::size_t slash = end == 0 ? topic.npos : topic.rfind('/', end - 1);
    at = slash == topic.npos ? 0 : slash + 1;
  }
};

}  // namespace

router::router(const router_memory& given) : memory_(given) { clear(); }

void router::clear() {
  free_nodes_ = free_routes_ = none;
  text_end_ = text_dead_ = size_ = 0;
  for (std::uint32_t& each : memory_.buckets) each = none;
  for (std::size_t i = memory_.nodes.size(); i-- > 0;) {
    memory_.nodes[i] = {};
    if (i > root) memory_.nodes[i].chain = free_nodes_, free_nodes_ = static_cast<std::uint32_t>(i);
  }
  for (std::size_t i = memory_.routes.size(); i-- > 0;) {
    memory_.routes[i] = {};
    if (i != none) memory_.routes[i].next = free_routes_, free_routes_ = static_cast<std::uint32_t>(i);
  }
}

std::string_view router::level_of(const route_node& node) const {
  return as_text(memory_.text.subspan(node.text + header_bytes, node.length));
}

std::uint32_t router::find(std::uint32_t parent, std::string_view level, std::size_t& compared) const {
  const std::uint32_t hash = hash_of(parent, level);
  for (std::uint32_t at = bucket(hash); at != none; at = memory_.nodes[at].chain) {
    const route_node& node = memory_.nodes[at];
    ++compared;
    if (node.hash == hash && node.parent == parent && level_of(node) == level) return at;
  }
  return none;
}

// A level of a filter, not of a topic: + and # are wildcards here.
std::uint32_t router::child(std::uint32_t parent, std::string_view level) const {
  if (level == "+") return memory_.nodes[parent].plus;
  if (level == "#") return memory_.nodes[parent].rest;
  std::size_t compared = 0;
  return find(parent, level, compared);
}

std::uint32_t router::store(std::uint32_t node, std::string_view level) {
  const std::size_t size = header_bytes + level.size();
  if (memory_.text.size() - text_end_ < size && text_dead_ != 0) compact();
  if (memory_.text.size() - text_end_ < size) return UINT32_MAX;
  const auto at = static_cast<std::uint32_t>(text_end_);
  const auto length = static_cast<std::uint16_t>(level.size());
  std::memcpy(memory_.text.data() + at, &node, 4);
  std::memcpy(memory_.text.data() + at + 4, &length, 2);
  copy(as_bytes(level), memory_.text.subspan(at + header_bytes));
  text_end_ += size;
  return at;
}

// Slides the texts that are in use over the gaps that removed ones have left.
void router::compact() {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text_end_;) {
    std::uint32_t node = none;
    std::uint16_t length = 0;
    std::memcpy(&node, memory_.text.data() + from, 4);
    std::memcpy(&length, memory_.text.data() + from + 4, 2);
    const std::size_t size = header_bytes + length;
    if (node != none) {
      std::memmove(memory_.text.data() + to, memory_.text.data() + from, size);
      memory_.nodes[node].text = static_cast<std::uint32_t>(to);
      to += size;
    }
    from += size;
  }
  text_end_ = to, text_dead_ = 0;
}

std::uint32_t router::make(std::uint32_t parent, std::string_view level) {
  const std::uint32_t at = free_nodes_;
  if (at == none) return none;
  route_node fresh{};
  fresh.parent = parent;
  if (level == "+") {
    fresh.kind = is_plus, memory_.nodes[parent].plus = at;
  } else if (level == "#") {
    fresh.kind = is_rest, memory_.nodes[parent].rest = at;
  } else {
    fresh.text = store(at, level);
    if (fresh.text == UINT32_MAX) return none;
    fresh.kind = is_name, fresh.hash = hash_of(parent, level), fresh.length = static_cast<std::uint16_t>(level.size());
  }
  free_nodes_ = memory_.nodes[at].chain;
  if (fresh.kind == is_name) fresh.chain = bucket(fresh.hash), bucket(fresh.hash) = at;
  memory_.nodes[at] = fresh;
  ++memory_.nodes[parent].children;
  return at;
}

void router::unlink(std::uint32_t at) {
  route_node& node = memory_.nodes[at];
  route_node& parent = memory_.nodes[node.parent];
  if (node.kind == is_plus) parent.plus = none;
  if (node.kind == is_rest) parent.rest = none;
  if (node.kind == is_name) {
    std::uint32_t* link = &bucket(node.hash);
    while (*link != at) link = &memory_.nodes[*link].chain;
    *link = node.chain;
    std::memset(memory_.text.data() + node.text, 0, 4);  // nobody's
    text_dead_ += header_bytes + node.length;
  }
  --parent.children;
  node = {};
  node.chain = free_nodes_, free_nodes_ = at;
}

// Removes what leads nowhere any more, up to the root.
void router::prune(std::uint32_t at) {
  while (at != root && memory_.nodes[at].routes == none && memory_.nodes[at].children == 0) {
    const std::uint32_t parent = memory_.nodes[at].parent;
    unlink(at);
    at = parent;
  }
}

std::expected<route_id, mqtt::error> router::add(std::string_view filter, std::uint32_t value, mqtt::version protocol) {
  if (const auto valid = mqtt::check_topic_filter(filter, protocol); !valid) return std::unexpected{valid.error()};
  if (const auto parts = mqtt::split_shared(filter)) filter = parts->filter;
  if (free_routes_ == none || memory_.nodes.size() <= root || memory_.buckets.empty())
    return std::unexpected{mqtt::error::no_room};
  std::uint32_t at = root;
  for (position level{filter}; !level.at_end(); level.forward()) {
    std::uint32_t next = child(at, level.level());
    if (next == none) next = make(at, level.level());
    if (next == none) {
      prune(at);
      return std::unexpected{mqtt::error::no_room};
    }
    at = next;
  }
  const route_id id = free_routes_;
  free_routes_ = memory_.routes[id].next;
  memory_.routes[id] = {at, memory_.nodes[at].routes, value};
  memory_.nodes[at].routes = id;
  ++size_;
  return id;
}

bool router::remove(route_id which) {
  if (which == none || which >= memory_.routes.size() || memory_.routes[which].node == none) return false;
  const std::uint32_t at = memory_.routes[which].node;
  std::uint32_t* link = &memory_.nodes[at].routes;
  while (*link != which) link = &memory_.routes[*link].next;
  *link = memory_.routes[which].next;
  memory_.routes[which] = {none, free_routes_, 0};
  free_routes_ = which;
  --size_;
  prune(at);
  return true;
}

std::size_t router::tell(std::uint32_t node, callback call, void* to) const {
  std::size_t count = 0;
  if (node == none) return count;
  for (std::uint32_t at = memory_.nodes[node].routes; at != none; at = memory_.routes[at].next, ++count)
    call(to, memory_.routes[at].value);
  return count;
}

// Depth first: into the child of that name, on the way back into +, and only then further back.
router_cost router::walk(std::string_view topic, callback call, void* to) const {
  router_cost cost;
  if (topic.empty() || size_ == 0) return cost;
  const bool hidden = topic[0] == '$';  // [MQTT-4.7.2-1]
  position level{topic};
  std::uint32_t at = root;
  for (;;) {
    ++cost.visited;
    const route_node& here = memory_.nodes[at];
    const bool wildcards = at != root || !hidden;
    if (wildcards) cost.matched += tell(here.rest, call, to);  // the parent of # too (4.7.1.2)
    if (level.at_end()) cost.matched += tell(at, call, to);
    std::uint32_t next = level.at_end() ? none : find(at, level.level(), cost.compared);
    if (next == none && !level.at_end() && wildcards) next = here.plus;
    while (next == none && at != root) {  // back, until there is a + that wasn't tried
      const route_node& left = memory_.nodes[at];
      level.back();
      at = left.parent;
      if (left.kind == is_name && (at != root || !hidden)) next = memory_.nodes[at].plus;
    }
    if (next == none) return cost;
    level.forward();
    at = next;
  }
}

}  // namespace recado::chain
