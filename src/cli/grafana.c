/* SPDX-License-Identifier: Apache-2.0 */
/* ballast grafana: the dashboard, for whoever has a Grafana. Needs no daemon. */
#include "wire/grafana.h"
#include "cli/commands.h"

#include <stdio.h>

#define DASHBOARD_SIZE_MAX (1u << 20)

static const struct args_option OPTIONS[] = {
	{NULL, NULL, NULL, NULL},
};

static int run_grafana(const struct args *args)
{
	struct buffer text;
	bool is_printed;

	(void)args;
	buffer_init(&text, DASHBOARD_SIZE_MAX);
	grafana_write(&text);
	is_printed = !text.failed && fwrite(text.bytes, 1, text.size, stdout) == text.size &&
		     putchar('\n') != EOF && fflush(stdout) == 0;
	buffer_release(&text);
	if (!is_printed)
		fprintf(stderr, "ballast grafana: the dashboard cannot be written\n");
	return is_printed ? EXIT_OK : EXIT_NO;
}

const struct command command_grafana = {
	.name = "grafana",
	.arguments = "",
	.help = "print a Grafana dashboard of /metrics, to be imported there",
	.run = run_grafana,
	.options = OPTIONS,
};
