/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts are written by hand and not made from the table of keys: a beginner needs ten keys in a
 * good order, not sixty in the program's. A test reads them, as they stand and with every # taken
 * away, so they cannot name a key that does not exist.
 */
#include "wire/configexample.h"

#define HEAD                                                                                       \
	"# ballast.yaml: check it with `ballast check`, start it with `ballast run`.\n"            \
	"# A line that begins with # and no space shows a default or a usual value.\n"             \
	"\n"                                                                                       \
	"#listen: 127.0.0.1:7777     # API and dashboard\n"                                        \
	"#data: ./ballast-data       # everything durable\n"                                       \
	"#retention: 7d              # how long results are kept\n"                                \
	"\n"

/* Behind the pools. */
#define PEAKS                                                                                      \
	"\n"                                                                                       \
	"# Load that you know of before it comes; times are UTC.\n"                                \
	"#peaks:\n"                                                                                \
	"#  standup: { at: mon-fri 09:00, for: 1h, factor: 3 }  # times the usual load\n"          \
	"#  launch: { at: 2027-01-15 08:00, for: 4h, rate: 30/min, kinds: [coder] }\n"

#define RETRY                                                                                      \
	"    #timeout: 1h            # longest one attempt may take\n"                             \
	"    #retry: { for: [lost, retryable], attempts: 5, backoff: 1s }\n"

static const char example_http[] = HEAD
	"pools:\n"
	"  coder:                    # also the kind of task it takes: `ballast submit coder ...`\n"
	"    # An HTTP server that ballast starts; split into arguments, no shell. It gets each\n"
	"    # payload as POST: 2xx is the result, 503 with Retry-After means busy, 4xx failed.\n"
	"    run: \"python3 coder.py --port {port}\"\n"
	"    max: 4                  # most agents\n"
	"    #min: 1                 # fewest agents\n"
	"    #baseline: 2            # usual number of agents\n"
	"    #slots: 1               # tasks that one agent takes at once\n"
	"    #path: /                # where the payload is posted\n"
	"    #ready: { path: /health, timeout: 60s }\n"
	"    #metrics: { preset: vllm }  # what an agent exposes at /metrics\n"
	"    #env: [PATH, HOME, LANG]  # nothing else of ballast's environment is passed on\n"
	"    #offers: [python]       # what tasks may ask for as needs\n"
	"    #resources: { memory: 2GiB, cpu: 1 core }\n"
	"    #gpus: 1                # {gpu} and CUDA_VISIBLE_DEVICES are its own\n" RETRY
	"    #drain_limit: 10m       # an agent that is removed finishes its tasks until then\n"
	"    #scale:\n"
	"    #  strategy: adaptive     # the best of the last day; conservative before it\n"
	"    #  up: { above: 80%, for: 5m, cooldown: 60s }\n"
	"    #  down: { below: 40%, for: 15m, cooldown: 300s }\n" PEAKS;

static const char example_command[] = HEAD
	"# Ceilings that pools share, such as those of an account.\n"
	"#limits:\n"
	"#  anthropic: { running: 4, starts: 30/min }\n"
	"\n"
	"pools:\n"
	"  fixer:                    # also the kind of task it takes: `ballast submit fixer ...`\n"
	"    # One process per task: stdout is the result, stderr the log, exit 0 success.\n"
	"    # Split into arguments, no shell; {workdir}, {id} and {attempt} are known.\n"
	"    command: \"claude -p\"\n"
	"    max: 4                  # processes at once\n"
	"    stdin: payload.prompt   # that field as raw text; default: the payload as JSON\n"
	"    workdir: fresh          # a new directory for each task\n"
	"    env: [HOME, PATH, ANTHROPIC_API_KEY]  # nothing else is passed on\n"
	"    #uses: [anthropic]      # the limits above\n"
	"    #prepare: \"git -C /src/repo worktree add {workdir}\"\n"
	"    #cleanup: \"git -C /src/repo worktree remove --force {workdir}\"\n"
	"    #keep: 1d               # how long directory and output stay\n"
	"    #grace: 10s             # between TERM and KILL\n"
	"    #timeout: 1h            # longest one attempt may take\n"
	"    # A non-zero exit is not tried again unless it is named here.\n"
	"    #retry: { for: [lost, exit 75], attempts: 2 }\n";

static const char example_urls[] = HEAD
	"pools:\n"
	"  llama:                    # also the kind of task it takes: `ballast submit llama ...`\n"
	"    # HTTP services that run already; ballast sends tasks there and to nothing else.\n"
	"    urls: [http://127.0.0.1:8001, http://127.0.0.1:8002]\n"
	"    slots: 4                # tasks that one of them takes at once\n"
	"    #path: /                # where the payload is posted\n"
	"    #ready: { path: /health, timeout: 60s }\n"
	"    #metrics: { preset: vllm }  # what an agent exposes at /metrics\n"
	"    #offers: [gpu]          # what tasks may ask for as needs\n"
	"    #price: 0.12 USD/h      # of one of them\n" RETRY;

static const char example_exec[] = HEAD
	"pools:\n"
	"  elsewhere:                # also the kind of task it takes: `ballast submit elsewhere "
	"...`\n"
	"    # HTTP agents that your own scripts make, list and remove: see ballast-agents(7) for\n"
	"    # what they find in their environment and what they print.\n"
	"    provider:\n"
	"      exec: { create: ./create, list: ./list, delete: ./delete, timeout: 60s }\n"
	"    max: 4                  # most agents\n"
	"    #min: 1                 # fewest agents\n"
	"    #slots: 1               # tasks that one agent takes at once\n"
	"    #placement: spread      # the scripts honour it, or refuse\n"
	"    #gpus: 1                # likewise\n"
	"    #labels: { zone: b }    # likewise; tasks may ask for them\n"
	"    #ready: { path: /health, timeout: 60s }\n"
	"    #env: [PATH, HOME, LANG]  # nothing else of ballast's environment is passed on\n"
	"    #price: 0.12 USD/h      # of one agent\n" RETRY
	"    #drain_limit: 10m       # an agent that is removed finishes its tasks until then\n";

static const char example_lease[] = HEAD
	"pools:\n"
	"  research:                 # also the kind of task it takes: `ballast submit research "
	"...`\n"
	"    # Workers ask for tasks: POST /v1/lease, or `ballast work --pool research -- "
	"COMMAND`.\n"
	"    lease: true\n"
	"    #slots: 1               # tasks that one worker takes at once\n"
	"    #offers: [python]       # what tasks may ask for as needs\n" RETRY
	"    #drain_limit: 10m       # how long a drained worker may keep its tasks\n";

const char *const config_example_kinds[] = {"http", "command", "urls", "exec", "lease", NULL};

const char *config_example(struct span kind)
{
	static const char *const texts[] = {
		example_http, example_command, example_urls, example_exec, example_lease};
	for (size_t i = 0; config_example_kinds[i]; i++)
		if (span_equal(kind, span_of(config_example_kinds[i])))
			return texts[i];
	return NULL;
}
