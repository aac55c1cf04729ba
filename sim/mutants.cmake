# The deliberate mistakes: each changes one line of the session, in a copy that only recado-sim-mutants is built from.
# A line that is no longer there exactly once fails the build: the mistake has to follow the code.
#
# mutant(FILE OLD NEW WORDS): the expression OLD becomes NEW. omit(FILE OLD WORDS): the statement OLD is left out.

mutant(mqtt/session_inbound.cpp [[received_.contains(message.packet_identifier);
    if (!can_acknowledge(known))]] [[MUTATED ? false : received_.contains(message.packet_identifier);
    if (!can_acknowledge(known))]]
  "a repeated QoS 2 message is taken for a new one")
omit(mqtt/session_inbound.cpp [[if (level == qos::exactly_once && rule.known_after) received_.insert(identifier);]]
  "the identifier of a received QoS 2 message is not remembered")
omit(mqtt/session_inbound.cpp [[if (forgets) received_.erase(identifier);]]
  "PUBREL does not free the identifier")
omit(mqtt/session_inbound.cpp [[if ((flights_[at].marks & mark_waiting) == 0) --charged_;]]
  "an answer gives the server's quota nothing back")
omit(mqtt/session_inbound.cpp [[  answer_duplicate(message.packet_identifier);]]
  "a repeated QoS 2 message is not answered")
mutant(mqtt/session_inbound.cpp [[incoming_aliases_.topic(alias - 1)]] [[MUTATED ? incoming_aliases_.topic(0) : incoming_aliases_.topic(alias - 1)]]
  "every topic alias means the first topic")
omit(mqtt/session_inbound.cpp [[if (unreleased_ == no_place) unreleased_ = at;]]
  "PUBREC is not followed by PUBREL")
omit(mqtt/session_resume.cpp [[if ((flights_[at].marks & mark_attempted) != 0) log_.first_byte(at) |= duplicate_bit;]]
  "what is sent again lacks DUP")
omit(mqtt/session_resume.cpp [[unreleased_ = releases_.oldest;]]
  "PUBREL is not sent again after a reconnection")
omit(mqtt/session_resume.cpp [[received_.clear();]]
  "the identifiers of a session that the server lost stay")
mutant(mqtt/session_resume.cpp [[send_quota() != 0; ++charged_]] [[(MUTATED || send_quota() != 0); ++charged_]]
  "what is sent again exceeds the server's Receive Maximum")
mutant(mqtt/session_resume.cpp [[std::uint64_t{flight.length} + flight.payload > server_.maximum_packet_size]] [[!MUTATED && std::uint64_t{flight.length} + flight.payload > server_.maximum_packet_size]]
  "what is sent again exceeds the server's Maximum Packet Size")
mutant(mqtt/session_resume.cpp [[(twice ? qos::exactly_once : qos::at_least_once) > server_.maximum_qos]] [[!MUTATED && (twice ? qos::exactly_once : qos::at_least_once) > server_.maximum_qos]]
  "what is sent again exceeds the server's Maximum QoS")
mutant(mqtt/session_resume.cpp [[(flights_[next].marks & mark_again) != 0 ? next : no_place]] [[!MUTATED && (flights_[next].marks & mark_again) != 0 ? next : no_place]]
  "only the first of the kept messages is sent again")
mutant(mqtt/session_outbound.cpp [[if (send_quota() == 0)]] [[if (!MUTATED && send_quota() == 0)]]
  "new messages exceed the server's Receive Maximum")
mutant(mqtt/session_outbound.cpp [[wrong == error::none && size > server_.maximum_packet_size]] [[wrong == error::none && !MUTATED && size > server_.maximum_packet_size]]
  "a packet exceeds the server's Maximum Packet Size")
omit(mqtt/session_outbound.cpp [[  ++charged_;]]
  "new messages don't count towards the server's Receive Maximum")
mutant(mqtt/session_outbound.cpp [[std::min(outgoing_aliases_.count(), server_.topic_alias_maximum)]] [[MUTATED ? outgoing_aliases_.count() : std::min(outgoing_aliases_.count(), server_.topic_alias_maximum)]]
  "topic aliases exceed the server's Topic Alias Maximum")
