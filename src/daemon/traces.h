/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_TRACES_H
#define BAL_DAEMON_TRACES_H

#include "daemon/engine.h"
#include "daemon/upstream.h"
#include "wire/traceparent.h"

/*
 * Traces: a span of each task that ended, with its attempts as children, sent to a collector of the
 * OpenTelemetry protocol (OTLP over HTTP, JSON), when the configuration names one.  Spans go out
 * every TRACES_EVERY_MS, or when TRACES_SPANS_MAX have gathered.
 *
 * A task belongs to the trace of its submission, or begins one.  All ids follow from the task's, so
 * a restart in between changes none.
 */
#define TRACES_EVERY_MS  1000
#define TRACES_SPANS_MAX 512

struct traces;

/* NULL with a sentence; also when the configuration names no collector, then the sentence is "". */
struct traces *traces_open(
	struct engine *engine, struct upstream *upstream, char *message, size_t message_size);

/* What has not gone out is dropped. */
void traces_close(struct traces *traces);

/* The trace context that the agent gets for the job's attempt: the attempt's own span where it is
 * traced, else what the submission said.  False: none. */
bool traces_context(const struct engine *engine, const struct job *job, struct traceparent *to);

#endif
