/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_STATES_H
#define BAL_TABLE_STATES_H

#include "table/records.h"

/*
 * The members of the core's structures that a saved state holds, in the order of its bytes; rows as
 * in table/records.h, without phrases. What is missing here follows from the rest: links, places in
 * lists and heaps, and counters of what is counted again when a state is read. A change of the rows
 * is a new STATE_VERSION (in core/save.c).
 */

#define STATE_FIELDS_mean(X, type, at)                                                             \
	X(type, DOUBLE, at, value, "")                                                             \
	X(type, DOUBLE, at, weight, "")

#define STATE_FIELDS_limits(X, type, at)                                                           \
	X(type, U32, at, tasks_max, "")                                                            \
	X(type, U32, at, agents_max, "")                                                           \
	X(type, U32, at, pools_max, "")                                                            \
	X(type, U32, at, kinds_max, "")                                                            \
	X(type, U32, at, tenants_max, "")                                                          \
	X(type, U32, at, limits_max, "")                                                           \
	X(type, U32, at, lanes_max, "")                                                            \
	X(type, U32, at, histories_max, "")                                                        \
	X(type, U32, at, conversations_max, "")                                                    \
	X(type, U32, at, explanations_max, "")                                                     \
	X(type, U32, at, orders_max, "")                                                           \
	X(type, U32, at, effects_max, "")

#define STATE_FIELDS_totals(X, type, at)                                                           \
	X(type, U64, at, submitted_count, "")                                                      \
	X(type, U64, at, succeeded_count, "")                                                      \
	X(type, U64, at, failed_count, "")                                                         \
	X(type, U64, at, dead_count, "")                                                           \
	X(type, U64, at, cancelled_count, "")                                                      \
	X(type, U64, at, expired_count, "")                                                        \
	X(type, U64, at, refused_count, "")                                                        \
	X(type, U64, at, retried_count, "")                                                        \
	X(type, U64, at, stale_count, "")                                                          \
	X(type, U64, at, dispatched_count, "")                                                     \
	X(type, U64, at, orders_up_count, "")                                                      \
	X(type, U64, at, orders_down_count, "")                                                    \
	X(type, U64, at, hedged_count, "")                                                         \
	X(type, U64, at, hedges_won_count, "")

/* Lists in lists: layout by hand, clang-format would join the rows. */
/* clang-format off */
#define STATE_FIELDS_core(X, type, at)                                                             \
	X(type, PAST_NS, at, now_ns, "")                                                           \
	X(type, VALUE, at, utc_offset_ns, "")                                                      \
	X(type, U32, at, epoch, "")                                                                \
	X(type, FLAG, at, started, "")                                                             \
	X(type, FLAG, at, stopping, "")                                                            \
	X(type, FLAG, at, dispatch_due, "")                                                        \
	X(type, U64, at random., state, "")                                                        \
	X(type, VALUE, at, knobs, "")                                                              \
	X(type, U32, at, order_count, "")                                                          \
	X(type, U64, at, decision_count, "")                                                       \
	X(type, VALUE, at, served_ns, "")                                                          \
	X(type, U64, at, turn, "")                                                                 \
	X(type, U64, at, retry_tokens_permille, "")                                                \
	X(type, PAST_NS, at, rivals_at_ns, "")                                                     \
	X(type, U32, at, routing, "")                                                              \
	X(type, PAST_NS, at, routing_at_ns, "")                                                    \
	X(type, INSTANT_NS, at, wake_at_ns, "")                                                    \
	X(type, INSTANT_NS, at, watch_at_ns, "")                                                   \
	X(type, U32, at, watch_place, "")                                                          \
	X(type, PAST_NS, at, clock_set_at_ns, "") \
	X(type, U64, at search., id, "") \
	X(type, U32, at search., generation, "") \
	X(type, PAST_NS, at search., at_ns, "") \
	STATE_FIELDS_totals(X, type, at totals.)

