"""Squares some numbers on the mesh: python3 squares.py 3 4 5

TASKMESH_API and TASKMESH_TOKEN say which router, and by what right.
"""

import os
import sys

from taskmesh import Client, Problem

PROGRAM = "function main (n) { return n * n }"


def main(words):
    client = Client(os.environ["TASKMESH_API"], os.environ["TASKMESH_TOKEN"])
    try:
        job = client.submit(
            {
                "name": "squares",
                "task": {"engine": "javascript", "source": PROGRAM},
                "each": [{"input": int(word)} for word in words],
            }
        )
        job = client.wait(job["id"])
        for item in client.items(job["id"]):
            print(item["result"])
        return 0 if job["state"] == "completed" else 1
    except Problem as problem:
        print(f"{problem} ({problem.hint})" if problem.hint else problem, file=sys.stderr)
        return 2


sys.exit(main(sys.argv[1:]))
