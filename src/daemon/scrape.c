/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an agent lies with it in the roster, and goes with it: a call that runs when its
 * agent leaves is dropped by push without a word, so how many run is counted anew in each round. */
#include "daemon/scrape.h"

#include "base/units.h"
#include "daemon/vitals.h"
#include "wire/reported.h"

#include <stdlib.h>

#define ROUND_MS      1000
#define TRAFFIC_ROUND 10 /* rounds */

struct scrape {
	struct engine *engine;
	struct push *push;
	uv_timer_t timer;
	uint32_t round;
};

static const struct config_pool *pool_of(
	const struct scrape *scrape, const struct roster_agent *agent)
{
	const struct config_pool *pool = engine_pool_config(scrape->engine, agent->pool);
	bool is_http = agent->pool_kind == BAL_POOL_URLS || agent->pool_kind == BAL_POOL_PROCESS;

	return is_http && pool != NULL &&
			       (pool->metrics.preset != PRESET_NONE || pool->metrics.map.count > 0)
		       ? pool
		       : NULL;
}

static void make_map(const struct config_pool *pool, struct reported_map *map)
{
	reported_map_init(map, (enum preset)pool->metrics.preset);
	for (uint32_t i = pool->metrics.map.count; i > 0; i--)
		reported_map_add(map, span_of(pool->metrics.map.items[i - 1]));
}

/* ---- answers ---- */

/* What is mapped and was not said is absent. */
static void forget(struct roster_agent *agent, const struct reported_map *map)
{
	for (uint32_t i = 0; i < map->count; i++)
		agent->signals[map->rows[i].signal] = -1;
}

static void note_failure(struct scrape *scrape, struct roster_agent *agent, const char *path,
	const struct push_answer *answer)
{
	if (agent->look.failures++ > 0)
		return;
	if (answer->status != 0)
		engine_say(scrape->engine, STORE_SAY_WARNING,
			"agent %s: its metrics are not seen: GET %s was answered with %u",
			agent->name, path, answer->status);
	else
		engine_say(scrape->engine, STORE_SAY_WARNING,
			"agent %s: its metrics are not seen: GET %s: %s", agent->name, path,
			answer->error);
}

static void note_nonsense(
	struct scrape *scrape, struct roster_agent *agent, const struct reported_result *result)
{
	agent->reported_clamped += result->clamped;
	agent->reported_refused += result->refused;
	if (result->clamped + result->refused == 0 || agent->look.complained)
		return;
	agent->look.complained = true;
	engine_say(scrape->engine, STORE_SAY_WARNING,
		"agent %s: of its metrics %u values or lines are nonsense and left out, %u beyond "
		"what can be real and clamped",
		agent->name, result->refused, result->clamped);
}

static void take_text(struct scrape *scrape, struct roster_agent *agent,
	const struct reported_map *map, struct span text)
{
	struct reported_result result;
	uint64_t id = agent->id;

	if (agent->look.past == NULL)
		agent->look.past = calloc(1, sizeof *agent->look.past);
	if (agent->look.past == NULL)
		return;
	reported_read(map, text, agent->look.past, &result);
	note_nonsense(scrape, agent, &result);
	for (uint32_t i = 0; i < result.count; i++)
		vitals_post(scrape->engine, BAL_SUBJECT_AGENT, id, result.readings[i].signal,
			result.readings[i].value);
}

static void on_answer(void *context, uint64_t id, const struct push_answer *answer)
{
	struct scrape *scrape = context;
	struct roster_agent *agent = roster_find(engine_roster(scrape->engine), id);
	const struct config_pool *pool = agent == NULL ? NULL : pool_of(scrape, agent);
	struct reported_map map;

	if (agent == NULL)
		return;
	agent->look.running = false;
	if (pool == NULL)
		return;
	make_map(pool, &map);
	forget(agent, &map);
	if (answer->status < 200 || answer->status > 299) {
		note_failure(scrape, agent, pool->metrics.path, answer);
		return;
	}
	if (agent->look.failures > 0)
		engine_say(scrape->engine, STORE_SAY_INFO, "agent %s: its metrics are seen again",
			agent->name);
	agent->look.failures = 0;
	take_text(scrape, agent, &map, answer->body);
}

