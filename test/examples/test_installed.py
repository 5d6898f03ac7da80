#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples again, from a program that was installed, in a copy outside the source tree.

MESON_BUILD names the build to install from; nothing of it is used afterwards.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ("examples", "test/examples", "test/e2e")


def main():
    root = HERE.parents[1]
    with tempfile.TemporaryDirectory(prefix="ballast-installed-") as folder:
        place = pathlib.Path(folder)
        install = subprocess.run(
            ["meson", "install", "-C", os.environ["MESON_BUILD"], "--no-rebuild", "--destdir",
             str(place / "root")], capture_output=True, text=True)
        if install.returncode != 0:
            sys.exit(install.stdout + install.stderr)
        programs = [path for path in (place / "root").rglob("bin/ballast") if path.is_file()]
        if len(programs) != 1:
            sys.exit(f"expected one program, found {programs}\n{install.stdout}")
        for name in FOLDERS:
            shutil.copytree(root / name, place / "copy" / name)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MESON_")}
        environment.update(BALLAST=str(programs[0]), TMPDIR=str(place))
        for words in (["version"], ["help"]):
            subprocess.run([str(programs[0]), *words], cwd=place, env=environment, check=True,
                           stdout=subprocess.DEVNULL)
        run = subprocess.run([sys.executable, "test/examples/test_examples.py"],
                             cwd=place / "copy", env=environment)
        sys.exit(run.returncode)


if __name__ == "__main__":
    main()