#define STATE_FIELDS_pool(X, type, at)                                                             \
	RECORD_FIELDS_pool(X, type, at conf.)                                                      \
	X(type, U64, at, name_hash, "")                                                            \
	X(type, U32, at, waiting, "")                                                              \
	X(type, U32, at, waiting_batch, "")                                                        \
	X(type, SINCE_NS, at, critical_since_ns, "")                                               \
	X(type, U32, at, ordered, "")                                                              \
	X(type, U32, at, start_failures, "")                                                       \
	X(type, FLAG, at, exists, "")                                                              \
	X(type, FLAG, at, removed, "")                                                             \
	X(type, FLAG, at, paused_dispatch, "")                                                     \
	X(type, FLAG, at, paused_scale_out, "")                                                    \
	X(type, FLAG, at, paused_scale_in, "")                                                     \
	X(type, REASON_8, at, hold, "")                                                            \
	X(type, SINCE_NS, at, overload_since_ns, "")                                               \
	X(type, SINCE_NS, at steps., above_since_ns, "")                                           \
	X(type, SINCE_NS, at steps., deep_since_ns, "")                                            \
	X(type, SINCE_NS, at steps., slow_since_ns, "")                                            \
	X(type, SINCE_NS, at steps., below_since_ns, "")                                           \
	X(type, PAST_NS, at steps., up_ended_at_ns, "")                                            \
	X(type, PAST_NS, at steps., down_ended_at_ns, "")                                          \
	X(type, U64, at, starts_count, "")                                                         \
	X(type, U64, at, late_count, "")                                                           \
	X(type, SINCE_NS, at, oldest_since_ns, "")                                                 \
	STATE_FIELDS_mean(X, type, at boot_s.)                                                     \
	X(type, INSTANT_NS, at, backoff_until_ns, "")                                              \
	X(type, U64, at, order_open, "")                                                           \
	X(type, U64, at, order_last, "")                                                           \
	X(type, DOUBLE, at, rivals, "")                                                            \
	X(type, U32, at, shed, "")                                                                 \
	X(type, PAST_NS, at, shed_at_ns, "")                                                       \
	X(type, SINCE_NS, at, shed_calm_since_ns, "")                                              \
	STATE_FIELDS_mean(X, type, at service_s.)                                                  \
	STATE_FIELDS_mean(X, type, at service_square.)

#define STATE_FIELDS_scaling(X, type, at)                                                          \
	X(type, PAST_NS, at demand., looked_at_ns, "")                                             \
	X(type, FLAG, at demand., looked, "")                                                      \
	X(type, U64, at demand., starts, "")                                                       \
	X(type, U64, at demand., waiting, "")                                                      \
	X(type, DOUBLE, at demand., since_s, "")                                                   \
	X(type, DOUBLE, at demand., arrivals, "")                                                  \
	X(type, DOUBLE, at demand., offered, "")                                                   \
	X(type, PAST_NS, at hpa., looked_at_ns, "")                                                \
	X(type, U32, at hpa., count, "")                                                           \
	X(type, U32, at hpa., wishes, "")                                                          \
	X(type, VALUE, at kpa., bucket, "")                                                        \
	X(type, U32, at kpa., count, "")                                                           \
	X(type, U32, at kpa., open_count, "")                                                      \
	X(type, DOUBLE, at kpa., open_sum, "")                                                     \
	X(type, PAST_NS, at kpa., looked_at_ns, "")                                                \
	X(type, PAST_NS, at kpa., panic_at_ns, "")                                                 \
	X(type, DOUBLE, at kpa., panic_most, "")                                                   \
	X(type, U32, at calm., direction, "")                                                      \
	X(type, PAST_NS, at calm., turned_at_ns, "")                                               \
	X(type, DOUBLE, at kpa., buckets, "")                                                      \
	X(type, U64, at lateness., starts, "")                                                     \
	X(type, U64, at lateness., late, "")                                                       \
	X(type, PAST_NS, at lateness., minute_at_ns, "")                                           \
	X(type, DOUBLE, at lateness., load_sum, "")                                                \
	X(type, U32, at lateness., looks, "")                                                      \
	X(type, DOUBLE, at lateness., measured, "")                                                \
	X(type, DOUBLE, at lateness., expected, "")                                                \
	X(type, PAST_NS, at heading., at_ns, "")                                                   \
	X(type, FLAG, at heading., found, "")                                                      \
	X(type, DOUBLE, at heading., growth, "")                                                   \
	X(type, DOUBLE, at heading., drift, "")

