#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spans of tasks and attempts reach a collector in the trace of the submission."""
import json

import harness

CONFIG = """
pools:
  echo: {{ urls: [{url}], slots: 2, retry: {{ for: [retryable], backoff: 10ms }} }}
traces: {{ url: {collector}/v1/traces, sample: {sample} }}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-00"}


def attributes(span):
    return {item["key"]: list(item["value"].values())[0] for item in span["attributes"]}


class Collector(harness.HttpAgent):
    """Keeps what is posted to it; answers with the statuses of `answers` first, then 200."""

    def __init__(self, answers=()):
        self.spans, self.answers, self.posts = [], list(answers), 0
        self.gone = False
        super().__init__(self.take)

    def take(self, _, payload):
        if self.gone:
            raise ConnectionAbortedError  # closes the connection without an answer
        with self.lock:
            self.posts += 1
            status = self.answers.pop(0) if self.answers else 200
            if status == 200:
                for resource in json.loads(payload)["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        self.spans += scope["spans"]
        return status, b"{}"

    def named(self, name):
        return [span for span in self.spans if span["name"] == name]


class TracesTest(harness.Case):
    def served(self, work=None, answers=(), sample="100%"):
        self.collector = Collector(answers)
        self.agents_here.append(self.collector)
        self.worker = self.agent(*([work] if work else []))
        daemon = self.daemon(CONFIG.format(
            url=self.worker.url, collector=self.collector.url, sample=sample))
        daemon.wait_agents("echo", 1)
        return daemon

    def submit(self, daemon, headers=None):
        answer = daemon.call("POST", "/v1/tasks", {"kind": "echo", "payload": {}}, headers)
        self.assertEqual(answer.status, 202, answer)
        return answer.json["id"]

    def wait_spans(self, name, count, seconds=15):
        harness.wait_until(lambda: len(self.collector.named(name)) >= count, seconds,
                           lambda: f"{count} spans named {name} in {self.collector.spans}")
        return self.collector.named(name)

    def test_a_task_with_two_attempts_in_the_trace_of_its_submission(self):
        tries = []

        def work(*_):
            tries.append(1)
            return (500, b"no") if len(tries) == 1 else (200, b"{}")
        daemon = self.served(work)
        task = self.submit(daemon, SAMPLED)
        daemon.wait(task)
        span = self.wait_spans("task echo", 1)[0]
        self.assertEqual((span["traceId"], span["parentSpanId"]), (TRACE, CALLER))
        self.assertEqual(attributes(span)["ballast.task"], task)
        self.assertEqual(attributes(span)["ballast.state"], "succeeded")
        attempts = self.wait_spans("attempt", 2)
        self.assertEqual([attributes(one)["ballast.attempt"] for one in attempts], ["1", "2"])
        self.assertEqual([one["status"]["code"] for one in attempts], [2, 1])
        for one in attempts:
            self.assertEqual((one["traceId"], one["parentSpanId"]), (TRACE, span["spanId"]))
            self.assertLessEqual(int(span["startTimeUnixNano"]) // 10**6,
                                 int(one["startTimeUnixNano"]) // 10**6)
            self.assertLessEqual(int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"]))
        # The agent continues the span of its own attempt.
        seen = [field["traceparent"] for field in self.worker.fields]
        self.assertEqual(seen, [f"00-{TRACE}-{one['spanId']}-01" for one in attempts])

    def test_begins_a_trace_where_there_is_none(self):
        daemon = self.served()
        for task in [self.submit(daemon) for _ in range(2)]:
            daemon.wait(task)
        spans = self.wait_spans("task echo", 2)
        self.assertEqual(len({span["traceId"] for span in spans}), 2)
        self.assertTrue(all("parentSpanId" not in span for span in spans))

    def test_what_the_caller_does_not_trace_is_only_passed_on(self):
        daemon = self.served()
        daemon.wait(self.submit(daemon, UNSAMPLED))
        daemon.wait(self.submit(daemon, SAMPLED))
        self.assertEqual(len(self.wait_spans("task echo", 1)), 1)
        self.assertEqual(self.worker.fields[0]["traceparent"], UNSAMPLED["traceparent"])

    def test_no_share_is_no_span(self):
        daemon = self.served(sample="0%")
        for _ in range(5):
            daemon.wait(self.submit(daemon))
        daemon.wait(self.submit(daemon, SAMPLED))
        self.assertEqual(len(self.wait_spans("task echo", 1)), 1)

    def test_a_collector_that_is_busy_gets_the_spans_later(self):
        daemon = self.served(answers=[503, 429])
        daemon.wait(self.submit(daemon))
        self.assertEqual(len(self.wait_spans("task echo", 1)), 1)
        self.assertEqual(self.collector.posts, 3)
        self.assertIn("traces: answered 503; sent again until it is taken", daemon.log())

    def test_a_collector_that_refuses_or_is_gone_holds_nothing_up(self):
        daemon = self.served(answers=[400])
        daemon.wait(self.submit(daemon))
        harness.wait_until(lambda: "refused with status 400" in daemon.log(), 10, "the refusal")
        self.collector.gone = True
        for task in [self.submit(daemon) for _ in range(50)]:
            self.assertEqual(daemon.wait(task)["state"], "succeeded")
        harness.wait_until(lambda: "sent again" in daemon.log(), 10, "the loss is in the log")
        self.assertEqual(daemon.kill(15), 0)


if __name__ == "__main__":
    harness.main()
