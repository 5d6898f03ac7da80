/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_SILENCE_H
#define BAL_DAEMON_SILENCE_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/*
 * Silences: alerts that somebody knows about already. They are decided and shown as ever, but
 * neither logged nor sent anywhere, until the silence ends. Silences are in the store and survive a
 * restart.
 */
#define SILENCES_MAX       64
#define SILENCE_TEXT_SIZE  192
#define SILENCE_LONGEST_NS (INT64_C(30) * 24 * 3600 * 1000000000)

struct silence {
	uint64_t id;
	int64_t until_utc_ns;
	char alert[SILENCE_TEXT_SIZE];  /* "cpu", a rule such as "cpu_warning", or "": all */
	char name[SILENCE_TEXT_SIZE];   /* of the subject, or "": all */
	char reason[SILENCE_TEXT_SIZE]; /* why, for people */
};

struct silences;

/* Reads those that the store has. NULL when there is no memory. */
struct silences *silences_open(struct engine *engine);
void silences_close(struct silences *silences);

/* Keeps it under a new id, which is returned; 0: there are SILENCES_MAX already. */
uint64_t silences_add(struct silences *silences, const struct silence *silence);

/* Ends it now; false when there is none of that id. */
bool silences_end(struct silences *silences, uint64_t id);

/* The silence that an alert falls under now; NULL. */
const struct silence *silences_find(const struct silences *silences, const struct bal_alert *alert);

/* All that have not ended, as elements of an array; and one as an object. */
void silences_write(const struct silences *silences, struct json_writer *writer);
void silence_write(const struct silence *silence, struct json_writer *writer);

#endif