#define STATE_FIELDS_triggers(X, type, at)                                                         \
	X(type, PAST_NS, at sight., looked_at_ns, "")                                              \
	X(type, U32, at sight., flags, "")                                                         \
	X(type, VALUE, at sight., values, "")                                                      \
	X(type, INDEX, at sight., about, "")                                                       \
	X(type, DOUBLE, at sight., needs, "")                                                      \
	X(type, DOUBLE, at sight., floor, "")                                                      \
	X(type, SINCE_NS, at, since_ns, "")                                                        \
	X(type, PAST_NS, at, full_at_ns, "")

#define STATE_FIELDS_predictive(X, type, at)                                                       \
	X(type, VALUE, at, bin, "")                                                                \
	X(type, U32, at, looks, "")                                                                \
	X(type, DOUBLE, at, sum, "")                                                               \
	X(type, DOUBLE, at pace., now, "")                                                         \
	X(type, DOUBLE, at pace., span_s, "")                                                      \
	X(type, DOUBLE, at pace., known_s, "")                                                     \
	X(type, FLAG, at, sudden, "")                                                              \
	X(type, DOUBLE, at pace., noise, "")                                                       \
	X(type, DOUBLE, at pace., weight, "")                                                      \
	X(type, DOUBLE, at pace., before, "")                                                      \
	X(type, DOUBLE, at pace., means, "")                                                       \
	X(type, DOUBLE, at, weight, "")                                                            \
	X(type, U32, at, wish_most, "")                                                            \
	X(type, U32, at, direction, "")                                                            \
	X(type, PAST_NS, at, turned_at_ns, "")                                                     \
	X(type, DOUBLE, at model., load, "")                                                       \
	X(type, DOUBLE, at model., service_s, "")                                                  \
	X(type, DOUBLE, at model., wait_s, "")                                                     \
	X(type, DOUBLE, at model., late_share, "")                                                 \
	X(type, DOUBLE, at model., slots, "")                                                      \
	X(type, DOUBLE, at, ratios, "")                                                            \
	X(type, DOUBLE, at, expected, "")                                                          \
	X(type, U32, at, wishes, "")

#define STATE_FIELDS_kind(X, type, at)                                                             \
	X(type, U64, at, name_hash, "")                                                            \
	X(type, U64, at, finished_count, "")                                                       \
	X(type, DOUBLE, at, success_told, "")                                                      \
	X(type, DOUBLE, at, late, "")                                                              \
	X(type, U32, at, late_count, "")                                                           \
	STATE_FIELDS_mean(X, type, at service_s.)                                                  \
	STATE_FIELDS_mean(X, type, at success.)                                                    \
	STATE_FIELDS_mean(X, type, at warm.)                                                       \
	STATE_FIELDS_mean(X, type, at cold.)                                                       \
	STATE_FIELDS_mean(X, type, at beside.)                                                     \
	STATE_FIELDS_mean(X, type, at apart.)                                                      \
	X(type, U32, at, parents, "")                                                              \
	X(type, DOUBLE, at, parents_time, "")                                                      \
	X(type, DOUBLE, at, parents_wait, "")

#define STATE_FIELDS_history(X, type, at)                                                          \
	X(type, U64, at, who, "")                                                                  \
	X(type, U64, at, kind_hash, "")                                                            \
	X(type, PAST_NS, at, slow_at_ns, "")                                                       \
	STATE_FIELDS_mean(X, type, at fast.)                                                       \
	STATE_FIELDS_mean(X, type, at slow.)                                                       \
	STATE_FIELDS_mean(X, type, at success.)                                                    \
	X(type, DOUBLE, at, told, "")
/* clang-format on */

