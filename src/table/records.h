/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_RECORDS_H
#define BAL_TABLE_RECORDS_H

/*
 * The fields of every event's payload and of an effect, as tables: core/record.c makes of them the
 * descriptions that drive encoding, decoding and printing. The order of the rows is the order of
 * the bytes in a journal: a change of order or of a field's kind is a new RECORD_VERSION (in
 * core/codec.c). A row is
 *
 *     X(type, how, at, member, phrase)
 *
 * type    the structure that the list describes
 * how     the kind of the field, from RECORD_HOW_MAP; an array has one row for all its elements
 * at      where the member is: empty, or the path of a nested structure with its dot
 * member  its name; {member} in the prose below stands for its value
 * phrase  how it reads when the prose did not name it and it is not its default; # is its value.
 *         An empty phrase: only the prose prints it.
 */

/* X(how, size, max): bytes of one element in memory, and the largest number that may stand in a
 * journal for it (see record_pack in core/record.c). */
#define RECORD_HOW_MAP(X)                                                                          \
	X(UNUSED, 4, 0)               /* takes no bytes, reads as 0 */                             \
	X(U32, 4, UINT32_MAX)         /* a count; 0 = default */                                   \
	X(INDEX, 4, UINT32_MAX)       /* a number of something interned, or BAL_NONE */            \
	X(TASK_FLAGS, 4, UINT32_MAX)  /* BAL_TASK_ bits */                                         \
	X(OUTCOMES, 4, UINT32_MAX)    /* a bit per enum bal_outcome */                             \
	X(U64, 8, UINT64_MAX)         /* an id or hash; 0 = none */                                \
	X(TAGS, 8, UINT64_MAX)        /* words of struct bal_tags */                               \
	X(VALUE, 8, UINT64_MAX)       /* a signed number */                                        \
	X(DURATION_NS, 8, UINT64_MAX) /* signed; 0 or BAL_NEVER_NS = default */                    \
	X(INSTANT_NS, 8, UINT64_MAX)  /* signed core time; likewise */                             \
	X(FLAG, 1, 1)                 /* bool */                                                   \
	X(TEXT, sizeof(struct bal_text), BAL_TEXT_MAX)                                             \
	X(BYTES, sizeof(struct bal_text), BAL_JOB_RESULT_MAX) /* not for people */                 \
	X(PRIORITY, 4, BAL_PRIORITY_COUNT - 1)                                                     \
	X(TASK_STATE, 4, BAL_TASK_STATE_COUNT - 1)                                                 \
	X(AGENT_STATE, 4, BAL_AGENT_STATE_COUNT - 1)                                               \
	X(OUTCOME, 4, BAL_OUTCOME_COUNT - 1)                                                       \
	X(REASON, 4, BAL_REASON_COUNT - 1)                                                         \
	X(POOL_KIND, 4, BAL_POOL_KIND_COUNT - 1)                                                   \
	X(STRATEGY, 4, BAL_STRATEGY_COUNT - 1)                                                     \
	X(SIGNAL, 4, BAL_SIGNAL_COUNT - 1)                                                         \
	X(STATUS, 4, BAL_STATUS_COUNT - 1)                                                         \
	X(SPACE, 4, BAL_SYMBOL_SPACE_COUNT - 1)                                                    \
	X(KNOB, 4, BAL_KNOB_COUNT - 1)                                                             \
	X(SUBJECT, 4, BAL_SUBJECT_COUNT - 1)                                                       \
	X(MARKET, 4, BAL_MARKET_COUNT - 1)                                                         \
	X(VERTICAL, 4, BAL_VERTICAL_COUNT - 1)                                                     \
	/* of saved states only, see table/states.h */                                             \
	X(DOUBLE, 8, UINT64_MAX)   /* finite; its 64 bits */                                       \
	X(PAST_NS, 8, UINT64_MAX)  /* signed core time whose distance to others is taken */        \
	X(SINCE_NS, 8, UINT64_MAX) /* likewise, or BAL_NEVER_NS */                                 \
	X(WHY_KIND, 4, BAL_WHY_SCALED)                                                             \
	X(EFFECT, 4, BAL_EFFECT_COUNT - 1)                                                         \
	X(ORDER_TYPE, 4, BAL_ORDER_TYPE_COUNT - 1)                                                 \
	X(ORDER_STATE, 4, BAL_ORDER_STATE_COUNT - 1)                                               \
	X(TIMING, 4, BAL_TIMING_COUNT - 1)                                                         \
	X(CONDITION, 4, BAL_CONDITION_COUNT - 1)                                                   \
	X(VERDICT, 4, BAL_VERDICT_COUNT - 1)                                                       \
	X(PRIORITY_8, 1, BAL_PRIORITY_COUNT - 1)                                                   \
	X(TASK_STATE_8, 1, BAL_TASK_STATE_COUNT - 1)                                               \
	X(AGENT_STATE_8, 1, BAL_AGENT_STATE_COUNT - 1)                                             \
	X(REASON_8, 1, BAL_REASON_COUNT - 1)