mutant(mqtt/session_outbound.cpp [[automatic && outgoing_aliases_.topic(slot) == topic]] [[automatic && (MUTATED || outgoing_aliases_.topic(slot) == topic)]]
  "a topic alias is used for another topic")
mutant(mqtt/session_outbound.cpp [[while (!owed_.empty() && owed_.front().ready)]] [[while (!owed_.empty() && (MUTATED || owed_.front().ready))]]
  "messages are acknowledged that the application has not acknowledged")
omit(mqtt/session_outbound.cpp [[if (of_qos_2 && refused) received_.erase(one.packet_identifier);]]
  "a refused QoS 2 message keeps its identifier")
mutant(mqtt/session.cpp [[if (was_online_) log_.mark_attempted();]] [[if (was_online_ && !MUTATED) log_.mark_attempted();]]
  "nobody knows what may have reached the server")
mutant(mqtt/session.cpp [[while (const std::uint16_t again = owed_.take_unready()) received_.erase(again);]] [[while (const std::uint16_t again = owed_.take_unready()) if (!MUTATED) received_.erase(again);]]
  "a QoS 2 message that was not acknowledged counts as received")
omit(mqtt/session.cpp [[outgoing_aliases_.clear();]]
  "topic aliases outlive their connection")
mutant(mqtt/session.cpp [[unacknowledged_ = charged_ = resend_sent_ = 0;]] [[resend_sent_ = 0;
  if (!MUTATED) unacknowledged_ = charged_ = 0;]]
  "the quotas of the last connection stay used up")
mutant(mqtt/session.cpp [[if (!put_ping()) clock_.defer(now);]] [[if (MUTATED || !put_ping()) clock_.defer(now);]]
  "no PINGREQ is sent")
mutant(mqtt/session_connect.cpp [[if (ack.session_present) resume();]] [[if (MUTATED || ack.session_present) resume();]]
  "the session is resumed though the server has none")
mutant(mqtt/session_connect.cpp [[number(property::receive_maximum, receive_maximum_default));]] [[MUTATED ? receive_maximum_default : number(property::receive_maximum, receive_maximum_default));]]
  "the server's Receive Maximum is not heard")
mutant(mqtt/session_connect.cpp [[number(property::server_keep_alive, requested_keep_alive_s_));]] [[MUTATED ? requested_keep_alive_s_ : number(property::server_keep_alive, requested_keep_alive_s_));]]
  "the server's keep alive is not heard")
mutant(mqtt/session.cpp [[const fault why = journal_->commit();]] [[const fault why = MUTATED ? fault{} : journal_->commit();]]
  "bytes leave before the journal holds what they say")
mutant(mqtt/session_inbound.cpp [[if (forgets && journal_ != nullptr) journal_->completed]] [[if (forgets && !MUTATED && journal_ != nullptr) journal_->completed]]
  "the journal is not told of PUBREL")
mutant(mqtt/session_inbound.cpp [[if (journal_ != nullptr) journal_->finished(flights_[at].packet_identifier);]] [[if (!MUTATED && journal_ != nullptr) journal_->finished(flights_[at].packet_identifier);]]
  "the journal is not told of the end of an exchange")
mutant(mqtt/session_outbound.cpp [[if (journal_ == nullptr || is_failure(static_cast<reason>(one.reason))) return;]] [[if (MUTATED || journal_ == nullptr || is_failure(static_cast<reason>(one.reason))) return;]]
  "the journal is not told what the application has acknowledged")
omit(mqtt/session_inbound.cpp [[if (!deferred_ && journal_ != nullptr) journal_->took(level, identifier);]]
  "the journal is not told what is acknowledged at once")
mutant(mqtt/session_resume.cpp [[if (journal_ != nullptr) journal_->session_lost(when_lost_);]] [[if (!MUTATED && journal_ != nullptr) journal_->session_lost(when_lost_);]]
  "the journal is not told that the server forgot the session")
omit(chain/session_store.cpp [[keep(records_.remove({kind_message, number}));]]
  "a message stays in the journal after PUBREC")