#define STATE_FIELDS_limit(X, type, at)                                                            \
	X(type, U32, at, running_max, "")                                                          \
	X(type, U32, at, starts_max, "")                                                           \
	X(type, DURATION_NS, at, starts_period_ns, "")                                             \
	X(type, INSTANT_NS, at, starts_due_ns, "")

#define STATE_FIELDS_tenant(X, type, at)                                                           \
	X(type, U32, at, weight, "")                                                               \
	X(type, U32, at, queued_max, "")                                                           \
	X(type, U32, at, running_max, "")                                                          \
	X(type, U32, at, rate_max, "")                                                             \
	X(type, DURATION_NS, at, rate_period_ns, "")                                               \
	X(type, INSTANT_NS, at, rate_due_ns, "")                                                   \
	X(type, VALUE, at, served_ns, "")

#define STATE_FIELDS_lane(X, type, at)                                                             \
	X(type, TAGS, at tags., words, "")                                                         \
	X(type, U32, at, cpu_millis, "")                                                           \
	X(type, U32, at, memory_mib, "")                                                           \
	X(type, DOUBLE, at, rate, "")                                                              \
	X(type, PAST_NS, at, rate_at_ns, "")                                                       \
	X(type, DOUBLE, at, rivals_own, "")                                                        \
	X(type, U32, at, kind, "")

#define STATE_FIELDS_agent(X, type, at)                                                            \
	X(type, U64, at, id, "")                                                                   \
	X(type, U64, at, order, "")                                                                \
	X(type, U64, at, made_by, "")                                                              \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, slots, "")                                                                \
	X(type, AGENT_STATE_8, at, state, "")                                                      \
	X(type, FLAG, at, restored, "")                                                            \
	X(type, FLAG, at, end_asked, "")                                                           \
	X(type, FLAG, at, drain_kept, "")                                                          \
	X(type, FLAG, at, drain_asked_back, "")                                                    \
	X(type, FLAG, at, probing, "")                                                             \
	X(type, U32, at, failures_row, "")                                                         \
	X(type, U32, at, ejections, "")                                                            \
	X(type, PAST_NS, at, up_at_ns, "")                                                         \
	X(type, PAST_NS, at, ready_at_ns, "")                                                      \
	X(type, INSTANT_NS, at, blocked_until_ns, "")                                              \
	X(type, INSTANT_NS, at, eject_until_ns, "")                                                \
	X(type, PAST_NS, at, drain_at_ns, "")                                                      \
	X(type, VALUE, at, busy_ns, "")                                                            \
	X(type, U64, at, finished_count, "")                                                       \
	X(type, U64, at, failed_count, "")                                                         \
	X(type, VALUE, at, signals, "")

#define STATE_FIELDS_task(X, type, at)                                                             \
	X(type, U64, at, id, "")                                                                   \
	X(type, U64, at, parent, "")                                                               \
	X(type, U64, at, conversation, "")                                                         \
	X(type, U64, at, waits_for, "")                                                            \
	X(type, U64, at, lender, "")                                                               \
	X(type, U64, at, lent_to, "")                                                              \
	X(type, U64, at, not_agents, "")                                                           \
	X(type, PAST_NS, at, submitted_at_ns, "")                                                  \
	X(type, INSTANT_NS, at, deadline_ns, "")                                                   \
	X(type, DURATION_NS, at, size_ns, "")                                                      \
	X(type, INSTANT_NS, at, not_before_ns, "")                                                 \
	X(type, PAST_NS, at, queued_at_ns, "")                                                     \
	X(type, INSTANT_NS, at, turn_at_ns, "")                                                    \
	X(type, PAST_NS, at, dispatched_at_ns, "")                                                 \
	X(type, INSTANT_NS, at, until_ns, "")                                                      \
	X(type, INSTANT_NS, at, hedge_look_ns, "")                                                 \
	X(type, INDEX, at, lane, "")                                                               \
	X(type, INDEX, at, kind, "")                                                               \
	X(type, INDEX, at, tenant, "")                                                             \
	X(type, INDEX, at, agent, "")                                                              \
	X(type, U32, at, attempt, "")                                                              \
	X(type, U32, at, attempt_last, "")                                                         \
	X(type, U32, at, epoch, "")                                                                \
	X(type, U32, at, failures, "")                                                             \
	X(type, U32, at, attempts_max, "")                                                         \
	X(type, TASK_FLAGS, at, flags, "")                                                         \
	X(type, U32, at, children_waited, "")                                                      \
	X(type, PRIORITY_8, at, priority, "")                                                      \
	X(type, TASK_STATE_8, at, state, "")                                                       \
	X(type, TASK_STATE_8, at, end_state, "")                                                   \
	X(type, REASON_8, at, reason, "")                                                          \
	X(type, FLAG, at, exclusive, "")                                                           \
	X(type, FLAG, at, cancelled, "")                                                           \
	X(type, FLAG, at, warm, "")                                                                \
	X(type, FLAG, at, beside, "")                                                              \
	X(type, FLAG, at, ahead, "")                                                               \
	X(type, FLAG, at, was_ahead, "")

