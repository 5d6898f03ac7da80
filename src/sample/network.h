/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_NETWORK_H
#define BAL_SAMPLE_NETWORK_H

#include "sample/host.h"

/* What the machine's network counts. As host_cpu_parse: false, and nothing changed, when the text
 * is not of the expected form; single counters that a kernel does not have stay absent. */

/* /proc/net/dev: bytes, errors, drops of all devices but loopback. */
bool network_devices_parse(const char *text, size_t size, struct host_sample *sample);

/* /proc/net/snmp, its lines "Tcp:". */
bool network_tcp_parse(const char *text, size_t size, struct host_sample *sample);

/* /proc/net/netstat, its lines "TcpExt:". */
bool network_tcp_more_parse(const char *text, size_t size, struct host_sample *sample);

/* In such a file, a line of names is followed by a line of numbers under the same title ("Tcp:"):
 * the number under `name`. False when there is none. `text` is zero-terminated. */
bool network_column_parse(const char *text, const char *title, const char *name, int64_t *value);

#endif
