#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A pool whose agents are made by scripts that fail, hang, do half, lie and are cut off by a crash:
told, tried again after growing pauses, and at the end as many instances as agents: none was made
twice, none is left. Instances are real processes; `plan` says how the next calls of create go."""
import signal
import stat

import harness

SCRIPT = """#!/bin/sh
cd "$(dirname "$0")"
how=$(head -n 1 plan.{verb} 2>/dev/null); [ -s plan.{verb} ] && sed -i 1d plan.{verb}
echo "$(date +%s.%N) {verb} $BALLAST_INDEX" >>calls
{body}
"""
CREATE = """
make() {
    port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    setsid python3 worker.py --port $port --log log >/dev/null 2>&1 &
    echo "$! http://127.0.0.1:$port $BALLAST_ORDER" >world/i$!
    answer="{\\"id\\": \\"i$!\\", \\"url\\": \\"http://127.0.0.1:$port\\"}"
}
case $how in
fail) echo "no quota" >&2; exit 1;;
half) make; exit 1;;
hang) sleep 60;;
ghost) sleep 1000 >/dev/null 2>&1 & echo "$! http://127.0.0.1:9 $BALLAST_ORDER" >world/i$!
    echo "{\\"id\\": \\"i$!\\", \\"url\\": \\"http://127.0.0.1:9\\"}"; exit 0;;
refuse) echo '{"refused": "no zone has room"}'; exit 0;;
slow) make; sleep 2;;
*) make;;
esac
echo "$answer"
"""
LIST = """
separator=
printf '['
for file in world/*; do
    [ -e "$file" ] || continue
    read -r pid url order <"$file"
    kill -0 "$pid" 2>/dev/null || continue
    printf '%s{"id": "%s", "url": "%s", ' "$separator" "${file#world/}" "$url"
    printf '"order": "%s"}' "$order"
    separator=,
done
echo ']'
"""
DELETE = """
[ "$how" = fail ] && { echo "try later" >&2; exit 1; }
file=world/$BALLAST_ID
[ -e "$file" ] || exit 0
read -r pid url order <"$file"
kill "$pid" 2>/dev/null
rm "$file"
"""


class ExecTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = self.folder / "cloud"
        (self.cloud / "world").mkdir(parents=True)
        for verb, body in (("create", CREATE), ("list", LIST), ("delete", DELETE)):
            script = self.cloud / verb
            script.write_text(SCRIPT.replace("{verb}", verb).replace("{body}", body))
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        (self.cloud / "worker.py").write_text((harness.HERE / "worker.py").read_text())

    def begin(self, plan, least=1):
        (self.cloud / "plan.create").write_text("".join(line + "\n" for line in plan))
        scripts = ", ".join(f"{verb}: {self.cloud / verb}" for verb in ("create", "list", "delete"))
        return self.daemon(
            "knobs: { start_backoff: 200ms }\n"
            f"pools: {{ far: {{ provider: {{ exec: {{ {scripts}, timeout: 4s }} }}, min: {least},"
            " max: 4, ready: { timeout: 1s }, scale: { strategy: fixed } } }\n")

    def calls(self, verb):
        path = self.cloud / "calls"
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [float(at) for at, called, *_ in lines if called == verb]

    def instances(self):
        return len(list((self.cloud / "world").iterdir()))

    def finish(self, daemon, count):
        """As many agents as there are instances, which all answer; then none of either."""
        daemon.wait_agents("far", count, 40)
        harness.wait_until(lambda: self.instances() == count, 20, "nothing is left over")
        for task in [daemon.submit("far", {"seconds": 0}) for _ in range(4)]:
            self.assertEqual(daemon.wait(task)["state"], "succeeded")
        daemon.config_path.write_text("pools: {}\n")
        daemon.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.instances() == 0, 20, "all instances are deleted")
        harness.wait_until(lambda: not harness.processes_of(self.cloud / "worker.py"), 20,
                           "no process is left")

    def test_failures_are_told_and_tried_again_later_and_later(self):
        daemon = self.begin(["fail", "refuse", "fail", "fail"])
        harness.wait_until(lambda: "exited with code 1; last line: no quota" in daemon.log(), 20,
                           "the log says why")
        harness.wait_until(lambda: "refused: no zone has room" in daemon.log(), 20, "refused")
        daemon.wait_agents("far", 1, 40)
        at = self.calls("create")
        self.assertEqual(len(at), 5)
        pauses = [later - earlier for earlier, later in zip(at, at[1:])]
        # 200 ms, doubled each time; whole looks of a second come on top.
        for index, pause in enumerate(pauses):
            self.assertGreaterEqual(pause, 0.2 * 2 ** index - 0.02, pauses)
        self.finish(daemon, 1)

    def test_half_done_is_adopted(self):
        daemon = self.begin(["half", "half"], least=2)
        daemon.wait_agents("far", 2, 40)
        self.assertEqual(len(self.calls("create")), 2)
        self.assertIn("adopted", daemon.log())
        self.finish(daemon, 2)

    def test_one_that_hangs_is_stopped(self):
        daemon = self.begin(["hang"])
        daemon.wait_agents("far", 1, 40)
        self.assertIn("not through within 4 s: stopped", daemon.log())
        self.finish(daemon, 1)

    def test_one_that_is_slow_is_told(self):
        daemon = self.begin(["slow"])
        daemon.wait_agents("far", 1, 40)
        self.assertRegex(daemon.log(), "create is slow: 2[.0-9]* s of the 4 s it may take")
        self.finish(daemon, 1)

    def test_one_that_never_works_is_deleted_and_replaced(self):
        daemon = self.begin(["ghost"])
        daemon.wait_agents("far", 1, 40)
        self.assertIn("did not become ready in time", daemon.log())
        self.finish(daemon, 1)

    def test_a_crash_in_the_middle_makes_none_twice(self):
        daemon = self.begin(["slow", "slow", "slow"], least=3)
        harness.wait_until(lambda: self.instances() > 0, 20, "something was made")
        daemon.kill()
        daemon.start()
        daemon.wait_agents("far", 3, 40)
        self.assertEqual(len(self.calls("create")), 3)
        ids = {agent["id"] for agent in daemon.agents("far")}
        daemon.kill()
        daemon.start()
        daemon.wait_agents("far", 3, 40)
        self.assertEqual({agent["id"] for agent in daemon.agents("far")}, ids)
        self.finish(daemon, 3)

    def test_a_delete_that_fails_is_repeated(self):
        daemon = self.begin([], least=2)
        daemon.wait_agents("far", 2, 40)
        (self.cloud / "plan.delete").write_text("fail\n" * 2)
        self.finish(daemon, 2)
        self.assertIn("is not deleted: exited with code 1; last line: try later", daemon.log())
        self.assertEqual(len(self.calls("delete")), 4)


if __name__ == "__main__":
    harness.main()
