/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ROUTER_H
#define BAL_DAEMON_ROUTER_H

#include "daemon/request.h"

/* Finds the handler of a request by table/routes.h, and says no to those that come from where they
 * should not: another site's page in a browser, a name that was made to point here. */

/* Looks at a head that was read: fills route and segments, or denial. */
void router_admit(struct request *request);

/* How large the request's body may be. */
uint64_t router_body_max(const struct request *request);

/* The table. */
extern const struct route router_routes[];
extern const uint32_t router_route_count;

#endif
