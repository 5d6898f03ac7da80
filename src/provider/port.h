/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_PORT_H
#define BAL_PROVIDER_PORT_H

#include <stdint.h>

/* A loopback TCP port that nobody listens on now; 0 when the kernel gives none. Somebody may take
 * it before the agent does: then the agent fails, and gets another one at its next start. */
uint16_t port_choose(void);

#endif
