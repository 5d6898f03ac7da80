/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ALARM_H
#define BAL_DAEMON_ALARM_H

#include "daemon/engine.h"
#include "daemon/silence.h"
#include "daemon/webhook.h"

/* The alarm: hears of every alert and recovery, and tells the log and the webhook, unless somebody
 * wants silence. The event stream and the API hear of all of them by themselves. */
struct alarm;

/* NULL when there is no memory. */
struct alarm *alarm_open(struct engine *engine, struct upstream *upstream);
void alarm_close(struct alarm *alarm);

/* Takes over the configuration's `alerts`. False with a sentence. */
bool alarm_configure(struct alarm *alarm, char *message, size_t message_size);

/* Its parts. */
struct silences *alarm_silences(struct alarm *alarm);
const struct webhook *alarm_webhook(const struct alarm *alarm);

#endif