#define STATE_FIELDS_hedge(X, type, at)                                                            \
	X(type, INDEX, at, task, "")                                                               \
	X(type, INDEX, at, agent, "")                                                              \
	X(type, U32, at, attempt, "")                                                              \
	X(type, PAST_NS, at, dispatched_at_ns, "")                                                 \
	X(type, FLAG, at, warm, "")                                                                \
	X(type, FLAG, at, beside, "")

#define STATE_FIELDS_context(X, type, at)                                                          \
	X(type, U64, at, conversation, "")                                                         \
	X(type, U64, at, agent, "")                                                                \
	X(type, PAST_NS, at, used_at_ns, "")

#define STATE_FIELDS_candidate(X, type, at)                                                        \
	X(type, U64, at, agent, "")                                                                \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, running, "")                                                              \
	X(type, U32, at, slots, "")                                                                \
	X(type, U32, at, cpu_permille, "")                                                         \
	X(type, U32, at, memory_permille, "")                                                      \
	X(type, U32, at, success_permille, "")                                                     \
	X(type, VALUE, at, service_ns, "")                                                         \
	X(type, VALUE, at, warm_ns, "")                                                            \
	X(type, VALUE, at, rivals_ppm, "")                                                         \
	X(type, VALUE, at, price_microcents_hour, "")                                              \
	X(type, VALUE, at, factor_ns, "")                                                          \
	X(type, VALUE, at, composite_ns, "")

#define STATE_FIELDS_violation(X, type, at)                                                        \
	X(type, U64, at, agent, "")                                                                \
	X(type, REASON, at, reason, "")                                                            \
	X(type, VALUE, at, composite_ns, "")

/* clang-format off */
#define STATE_FIELDS_why(X, type, at)                                                              \
	X(type, WHY_KIND, at, kind, "")                                                            \
	X(type, REASON, at, reason, "")                                                            \
	X(type, U64, at, id, "")                                                                   \
	X(type, INSTANT_NS, at, at_ns, "")                                                         \
	X(type, U32, at, attempt, "")                                                              \
	X(type, U32, at, capable_count, "")                                                        \
	X(type, U32, at, free_count, "")                                                           \
	X(type, U32, at, ahead_count, "")                                                          \
	X(type, INDEX, at, limit, "")                                                              \
	X(type, U64, at, other, "")                                                                \
	X(type, VALUE, at, expected_wait_ns, "")                                                   \
	X(type, U32, at, routing, "")                                                              \
	X(type, U32, at, weights_permille, "")                                                     \
	STATE_FIELDS_candidate(X, type, at winner.)                                                \
	X(type, U32, at, losers_count, "")                                                         \
	STATE_FIELDS_candidate(X, type, at losers[0].)                                             \
	STATE_FIELDS_candidate(X, type, at losers[1].)                                             \
	STATE_FIELDS_candidate(X, type, at losers[2].)                                             \
	X(type, U32, at, violations_count, "")                                                     \
	STATE_FIELDS_violation(X, type, at violations[0].)                                         \
	STATE_FIELDS_violation(X, type, at violations[1].)                                         \
	STATE_FIELDS_violation(X, type, at violations[2].)                                         \
	STATE_FIELDS_violation(X, type, at violations[3].)                                         \
	X(type, U32, at, nearest_count, "")                                                        \
	X(type, INDEX, at, nearest_pool, "")                                                       \
	X(type, TAGS, at nearest_missing[0]., words, "")                                           \
	X(type, TAGS, at nearest_missing[1]., words, "")                                           \
	X(type, TAGS, at nearest_missing[2]., words, "")                                           \
	X(type, U32, at, unknown_count, "")                                                        \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, agents_before, "")                                                        \
	X(type, U32, at, agents_after, "")                                                         \
	X(type, U32, at, load_permille, "")                                                        \
	X(type, U32, at, threshold_permille, "")                                                   \
	X(type, U32, at, queued, "")                                                               \
	X(type, VALUE, at, sustained_ns, "")                                                       \
	X(type, U64, at, victim, "")                                                               \
	X(type, VALUE, at, victim_left_ns, "")                                                     \
	X(type, VALUE, at, seen, "")                                                               \
	X(type, VALUE, at, seen_threshold, "")                                                     \
	X(type, INDEX, at, about, "")