/* The payloads: for each a RECORD_FIELDS_name below and a struct bal_event_name. */
#define RECORD_PAYLOAD_MAP(X)                                                                      \
	X(more)                                                                                    \
	X(start)                                                                                   \
	X(clock)                                                                                   \
	X(gap)                                                                                     \
	X(symbol)                                                                                  \
	X(knob)                                                                                    \
	X(pool)                                                                                    \
	X(pool_removed)                                                                            \
	X(pool_paused)                                                                             \
	X(pool_scaled)                                                                             \
	X(limit)                                                                                   \
	X(tenant)                                                                                  \
	X(task)                                                                                    \
	X(restored)                                                                                \
	X(stored)                                                                                  \
	X(cancelled)                                                                               \
	X(attempt)                                                                                 \
	X(extended)                                                                                \
	X(ended)                                                                                   \
	X(up)                                                                                      \
	X(agent)                                                                                   \
	X(down)                                                                                    \
	X(slots)                                                                                   \
	X(drain)                                                                                   \
	X(sample)                                                                                  \
	X(scale_ended)                                                                             \
	X(job_done)                                                                                \
	X(rule)                                                                                    \
	X(objective)                                                                               \
	X(peak)                                                                                    \
	X(minimum)                                                                                 \
	X(vertical)                                                                                \
	X(budget)                                                                                  \
	X(resized)                                                                                 \
	X(order)                                                                                   \
	X(order_cancelled)

#define RECORD_FIELDS_more(X, type, at) X(type, UNUSED, at, unused, "")

#define RECORD_FIELDS_start(X, type, at)                                                           \
	X(type, U32, at, epoch, "")                                                                \
	X(type, U64, at, seed, "")

#define RECORD_FIELDS_clock(X, type, at) X(type, DURATION_NS, at, utc_offset_ns, "")

#define RECORD_FIELDS_gap(X, type, at) X(type, DURATION_NS, at, duration_ns, "")

#define RECORD_FIELDS_symbol(X, type, at)                                                          \
	X(type, SPACE, at, space, "")                                                              \
	X(type, INDEX, at, number, "")                                                             \
	X(type, TEXT, at, text, "")

#define RECORD_FIELDS_knob(X, type, at)                                                            \
	X(type, KNOB, at, knob, "")                                                                \
	X(type, VALUE, at, value, "")

#define RECORD_FIELDS_scale_rule(X, type, at, direction)                                           \
	X(type, U32, at, load_permille, direction " at # permille")                                \
	X(type, DURATION_NS, at, sustain_ns, direction " after #")                                 \
	X(type, DURATION_NS, at, cooldown_ns, direction " cool-down #")

