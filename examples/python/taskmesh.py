"""A client of a router's HTTP API that needs nothing but Python's standard library.

    client = Client("http://127.0.0.1:51880", token)
    job = client.run({"task": {"engine": "javascript", "source": "function main (n) { return n * n }", "input": 7}})
    print(job["result"])
"""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid

ENDED = ("completed", "failed", "stopped")


class Problem(Exception):
    """What the router refused, with its stable code and what to do about it."""

    def __init__(self, problem):
        super().__init__(f"{problem['code']}: {problem['detail']}")
        self.code = problem["code"]
        self.path = problem.get("path")
        self.hint = problem.get("hint")
        self.retryable = problem["retryable"]


class Client:
    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token

    def submit(self, document):
        """Hands in a job. The key makes it safe to send again after a lost answer."""
        return self._ask("POST", "/v1/jobs", document, {"idempotency-key": str(uuid.uuid4())})

    def wait(self, job_id):
        """Waits until the job has ended, a minute with each request."""
        while True:
            job = self._ask("GET", f"/v1/jobs/{job_id}/wait?timeout=60s")
            if job["state"] in ENDED:
                return job

    def run(self, document):
        return self.wait(self.submit(document)["id"])

    def items(self, job_id):
        """All items of a job, page by page."""
        after = None
        while True:
            query = urllib.parse.urlencode({"limit": 1000} | ({} if after is None else {"after": after}))
            page = self._ask("GET", f"/v1/jobs/{job_id}/items?{query}")
            yield from page
            if len(page) == 0:
                return
            after = page[-1]["index"]

    def watch(self, job_id):
        """Events of a job as they happen, from now on (server-sent events)."""
        with self._open("GET", f"/v1/events?job={job_id}", accept="text/event-stream") as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def nodes(self):
        return self._ask("GET", "/v1/nodes")

    def _ask(self, method, path, body=None, headers=None):
        with self._open(method, path, body, headers) as answer:
            return json.load(answer)

    def _open(self, method, path, body=None, headers=None, accept="application/json"):
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/json",
                "accept": accept,
                **(headers or {}),
            },
        )
        try:
            return urllib.request.urlopen(request, timeout=90)
        except urllib.error.HTTPError as refusal:
            raise Problem(json.load(refusal)) from None