#define STATE_FIELDS_meter(X, type, at)                                                            \
	X(type, U64, at, span_us, "")                                                              \
	X(type, U64, at, busy_us, "")                                                              \
	X(type, U64, at, ready_us, "")                                                             \
	X(type, U64, at, coming_us, "")                                                            \
	X(type, U64, at, waiting_us, "")                                                           \
	X(type, U64, at, tardy_waiting_us, "")                                                     \
	X(type, U64, at, agents_us, "")                                                            \
	X(type, U64, at, starts, "")                                                               \
	X(type, U64, at, late, "")

#define STATE_FIELDS_meter_book(X, type, at)                                                       \
	X(type, PAST_NS, at, looked_at_ns, "")                                                     \
	X(type, FLAG, at, looked, "")                                                              \
	STATE_FIELDS_meter(X, type, at now.)                                                       \
	X(type, U32, at, mark_count, "")                                                           \
	X(type, PAST_NS, at, mark_at_ns, "")

#define STATE_FIELDS_order_tally(X, type, at)                                                      \
	STATE_FIELDS_mean(X, type, at helped_up.)                                                  \
	STATE_FIELDS_mean(X, type, at helped_down.)                                                \
	X(type, U64, at, judged_count, "")                                                         \
	X(type, U64, at, failed_count, "")                                                         \
	X(type, U64, at, undone_count, "")                                                         \
	X(type, FLAG, at, held_is_up, "")                                                          \
	X(type, U32, at, held_row, "")                                                             \
	X(type, INSTANT_NS, at, held_until_ns, "")                                                 \
	X(type, DOUBLE, at, held_offered, "")                                                      \
	X(type, PAST_NS, at, advised_at_ns, "")                                                    \
	X(type, U32, at, advised_agents, "")

#define STATE_FIELDS_stretch(X, type, at)                                                          \
	X(type, VALUE, at, span_ns, "")                                                            \
	X(type, VALUE, at, utilisation_permille, "")                                               \
	X(type, VALUE, at, load_permille, "")                                                      \
	X(type, VALUE, at, agents_millis, "")                                                      \
	X(type, VALUE, at, busy_millis, "")                                                        \
	X(type, VALUE, at, waiting_millis, "")                                                     \
	X(type, VALUE, at, late_permille, "")                                                      \
	X(type, VALUE, at, starts_millis, "")                                                      \
	X(type, VALUE, at, service_ns, "")                                                         \
	X(type, VALUE, at, price_microcents_hour, "")