/* A list in a list: layout by hand, clang-format would join the rows. */
/* clang-format off */
#define RECORD_FIELDS_pool(X, type, at)                                                            \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, POOL_KIND, at, kind, "")                                                           \
	X(type, TAGS, at offers., words, "offers tags #")                                          \
	X(type, U32, at, slots, "# slots")                                                         \
	X(type, U32, at, agents_min, "min #")                                                      \
	X(type, U32, at, agents_baseline, "baseline #")                                            \
	X(type, U32, at, agents_max, "max #")                                                      \
	X(type, U32, at, cpu_millis, "# millicores")                                               \
	X(type, U32, at, memory_mib, "# MiB")                                                      \
	X(type, VALUE, at, price_microcents_hour, "# microcents/h")                                \
	X(type, DURATION_NS, at, timeout_ns, "time-out #")                                         \
	X(type, DURATION_NS, at, drain_limit_ns, "drain limit #")                                  \
	X(type, DURATION_NS, at, backoff_ns, "back-off #")                                         \
	X(type, DURATION_NS, at, backoff_max_ns, "back-off max #")                                 \
	X(type, U32, at, attempts_max, "# attempts")                                               \
	X(type, OUTCOMES, at, retry_outcomes, "retries #")                                         \
	X(type, INDEX, at, limits, "limits #")                                                     \
	X(type, STRATEGY, at, strategy, "#")                                                       \
	RECORD_FIELDS_scale_rule(X, type, at up., "up")                                            \
	RECORD_FIELDS_scale_rule(X, type, at down., "down")                                        \
	X(type, U32, at, queue_deep, "deep queue #")                                               \
	X(type, DURATION_NS, at, emergency_wait_ns, "emergency wait #")                            \
	X(type, MARKET, at, market, "#")                                                           \
	X(type, FLAG, at, advise, "advised only")
/* clang-format on */

#define RECORD_FIELDS_pool_removed(X, type, at) X(type, INDEX, at, pool, "")

#define RECORD_FIELDS_pool_paused(X, type, at)                                                     \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, FLAG, at, dispatch, "")                                                            \
	X(type, FLAG, at, scale_out, "")                                                           \
	X(type, FLAG, at, scale_in, "")

#define RECORD_FIELDS_pool_scaled(X, type, at)                                                     \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, agents, "")

#define RECORD_FIELDS_limit(X, type, at)                                                           \
	X(type, INDEX, at, limit, "")                                                              \
	X(type, U32, at, running_max, "# running")                                                 \
	X(type, U32, at, starts_max, "# starts")                                                   \
	X(type, DURATION_NS, at, starts_period_ns, "per #")

#define RECORD_FIELDS_tenant(X, type, at)                                                          \
	X(type, INDEX, at, tenant, "")                                                             \
	X(type, U32, at, weight, "")                                                               \
	X(type, U32, at, queued_max, "# queued")                                                   \
	X(type, U32, at, running_max, "# running")                                                 \
	X(type, U32, at, rate_max, "# submissions")                                                \
	X(type, DURATION_NS, at, rate_period_ns, "per #")

#define RECORD_FIELDS_needs(X, type, at)                                                           \
	X(type, TAGS, at tags., words, "needs tags #")                                             \
	X(type, U32, at, cpu_millis, "# millicores")                                               \
	X(type, U32, at, memory_mib, "# MiB")                                                      \
	X(type, U32, at, unknown_count, "# unknown needs")                                         \
	X(type, FLAG, at, exclusive, "alone")                                                      \
	X(type, U64, at, not_agents, "not on agents #")

#define RECORD_FIELDS_task(X, type, at)                                                            \
	X(type, U64, at, id, "")                                                                   \
	X(type, INDEX, at, kind, "")                                                               \
	X(type, PRIORITY, at, priority, "")                                                        \
	X(type, INDEX, at, tenant, "")                                                             \
	X(type, TASK_FLAGS, at, flags, "#")                                                        \
	X(type, U64, at, parent, "parent #")                                                       \
	X(type, U64, at, conversation, "conversation #")                                           \
	X(type, U32, at, attempts_max, "# attempts")                                               \
	X(type, INSTANT_NS, at, deadline_ns, "deadline #")                                         \
	X(type, DURATION_NS, at, size_ns, "size #")                                                \
	RECORD_FIELDS_needs(X, type, at needs.)

/* A list in a list: layout by hand, clang-format would join the rows. */
/* clang-format off */
#define RECORD_FIELDS_restored(X, type, at)                                                        \
	RECORD_FIELDS_task(X, type, at task.)                                                      \
	X(type, INSTANT_NS, at, submitted_at_ns, "submitted at #")                                 \
	X(type, INSTANT_NS, at, not_before_ns, "not before #")                                     \
	X(type, U32, at, attempt, "attempt #")                                                     \
	X(type, U32, at, epoch, "epoch #")                                                         \
	X(type, U32, at, failures, "# failures")                                                   \
	X(type, U64, at, agent, "on agent #")                                                      \
	X(type, INSTANT_NS, at, until_ns, "until #")
