/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_GRAFANA_H
#define BAL_WIRE_GRAFANA_H

#include "wire/buffer.h"

/*
 * grafana: a dashboard for Grafana 9 and later, made from the table of metrics: one panel of each
 * family, in rows. It asks for the data source and the pools to look at. Written as one JSON value
 * of dashboard schema 36; a buffer that is too small fails.
 */
void grafana_write(struct buffer *buffer);

#endif
