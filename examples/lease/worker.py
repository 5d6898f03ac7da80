# SPDX-License-Identifier: Apache-2.0
import json, os, urllib.request as u, urllib.error as e
B = os.environ.get("BALLAST_URL", "http://127.0.0.1:7777")
def call(path, body):
    q = u.Request(B + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with u.urlopen(q, timeout=60) as r:
        return json.load(r) if r.status == 200 else None   # 204: nothing yet
while True:
    t = call("/v1/lease", {"pool": "research", "worker": "w1", "wait": "30s", "ttl": "10m"})
    if not t: continue
    try: verb, body = "ack", {"result": t["payload"]["q"].upper()}     # the work
    except Exception as x: verb, body = "nack", {"error": repr(x)}
    try: call(f"/v1/leases/{t['lease']}/{verb}", body)
    except e.HTTPError as x: print("superseded", x.code)
