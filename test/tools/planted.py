# SPDX-License-Identifier: Apache-2.0
"""A small tree with planted violations, and a tool of tools/ run on it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"
SPDX = "/* SPDX-License-Identifier: " + "Apache-2.0 */\n"


class Planted(unittest.TestCase):
    tool = None  # name in tools/, set by the subclass

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run_tool(self, *arguments):
        """Exit status and the findings: all lines but the summary."""
        done = subprocess.run(
            [sys.executable, TOOLS / self.tool, "--root", self.root, *arguments],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.splitlines()[:-1]

    def expect_clean(self, *arguments):
        self.assertEqual(self.run_tool(*arguments), (0, []))

    def expect(self, *wanted, arguments=()):
        """Exactly these findings, each given by its beginning."""
        status, findings = self.run_tool(*arguments)
        self.assertEqual(status, 1)
        self.assertEqual(len(findings), len(wanted), findings)
        for begin, finding in zip(sorted(wanted), sorted(findings)):
            self.assertEqual(finding[: len(begin)], begin, findings)