/* clang-format on */

#define RECORD_FIELDS_stored(X, type, at)                                                          \
	X(type, U64, at, task, "")                                                                 \
	X(type, STATUS, at, status, "")

#define RECORD_FIELDS_cancelled(X, type, at) X(type, U64, at, task, "")

#define RECORD_FIELDS_attempt(X, type, at)                                                         \
	X(type, U64, at, task, "")                                                                 \
	X(type, U32, at, attempt, "")

#define RECORD_FIELDS_extended(X, type, at)                                                        \
	X(type, U64, at, task, "")                                                                 \
	X(type, U32, at, attempt, "")                                                              \
	X(type, INSTANT_NS, at, until_ns, "")

#define RECORD_FIELDS_ended(X, type, at)                                                           \
	X(type, U64, at, task, "")                                                                 \
	X(type, U32, at, attempt, "")                                                              \
	X(type, OUTCOME, at, outcome, "")                                                          \
	X(type, U32, at, epoch, "epoch #")                                                         \
	X(type, DURATION_NS, at, service_ns, "service #")                                          \
	X(type, DURATION_NS, at, retry_after_ns, "retry after #")                                  \
	X(type, U64, at, waits_for, "waits for task #")                                            \
	X(type, U64, at, bytes_sent, "# bytes sent")                                               \
	X(type, VALUE, at, cost_microcents, "# microcents")

#define RECORD_FIELDS_up(X, type, at)                                                              \
	X(type, U64, at, agent, "")                                                                \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, AGENT_STATE, at, state, "")                                                        \
	X(type, U32, at, slots, "# slots")                                                         \
	X(type, U64, at, order, "order #")

#define RECORD_FIELDS_agent(X, type, at) X(type, U64, at, agent, "")

#define RECORD_FIELDS_down(X, type, at)                                                            \
	X(type, U64, at, agent, "")                                                                \
	X(type, FLAG, at, expected, "expected")

#define RECORD_FIELDS_slots(X, type, at)                                                           \
	X(type, U64, at, agent, "")                                                                \
	X(type, U32, at, slots, "")

#define RECORD_FIELDS_drain(X, type, at)                                                           \
	X(type, U64, at, agent, "")                                                                \
	X(type, FLAG, at, back, "no, back into service")

#define RECORD_FIELDS_sample(X, type, at)                                                          \
	X(type, SUBJECT, at, subject, "")                                                          \
	X(type, U64, at, id, "")                                                                   \
	X(type, SIGNAL, at, signal, "")                                                            \
	X(type, VALUE, at, value, "")

#define RECORD_FIELDS_scale_ended(X, type, at)                                                     \
	X(type, U64, at, order, "")                                                                \
	X(type, STATUS, at, status, "")                                                            \
	X(type, U32, at, count, "# agents")

#define RECORD_FIELDS_job_done(X, type, at)                                                        \
	X(type, U64, at, job, "")                                                                  \
	X(type, U32, at, generation, "")                                                           \
	X(type, STATUS, at, status, "")                                                            \
	X(type, BYTES, at, result, "#")

#define RECORD_FIELDS_rule(X, type, at)                                                            \
	X(type, U32, at, rule, "")                                                                 \
	X(type, FLAG, at, enabled, "")                                                             \
	X(type, VALUE, at, threshold, "")                                                          \
	X(type, DURATION_NS, at, sustain_ns, "for #")                                              \
	X(type, VALUE, at, clear, "until #")                                                       \
	X(type, DURATION_NS, at, clear_ns, "for #")                                                \
	X(type, TAGS, at, tag_words, "of pools with tags #")

#define RECORD_FIELDS_objective(X, type, at)                                                       \
	X(type, INDEX, at, kind, "")                                                               \
	X(type, FLAG, at, enabled, "")                                                             \
	X(type, FLAG, at, recovers, "recovers by itself")                                          \
	X(type, U32, at, measure, "measure #")                                                     \
	X(type, DURATION_NS, at, response_ns, "within #")                                          \
	X(type, U32, at, slowdown_permille, "slowdown #")                                          \
	X(type, U32, at, target_permille, "targets #")

