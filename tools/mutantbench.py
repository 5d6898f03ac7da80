# SPDX-License-Identifier: Apache-2.0
"""Where tools/mutate builds changed files and runs the tests of core against them.

base and core become one shared library, so that a changed file costs one compilation and one link,
and no test is linked again. There are two benches: one optimised as in a release, which says nearly
everything in a second, and one with the sanitizers that .ci/run has too, for what is left.
"""
import concurrent.futures
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess

CFLAGS = "-std=c17 -w -fPIC -ffp-contract=off -fno-strict-aliasing -Iinclude -Isrc".split()
RELEASE = ["-O2"]
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
HOST_FLAGS = ["-D_GNU_SOURCE"]
MEMORY_MAX = 2 << 30
OUTPUT_MAX = 1 << 20
CPU_S_MIN = 2
WALL_S_PER_CPU_S = 20  # the machine may have other work
SEEDS = ["1", "20", "2000"]


class Test:
    def __init__(self, name, command, sources):
        self.name = name
        self.command = command
        self.sources = sources
        self.cpu_s = 10.0  # until it was measured


class Run:
    """How a test went: `failed`, and in one line why."""

    def __init__(self, failed, why, cpu_s):
        self.failed = failed
        self.why = why
        self.cpu_s = cpu_s


