#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tasks of one kind take a fifth longer from one moment on: at 20 tasks a second that is found
within 110 s, after half an hour in which the usual is learned."""
import http.client
import json
import random
import time

import harness

RATE = 20
LEARN_S = 31 * 60
WITHIN_S = 110
SIZE_S = 0.1
CONFIG = """
pools:
  coder: { urls: ["%s"], slots: 32 }
"""


class SlowerTest(harness.Case):
    def drive(self, daemon, seconds, until=lambda: False):
        """Submits at the rate, Poisson; returns when it is time or `until` says so."""
        draw = random.Random(1)
        line = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
        body = json.dumps({"kind": "coder", "payload": {}})
        begun = due = looked = time.monotonic()
        while due < begun + seconds:
            due += draw.expovariate(RATE)
            time.sleep(max(0, due - time.monotonic()))
            line.request("POST", "/v1/tasks", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
            self.assertEqual(answer.status, 202)
            if time.monotonic() > looked + 1:
                looked = time.monotonic()
                if until():
                    break
        line.close()
        return time.monotonic() - begun

    def test_a_fifth_longer(self):
        draw, slower = random.Random(2), [1.0]

        def work(task, payload):
            # Lognormal, with a spread as large as the mean.
            time.sleep(SIZE_S * slower[0] * draw.lognormvariate(-0.3466, 0.8326))
            return 200, b"{}"
        daemon = self.daemon(CONFIG % self.agent(work).url)
        daemon.wait_agents("coder", 1)

        def shift():
            found = [row for row in daemon.get("/v1/forecasts")["forecasts"]
                     if row.get("service_shift", {}).get("factor", 1) > 1]
            return found[0]["service_shift"] if found else None
        self.drive(daemon, LEARN_S)
        self.assertIsNone(shift())
        slower[0] = 1.2
        took_s = self.drive(daemon, 300, lambda: shift() is not None)
        print(f"a fifth longer: {shift()} after {took_s:.0f} s")
        self.assertLess(took_s, WITHIN_S)


if __name__ == "__main__":
    harness.main()