/* ---- rounds ---- */

static bool is_due(const struct scrape *scrape, const struct roster_agent *agent, int64_t now_ns)
{
	struct bal_agent_view view;

	return !agent->look.running && now_ns >= agent->look.at_ns &&
	       bal_agent_view(engine_core(scrape->engine), agent->id, &view) &&
	       view.state != BAL_AGENT_STARTING;
}

static void look_at(struct scrape *scrape, struct roster_agent *agent,
	const struct config_pool *pool, int64_t now_ns)
{
	int64_t waits = agent->look.failures < SCRAPE_WAITS_MAX ? agent->look.failures + 1
								: SCRAPE_WAITS_MAX;

	agent->look.at_ns = time_add_ns(now_ns, waits * pool->metrics.every_ns);
	agent->look.running = push_get(scrape->push, agent->id, pool->metrics.path,
		&(struct push_get){.size_max = SCRAPE_SIZE_MAX,
			.timeout_ms = SCRAPE_TIMEOUT_MS,
			.done = on_answer,
			.context = scrape});
}

static uint32_t count_running(const struct scrape *scrape)
{
	uint32_t running = 0;

	for (const struct roster_agent *agent = roster_first(engine_roster(scrape->engine));
		agent != NULL; agent = roster_next(agent))
		running += agent->look.running;
	return running;
}

static void post_traffic(struct scrape *scrape, struct roster_agent *agent)
{
	struct upstream_traffic traffic;
	struct engine *engine = scrape->engine;
	int64_t seconds = ROUND_MS * TRAFFIC_ROUND / 1000;
	uint64_t id = agent->id;

	if (!push_traffic(scrape->push, id, &traffic))
		return;
	vitals_post(engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_CONNECTS, traffic.connects);
	vitals_post(engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_CONNECTS_SAVED, traffic.saved);
	vitals_post(engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_CONNECT_FAILURES, traffic.failures);
	vitals_post(engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_BYTES_IN, traffic.bytes_in / seconds);
	vitals_post(
		engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_BYTES_OUT, traffic.bytes_out / seconds);
	if (traffic.connects > 0)
		vitals_post(engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_CONNECT_TIME,
			traffic.connect_ns / traffic.connects);
}

/* Who found no room stays due, and whoever was looked at is not: so everybody gets a turn. */
static void on_round(uv_timer_t *timer)
{
	struct scrape *scrape = timer->data;
	struct roster_agent *next;
	int64_t now_ns = clock_core_ns(engine_clock(scrape->engine));
	uint32_t running = count_running(scrape);
	bool tells_traffic = ++scrape->round % TRAFFIC_ROUND == 0;

	for (struct roster_agent *agent = roster_first(engine_roster(scrape->engine));
		agent != NULL; agent = next) {
		const struct config_pool *pool = pool_of(scrape, agent);

		next = roster_next(agent);
		if (pool != NULL && running < SCRAPE_RUNNING_MAX && is_due(scrape, agent, now_ns)) {
			look_at(scrape, agent, pool, now_ns);
			running += agent->look.running;
		}
		if (tells_traffic)
			post_traffic(scrape, agent);
	}
}

void scrape_configure(struct scrape *scrape)
{
	for (struct roster_agent *agent = roster_first(engine_roster(scrape->engine));
		agent != NULL; agent = roster_next(agent)) {
		free(agent->look.past);
		agent->look.past = NULL;
		agent->look.complained = false;
		agent->look.at_ns = 0;
	}
}

/* ---- life ---- */

struct scrape *scrape_open(struct push *push)
{
	struct scrape *scrape = calloc(1, sizeof *scrape);

	if (scrape == NULL)
		return NULL;
	scrape->engine = push_engine(push);
	scrape->push = push;
	uv_timer_init(engine_loop(scrape->engine), &scrape->timer);
	scrape->timer.data = scrape;
	uv_timer_start(&scrape->timer, on_round, ROUND_MS, ROUND_MS);
	return scrape;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void scrape_close(struct scrape *scrape)
{
	if (scrape != NULL)
		uv_close((uv_handle_t *)&scrape->timer, on_closed);
}