#define STATE_FIELDS_order(X, type, at)                                                            \
	X(type, U64, at, id, "")                                                                   \
	X(type, U32, at, wanted, "")                                                               \
	X(type, U32, at, seen, "")                                                                 \
	X(type, U32, at, done, "")                                                                 \
	X(type, FLAG, at, ended, "")                                                               \
	X(type, ORDER_TYPE, at, change, "")                                                        \
	X(type, ORDER_STATE, at, state, "")                                                        \
	X(type, VERDICT, at, verdict, "")                                                          \
	X(type, REASON, at, remark, "")                                                            \
	X(type, U32, at, came, "")                                                                 \
	X(type, U32, at, off, "")                                                                  \
	X(type, U64, at, about, "")                                                                \
	X(type, U64, at, answer, "")                                                               \
	X(type, U64, at, held, "")                                                                 \
	X(type, U64, at, key, "")                                                                  \
	X(type, U32, at, tries, "")                                                                \
	X(type, TIMING, at, timing, "")                                                            \
	X(type, VALUE, at, price_predicted_microcents_hour, "")                                    \
	X(type, SINCE_NS, at, done_at_ns, "")                                                      \
	X(type, INSTANT_NS, at, judge_at_ns, "")                                                   \
	STATE_FIELDS_meter(X, type, at mark.)                                                      \
	STATE_FIELDS_stretch(X, type, at before.)                                                  \
	STATE_FIELDS_stretch(X, type, at after.)                                                   \
	STATE_FIELDS_why(X, type, at why.)

#define STATE_FIELDS_alert(X, type, at)                                                            \
	X(type, U64, at, id, "")                                                                   \
	X(type, U32, at, ladder, "")                                                               \
	X(type, U32, at, rule, "")                                                                 \
	X(type, U32, at, level, "")                                                                \
	X(type, U32, at, level_peak, "")                                                           \
	X(type, U32, at, subject, "")                                                              \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U64, at, subject_id, "")                                                           \
	X(type, REASON, at, reason, "")                                                            \
	X(type, PAST_NS, at, since_ns, "")                                                         \
	X(type, PAST_NS, at, opened_at_ns, "")                                                     \
	X(type, PAST_NS, at, changed_at_ns, "")                                                    \
	X(type, SINCE_NS, at, cleared_at_ns, "")                                                   \
	X(type, PAST_NS, at, seen_at_ns, "")                                                       \
	X(type, VALUE, at, value, "")                                                              \
	X(type, VALUE, at, value_last, "")                                                         \
	X(type, VALUE, at, value_peak, "")                                                         \
	X(type, VALUE, at, threshold, "")                                                          \
	X(type, DURATION_NS, at, sustain_ns, "")

#define STATE_FIELDS_rule(X, type, at)      RECORD_FIELDS_rule(X, type, at)
#define STATE_FIELDS_objective(X, type, at) RECORD_FIELDS_objective(X, type, at)
#define STATE_FIELDS_held(X, type, at)                                                             \
	X(type, U64, at, id, "")                                                                   \
	X(type, U64, at, about, "")                                                                \
	X(type, REASON, at, reason, "")                                                            \
	X(type, U32, at, tries, "")                                                                \
	X(type, U32, at, threshold_permille, "")                                                   \
	X(type, PAST_NS, at, given_at_ns, "")                                                      \
	RECORD_FIELDS_order(X, type, at order.)

#define STATE_FIELDS_minimum(X, type, at)   RECORD_FIELDS_minimum(X, type, at)

#define STATE_FIELDS_recovery(X, type, at)                                                         \
	X(type, U64, at, id, "")                                                                   \
	X(type, U32, at, step, "")                                                                 \
	X(type, U32, at, kind, "")                                                                 \
	X(type, U32, at, objective, "")                                                            \
	X(type, INDEX, at, pool, "")                                                               \
	X(type, U32, at, priority, "")                                                             \
	X(type, U64, at, agent, "")                                                                \
	X(type, U64, at, order, "")                                                                \
	X(type, VALUE, at, good_permille, "")                                                      \
	X(type, U32, at, target_permille, "")                                                      \
	X(type, PAST_NS, at, begun_at_ns, "")                                                      \
	X(type, SINCE_NS, at, ended_at_ns, "")                                                     \
	X(type, REASON, at, reason, "")

#define STATE_FIELDS_effect(X, owner, at)                                                          \
	X(owner, EFFECT, at, type, "")                                                             \
	RECORD_FIELDS_effect(X, owner, at)
/* clang-format on */

#endif
