/* SPDX-License-Identifier: Apache-2.0 */
/* To the webhook each level of an alert is an alert of its own: when the level changes, the other
 * levels that it ever had are told to have ended. */
#include "daemon/alarm.h"

#include "base/units.h"
#include "daemon/alertview.h"

#include <stdlib.h>

#define AGAIN_MS 60000

struct alarm {
	struct engine *engine;
	struct engine_watcher watcher;
	struct silences *silences;
	struct webhook *webhook;
	uv_timer_t timer;
};

static void tell_webhook(struct alarm *alarm, const struct bal_alert *alert)
{
	for (uint32_t level = BAL_ALERT_WARNING; level <= alert->level_peak; level++)
		if (level != alert->level)
			webhook_post(alarm->webhook, alert, level);
	webhook_post(alarm->webhook, alert, alert->level);
}

static void on_alert(struct alarm *alarm, uint64_t id)
{
	char line[ALERTVIEW_LINE_SIZE];
	struct bal_alert alert;

	if (!bal_alert_find(engine_core(alarm->engine), id, &alert))
		return;
	/* That it has ended is told even so: others may still show it. */
	if (alert.level != BAL_ALERT_NONE && silences_find(alarm->silences, &alert) != NULL)
		return;
	alertview_line(alarm->engine, &alert, line);
	engine_say(alarm->engine,
		alert.level == BAL_ALERT_NONE ? STORE_SAY_INFO : STORE_SAY_WARNING, "alert: %s",
		line);
	tell_webhook(alarm, &alert);
}

static void on_recovery(struct alarm *alarm, uint64_t id)
{
	char line[ALERTVIEW_LINE_SIZE];
	struct bal_recovery recovery;

	if (!bal_recovery_find(engine_core(alarm->engine), id, &recovery))
		return;
	alertview_recovery_line(alarm->engine, &recovery, line);
	engine_say(alarm->engine, STORE_SAY_WARNING, "%s", line);
}

static void on_effect(
	struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job)
{
	struct alarm *alarm = container_of(watcher, struct alarm, watcher);

	(void)job;
	if (effect->type == BAL_EFFECT_ALERT)
		on_alert(alarm, effect->order);
	else if (effect->type == BAL_EFFECT_RECOVERY)
		on_recovery(alarm, effect->order);
}

/* Alerts that go on are sent again, but not behind a queue of those that could not be. */
static void on_again(uv_timer_t *timer)
{
	struct alarm *alarm = timer->data;
	struct bal_core *core = engine_core(alarm->engine);
	struct bal_alert alert;

	if (!webhook_is_set(alarm->webhook) || webhook_count(alarm->webhook).waiting > 0)
		return;
	for (uint32_t i = 0; i < bal_alert_places(core); i++)
		if (bal_alert_at(core, i, &alert) && silences_find(alarm->silences, &alert) == NULL)
			webhook_post(alarm->webhook, &alert, alert.level);
}

struct alarm *alarm_open(struct engine *engine, struct upstream *upstream)
{
	struct alarm *alarm = calloc(1, sizeof *alarm);

	if (alarm == NULL)
		return NULL;
	alarm->engine = engine;
	alarm->silences = silences_open(engine);
	alarm->webhook = webhook_open(engine, upstream);
	if (alarm->silences == NULL || alarm->webhook == NULL) {
		silences_close(alarm->silences);
		webhook_close(alarm->webhook);
		free(alarm);
		return NULL;
	}
	alarm->watcher.effect = on_effect;
	engine_watch(engine, &alarm->watcher);
	uv_timer_init(engine_loop(engine), &alarm->timer);
	alarm->timer.data = alarm;
	uv_timer_start(&alarm->timer, on_again, AGAIN_MS, AGAIN_MS);
	return alarm;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void alarm_close(struct alarm *alarm)
{
	if (alarm == NULL)
		return;
	engine_unwatch(alarm->engine, &alarm->watcher);
	silences_close(alarm->silences);
	webhook_close(alarm->webhook);
	uv_close((uv_handle_t *)&alarm->timer, on_closed);
}

bool alarm_configure(struct alarm *alarm, char *message, size_t message_size)
{
	return webhook_configure(alarm->webhook, engine_config(alarm->engine)->alerts.webhook,
		message, message_size);
}

struct silences *alarm_silences(struct alarm *alarm)
{
	return alarm->silences;
}

const struct webhook *alarm_webhook(const struct alarm *alarm)
{
	return alarm->webhook;
}