class Bench:
    def __init__(self, root, folder, compiler, layers, flags):
        self.root = pathlib.Path(root)
        self.layers = layers  # whose unit tests are run
        self.flags = flags
        self.folder = pathlib.Path(folder)
        self.compiler = shlex.split(compiler)
        self.tests = []
        self.texts = {}

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def cc(self, *arguments, **options):
        return subprocess.run(
            [*self.compiler, *map(str, arguments)], cwd=self.root, capture_output=True, **options
        )

    def must(self, *arguments, **options):
        done = self.cc(*arguments, **options)
        if done.returncode != 0:
            raise SystemExit(done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def preprocess(self, paths):
        text = "".join(f'#include "{path}"\n' for path in paths)
        return self.must(*CFLAGS, "-E", "-P", "-", input=text.encode())

    def library_sources(self):
        return sorted(
            str(path.relative_to(self.root))
            for layer in ("base", "core")
            for path in (self.root / "src" / layer).glob("*.c")
        )

    def object_of(self, source, folder="objects"):
        return self.path(folder, source.replace("/", "_")[:-2] + ".o")

    def compile(self, source, text, target, overlay=None):
        """From standard input, so that no path tells objects apart; false when it is refused."""
        flags = [f"-I{overlay}"] if overlay else []
        arguments = [*flags, *self.flags, *CFLAGS, "-x", "c", "-c", "-o", target, "-"]
        return self.cc(*arguments, input=text.encode()).returncode == 0

    def build(self, jobs, only=None):
        """The library and the tests (all, or those named) as they are; raises SystemExit when
        something fails."""
        self.texts = {path: self.read(path) for path in self.library_sources()}
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("objects", "programs", "original"):
            self.path(name).mkdir(parents=True)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            compiled = pool.map(
                lambda s: self.compile(s, self.read(s), self.object_of(s)), self.library_sources()
            )
            if not all(compiled):
                raise SystemExit("base and core do not compile")
        self.link(self.path("original"), {})
        cmocka = shlex.split(
            subprocess.run(
                ["pkg-config", "--cflags", "--libs", "cmocka"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        self._programs(cmocka, jobs, only)
        for test in self.tests:
            run = self.run(test, self.path("original"))
            if run.failed:
                raise SystemExit(f"{test.name} fails without any change: {run.why}")
            test.cpu_s = run.cpu_s

    def read(self, path):
        """The text of a source as it was when the bench was built."""
        if path in self.texts:
            return self.texts[path]
        return (self.root / path).read_text(encoding="utf-8")

    def link(self, folder, replaced):
        """libballast.so in `folder`; `replaced` maps sources to other objects."""
        objects = [replaced.get(s, self.object_of(s)) for s in self.library_sources()]
        self.must(*self.flags, "-shared", "-o", folder / "libballast.so", *objects)

    def _programs(self, cmocka, jobs, only):
        helpers = {"core": ["scene.c", "busy.c", "chaos.c"], "base": []}
        wanted = []
        for layer in self.layers:
            folder = f"test/unit/{layer}"
            parts = [f"{folder}/{part}" for part in helpers[layer]]
            for path in sorted((self.root / folder).glob("test_*.c")):
                name = f"{layer}/{path.stem[5:]}"
                wanted.append((name, [f"{folder}/{path.name}", *parts], [], cmocka))
        sim = sorted(str(p.relative_to(self.root)) for p in (self.root / "src/sim").glob("*.c"))
        golden = "test/golden"
        scenes = ["test/trace/trace.c", "test/trace/scene.c", f"{golden}/golden.c"]
        wanted.append(("trace", scenes, ["test/trace"], []))
        for name, parts in (("anomaly", []), ("history", []), ("forecast", ["series.c"])):
            sources = [f"{golden}/{part}" for part in (f"{name}.c", "golden.c", *parts)]
            wanted.append((f"golden/{name}", sources, [f"{golden}/{name}.txt"], []))
        wanted.append(("sim/seeds", ["test/sim/seeds.c", *sim], SEEDS, []))
        wanted.append(("sim/scalein", ["test/sim/scalein.c", *sim], [], []))
        wanted = [row for row in wanted if only is None or row[0] in only]
        include = [flag for flag in cmocka if flag.startswith("-I")]
        objects = {source: self.object_of(source) for row in wanted for source in row[1]}
        objects.update({source: self.object_of(source) for source in sim})
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            flags = [*self.flags, *CFLAGS, *HOST_FLAGS, *include]
            list(pool.map(lambda s: self.must(*flags, "-c", "-o", objects[s], s), objects))
        # An archive: what of the simulator nobody here uses may want layers that are not here.
        simulator = self.path("libsim.a")
        subprocess.run(["ar", "rcs", simulator, *(objects[s] for s in sim)], check=True)
        library = [simulator, f"-L{self.path('original')}", "-lballast"]
        for name, sources, arguments, flags in wanted:
            program = self.path("programs", name.replace("/", "_"))
            parts = [objects[source] for source in sources if source not in sim]
            self.must(*self.flags, "-o", program, *parts, *library, *flags, "-lm")
            self.tests.append(Test(name, [str(program), *arguments], sources))

    def order_for(self, source):
        """The tests in the order to run them: the file's own, then the cheap ones."""
        layer, stem = pathlib.PurePath(source).parts[-2], pathlib.PurePath(source).stem
        include = f'#include "{layer}/{stem}.h"'

        def rank(test):
            own = test.name == f"{layer}/{stem}" or include in self.read(test.sources[0])
            return (not own, test.cpu_s, test.name)

        return sorted(self.tests, key=rank)

    def run(self, test, library):
        """One test against the library in a folder."""
        cpu_s = CPU_S_MIN + round(8 * test.cpu_s)
        environment = {
            "LD_LIBRARY_PATH": str(library),
            "CMOCKA_MESSAGE_OUTPUT": "STDOUT",
            "ASAN_OPTIONS": "detect_leaks=0",
            "PATH": os.environ.get("PATH", ""),
        }

        def bound():
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
            if self.flags == RELEASE:  # The sanitizers reserve more than any machine has.
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
            resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_MAX, OUTPUT_MAX))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        log = library / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                test.command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, preexec_fn=bound,
            )
            _, status, usage = self._wait(process, cpu_s * WALL_S_PER_CPU_S)
        used = usage.ru_utime + usage.ru_stime
        if status == 0:
            return Run(False, "", used)
        return Run(True, self._why(status, log.read_text(errors="replace")), used)

    @staticmethod
    def _wait(process, wall_s):
        """Blocks until it ends; one that sleeps instead of working is killed after wall_s."""
        signal.signal(signal.SIGALRM, lambda *_: process.send_signal(signal.SIGKILL))
        signal.alarm(wall_s)
        pid, status, usage = os.wait4(process.pid, 0)
        signal.alarm(0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return pid, process.returncode, usage

    @staticmethod
    def _why(status, text):
        if status in (-signal.SIGXCPU, -signal.SIGKILL):
            return "does not end"
        case = re.search(r"\[  FAILED  \] (\w+)$", text, re.MULTILINE)
        if case:
            return case[1]
        finding = re.search(r"(?:runtime error|AddressSanitizer): (.*)$", text, re.MULTILINE)
        if finding:
            return finding[0].strip()
        lines = [line for line in text.splitlines() if line.strip()]
        if status < 0:
            return signal.Signals(-status).name
        return lines[0].strip() if lines else f"status {status}"