#define RECORD_FIELDS_peak(X, type, at)                                                            \
	X(type, U32, at, place, "")                                                                \
	X(type, INDEX, at, name, "")                                                               \
	X(type, U32, at, days, "days #")                                                           \
	X(type, VALUE, at, begins_ns, "")                                                          \
	X(type, DURATION_NS, at, duration_ns, "for #")                                             \
	X(type, U32, at, factor_permille, "# permille of the usual")                               \
	X(type, U32, at, rate_count, "# tasks")                                                    \
	X(type, DURATION_NS, at, rate_period_ns, "per #")                                          \
	X(type, U32, at, kinds_count, "# kinds")                                                   \
	X(type, U32, at, kinds, "kinds #")

#define RECORD_FIELDS_order(X, type, at)                                                           \
	X(type, U64, at, key, "")                                                                  \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, agents, "")                                                               \
	X(type, TIMING, at, timing, "")                                                            \
	X(type, CONDITION, at, condition, "")                                                      \
	X(type, U32, at, threshold, "")                                                            \
	X(type, INSTANT_NS, at, at_ns, "at #")                                                     \
	X(type, INSTANT_NS, at, expires_at_ns, "until #")

#define RECORD_FIELDS_order_cancelled(X, type, at) X(type, U64, at, order, "")

#define RECORD_FIELDS_minimum(X, type, at)                                                         \
	X(type, U32, at, place, "")                                                                \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, days, "days #")                                                           \
	X(type, VALUE, at, begins_ns, "")                                                          \
	X(type, DURATION_NS, at, duration_ns, "for #")                                             \
	X(type, U32, at, agents, "")

#define RECORD_FIELDS_vertical(X, type, at)                                                        \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, VERTICAL, at, mode, "")                                                            \
	X(type, FLAG, at, able, "able")                                                            \
	X(type, U32, at, cpu_max_millis, "most # millicores")                                      \
	X(type, U32, at, memory_max_mib, "most # MiB")                                             \
	X(type, U32, at, cpu_budget_millis, "together # millicores")                               \
	X(type, U32, at, memory_budget_mib, "together # MiB")

#define RECORD_FIELDS_budget(X, type, at)                                                          \
	X(type, U32, at, cpu_millis, "# millicores")                                               \
	X(type, U32, at, memory_mib, "# MiB")

#define RECORD_FIELDS_resized(X, type, at)                                                         \
	X(type, U64, at, order, "order #")                                                         \
	X(type, U64, at, agent, "")                                                                \
	X(type, STATUS, at, status, "")                                                            \
	X(type, U32, at, cpu_millis, "# millicores")                                               \
	X(type, U32, at, memory_mib, "# MiB")

/* pool has no phrase: most effects leave it 0, which would read as a pool. */
#define RECORD_FIELDS_effect(X, type, at)                                                          \
	X(type, U64, at, task, "task #")                                                           \
	X(type, U32, at, attempt, "attempt #")                                                     \
	X(type, U64, at, agent, "agent #")                                                         \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, count, "count #")                                                         \
	X(type, U64, at, order, "order #")                                                         \
	X(type, TASK_STATE, at, state, "#")                                                        \
	X(type, INSTANT_NS, at, until_ns, "until #")                                               \
	X(type, DURATION_NS, at, value_ns, "value #")                                              \
	X(type, REASON, at, reason, "(#)")