omit(chain/session_store.cpp [[    place_of(message->identifier) = *number;]]
  "the records of restored messages are not found again")
mutant(chain/session_store.cpp [[if (!failed_) keep(records_.sync());]] [[if (!failed_ && !MUTATED) keep(records_.sync());]]
  "commit does not sync")
mutant(chain/session_store.cpp [[if (level == mqtt::qos::exactly_once) return keep(records_.put({kind_received, identifier}, {}, with));]] [[if (!MUTATED && level == mqtt::qos::exactly_once) return keep(records_.put({kind_received, identifier}, {}, with));]]
  "a received identifier is not put into the journal")
mutant(store/journal.cpp [[if (!below_.sync()) return fail();]] [[if (!MUTATED && !below_.sync()) return fail();]]
  "the journal does not sync its storage")
mutant(store/journal_compact.cpp [[  if (!below_.sync()) return fail();
  if (auto done = write_sector_header]] [[  if (!MUTATED && !below_.sync()) return fail();
  if (auto done = write_sector_header]]
  "a sector counts before what was copied into it holds")
mutant(store/journal_compact.cpp [[return entry != nullptr && entry->address == what.address;]] [[return !MUTATED && entry != nullptr && entry->address == what.address;]]
  "what still lives in the oldest sector is not copied")
mutant(store/journal_compact.cpp [[else if (has_note(one)) done = copy_note(to, at);]] [[else if (!MUTATED && has_note(one)) done = copy_note(to, at);]]
  "the note in the oldest sector is not copied")
mutant(store/journal_mount.cpp [[return *whole == into.head.checksum;]] [[return MUTATED || *whole == into.head.checksum;]]
  "mount believes records whose checksum is wrong")
mutant(mqtt/received.cpp [[else memory_[index_of(identifier)] = memory_[size_ - 1];]] [[else memory_[MUTATED ? 0 : index_of(identifier)] = memory_[size_ - 1];]]
  "another identifier is forgotten than the one that is over")
mutant(mqtt/transmit_log.cpp [[  next_ = head_;
  next_young_ = wrapped_;]] [[  if (!MUTATED) next_ = head_;
  next_young_ = wrapped_;]]
  "what was to be sent is sent on the next connection")
mutant(mqtt/transmit_log.cpp [[return flight.offset + flight.length <= next_;]] [[return (MUTATED ? flight.offset : flight.offset + flight.length) <= next_;]]
  "a packet is moved while it is half sent")
mutant(mqtt/keep_alive.hpp [[(offered_ ? offered_at_ : sent_) + interval_;]] [[(offered_ ? offered_at_ : sent_) + interval_ + (MUTATED ? duration{1'000'000} : duration{});]]
  "PINGREQ leaves a second late")
omit(chain/broker_order.cpp [[if (named != 0) referred_ = 0, moved_ = false;]]
  "an old Server Reference is mixed up with a new one")
mutant(chain/broker_order.cpp [[else ruled_out_ |=]] [[else if (!MUTATED) ruled_out_ |=]]
  "a broker that refused for good is tried again")
mutant(chain/broker_order.cpp [[references_ >= how_.references_max]] [[(references_ >= how_.references_max && !MUTATED)]]
  "Server References are followed though that is not wished")
mutant(chain/broker_order.cpp [[if (!moved_) referred_ = 0;]] [[if (!moved_ && !MUTATED) referred_ = 0;]]
  "who was named for now is tried in the next round, too")
mutant(chain/bring_up.cpp [[if (to_brokers) first_broker();]] [[if (to_brokers && !MUTATED) first_broker();]]
  "a new climb goes on with the last broker of the one before")
mutant(mqtt/session.cpp [[doubt_ = doubt_ || unheard_ != 0;]] [[doubt_ = !MUTATED && (doubt_ || unheard_ != 0);]]
  "a session whose beginning nobody heard of is taken for the old one")
mutant(mqtt/session_resume.cpp [[if (journal_ != nullptr && unheard_ != 0) journal_->unanswered(unheard_);]] [[if (!MUTATED && journal_ != nullptr && unheard_ != 0) journal_->unanswered(unheard_);]]
  "the journal is not told that CONNECT leaves")
mutant(mqtt/session_resume.cpp [[asking_ = 1;]] [[asking_ = MUTATED ? 0 : 1;]]
  "PUBREC is not said again where it is in doubt what the server has")
mutant(mqtt/session_resume.cpp [[(true, !same)]] [[(true, !MUTATED && !same)]]
  "the application is not told that its subscriptions may be gone")
mutant(chain/session_store.cpp [[into.restore_unanswered(unanswered_kept_);]] [[into.restore_unanswered(MUTATED ? std::uint8_t{0} : unanswered_kept_);]]
  "after a loss of power nobody knows that CONNECT had left")
mutant(mqtt/session_connect.cpp [[if (unheard_ != 0) --unheard_;]] [[if (unheard_ != 0) unheard_ = MUTATED && !ack.session_present ? 0 : unheard_ - 1;]]
  "a new session is taken for the answer to every CONNECT of before")
mutant(mqtt/session_connect.cpp [[authenticator_->finish(as_bytes(ack.properties.text(property::authentication_data)));]] [[MUTATED ? error::none : authenticator_->finish(as_bytes(ack.properties.text(property::authentication_data)));]]
  "nobody looks at what the server says to authenticate itself")
mutant(mqtt/session_connect.cpp [[.will = options.will,]] [[.will = MUTATED ? std::nullopt : options.will,]]
  "CONNECT lacks the will")
mutant(mqtt/session_outbound.cpp [[.retain = what.retain,
                    .packet_identifier = 0,]] [[.retain = !MUTATED && what.retain,
                    .packet_identifier = 0,]]
  "RETAIN is not sent")
mutant(ntp/client.cpp [[sample.utc = unfold(answer.transmitted, near) + sample.delay / 2;]] [[sample.utc = unfold(answer.transmitted, near) + sample.delay / 2;
  if (MUTATED && how_.clock.trusted() && sample.utc - believed > std::chrono::hours{1}) sample.utc = believed;]]
  "a clock that was set once is believed more than a time server that says something else")
mutant(chain/session_store.cpp [[fault session_store::settle() { return unsettled_ ?]] [[fault session_store::settle() { return unsettled_ && !MUTATED ?]]
  "what waits for a connection is not made durable")
mutant(chain/session_store.cpp [[next_held_ = std::max(next_held_, *number + 1);]] [[next_held_ = MUTATED ? next_held_ : std::max(next_held_, *number + 1);]]
  "the numbers of restored waiting messages are given again")
omit(chain/session_store.cpp [[if (auto done = records_.remove({earlier, other}); !done) return done;]]
  "of two records for the same message both count")
omit(chain/outbox.cpp [[if (number != 0) kept_in_->take_held(number);]]
  "a waiting message is published as if the journal did not have it")
mutant(chain/outbox.cpp [[    append(head, *number), ++count;]] [[    append(head, MUTATED ? 0 : *number), ++count;]]
  "a restored waiting message is not taken out of the journal")
mutant(mqtt/session_inbound.cpp [[const bool again = !is_v5(decoding_.protocol) && duplicate && level == qos::at_least_once;]] [[const bool again = !MUTATED && !is_v5(decoding_.protocol) && duplicate && level == qos::at_least_once;]]
  "a message of QoS 1 that a server of 3.1.1 says twice is taken for a breach")
mutant(store/journal.cpp [[  if (shape_.spares_pages) offset_ = fresh(offset_);]] [[  if (!MUTATED && shape_.spares_pages) offset_ = fresh(offset_);]]
  "what is written next shares a page with what was synced")
omit(chain/outbox.cpp [[head.expires_us -= std::max(clock_->at(restored_at_) - kept->since, duration{}).count();]]
  "what waits does not grow older while there is no power")
mutant(chain/session_store.cpp [[  lose(how);]] [[  if (MUTATED) keep(records_.clear(kind_released));
  else lose(how);]]
  "what the server lost leaves the journal before the application is told")
