/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is shared with the caller, whose configuration may be replaced at any time. */
#include "provider/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool strings_copy(char **to, size_t strings_max, const char *const *from)
{
	for (size_t count = 0; from[count] != NULL; count++) {
		if (count == strings_max)
			return false;
		to[count] = strdup(from[count]);
		if (to[count] == NULL)
			return false;
	}
	return true;
}

bool strings_environment(char **to, size_t strings_max, const char *const *names)
{
	size_t count = 0;
	for (; *names != NULL; names++) {
		char *made = NULL;
		const char *value = strchr(*names, '=') == NULL ? getenv(*names) : "";
		if (value == NULL)
			continue;
		if (count == strings_max)
			return false;
		int size = strchr(*names, '=') != NULL ? asprintf(&made, "%s", *names)
						       : asprintf(&made, "%s=%s", *names, value);
		if (size < 0)
			return false;
		to[count++] = made;
	}
	return true;
}

void strings_free(char **strings)
{
	for (; *strings != NULL; strings++) {
		free(*strings);
		*strings = NULL;
	}
}