/* How each event reads: X(name, prose). */
#define RECORD_EVENT_MAP(X)                                                                        \
	X(MORE, "more effects")                                                                    \
	X(TIMEOUT, "time-out")                                                                     \
	X(START, "start: epoch {epoch}, seed {seed}")                                              \
	X(STOP, "stop")                                                                            \
	X(CLOCK, "wall clock ahead by {utc_offset_ns}")                                            \
	X(GAP, "stopped for {duration_ns}")                                                        \
	X(SYMBOL, "{space} {number} is {text}")                                                    \
	X(KNOB, "knob {knob} is {value}")                                                          \
	X(POOL, "pool {pool} defined: {kind}")                                                     \
	X(POOL_REMOVED, "pool {pool} removed")                                                     \
	X(POOL_PAUSED, "pool {pool} paused: dispatch {dispatch}, scaling out {scale_out}, "        \
		       "scaling in {scale_in}")                                                    \
	X(POOL_SCALED, "pool {pool} asked for {agents} agents")                                    \
	X(LIMIT, "limit {limit} defined")                                                          \
	X(TENANT, "tenant {tenant} defined: weight {weight}")                                      \
	X(TASK_SUBMITTED, "task {id} submitted: kind {kind}, {priority}, tenant {tenant}")         \
	X(TASK_RESTORED, "task {id} restored: kind {kind}, {priority}, tenant {tenant}")           \
	X(TASK_STORED, "storing task {task}: {status}")                                            \
	X(TASK_CANCELLED, "task {task} cancelled")                                                 \
	X(RESULT_STORED, "storing the result of task {task}: {status}")                            \
	X(ATTEMPT_STARTED, "task {task} attempt {attempt} started")                                \
	X(ATTEMPT_EXTENDED, "task {task} attempt {attempt} extended until {until_ns}")             \
	X(ATTEMPT_ENDED, "task {task} attempt {attempt} ended: {outcome}")                         \
	X(AGENT_UP, "agent {agent} up: pool {pool}, {state}")                                      \
	X(AGENT_READY, "agent {agent} ready")                                                      \
	X(AGENT_UNHEALTHY, "agent {agent} unhealthy")                                              \
	X(AGENT_DOWN, "agent {agent} down")                                                        \
	X(AGENT_SLOTS, "agent {agent} now has {slots} slots")                                      \
	X(AGENT_DRAINED, "agent {agent} asked to drain")                                           \
	X(SAMPLE, "{subject} {id} sampled: {signal} {value}")                                      \
	X(SCALE_ENDED, "order {order} ended: {status}")                                            \
	X(JOB_DONE, "job {job} generation {generation} done: {status}")                            \
	X(RULE, "rule {rule}: enabled {enabled}, threshold {threshold}")                           \
	X(OBJECTIVE, "objectives of kind {kind}: enabled {enabled}")                               \
	X(PEAK, "peak {name} in place {place}: from {begins_ns}")                                  \
	X(MINIMUM, "minimum {agents} of pool {pool} in place {place}: from {begins_ns}")           \
	X(VERTICAL, "resources of pool {pool}'s agents: {mode}")                                   \
	X(BUDGET, "budget of the host")                                                            \
	X(RESIZED, "limits of agent {agent}: {status}")                                            \
	X(ORDER, "pool {pool} is to have {agents} agents: {timing}, {condition} {threshold}, "     \
		 "key {key}")                                                                      \
	X(ORDER_CANCELLED, "order {order} taken back")

/* How each effect reads, likewise. */
#define RECORD_EFFECT_MAP(X)                                                                       \
	X(STORE, "store task {task}")                                                              \
	X(ACCEPT, "accept task {task}")                                                            \
	X(REFUSE, "refuse task {task}, wait {value_ns}")                                           \
	X(DISPATCH, "dispatch task {task} attempt {attempt} to agent {agent}")                     \
	X(RESCIND, "rescind task {task} attempt {attempt} from agent {agent}")                     \
	X(HAND_BACK, "ask back task {task} attempt {attempt} from agent {agent}")                  \
	X(REQUEUE, "requeue task {task}, not before {value_ns}")                                   \
	X(STORE_RESULT, "store result of task {task}: {state}")                                    \
	X(COMPLETE, "complete task {task}: {state}")                                               \
	X(SCALE, "scale pool {pool} up by {count} under order {order}")                            \
	X(DRAIN, "drain agent {agent} of pool {pool}")                                             \
	X(UNDRAIN, "undrain agent {agent} of pool {pool}")                                         \
	X(END, "end agent {agent} of pool {pool}")                                                 \
	X(PROBE, "probe agent {agent} of pool {pool}")                                             \
	X(JOB, "run job {order} generation {attempt}")                                             \
	X(FORECAST, "new forecast of kind {count}, series {attempt}, by job {order}")              \
	X(ALERT, "alert {order} by rule {attempt} at level {count}")                               \
	X(RECOVERY, "recovery {order} by step {count} in pool {pool}")                             \
	X(RESIZE, "limit agent {agent} of pool {pool} to {count} millicores, {attempt} MiB")       \
	X(ORDER, "order {order} of pool {pool}")

#endif
