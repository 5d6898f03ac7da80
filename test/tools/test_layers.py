# SPDX-License-Identifier: Apache-2.0
"""tools/layers finds each kind of planted violation, names its place, and nothing else."""
import os
import shlex
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from planted import Planted  # noqa: E402


class TestLayers(Planted):
    tool = "layers"

    def test_leftward_includes_pass(self):
        self.plant("include/ballast.h", "#include <stdint.h>\n")
        self.plant("src/base/heap.h", "#include <stddef.h>\n")
        self.plant("src/core/task.h", '#include "ballast.h"\n#include "base/heap.h"\n')
        self.plant("src/wire/http.c", '#include "core/task.h"\n#include <sys/socket.h>\n')
        self.plant("src/daemon/loop.c", '#include "wire/http.h"\n#include "sim/world.h"\n')
        self.plant("src/main.c", '#include "daemon/loop.h"\n')
        self.expect_clean()

    def test_upward(self):
        self.plant("src/base/heap.c", '\n#include "core/task.h"\n')
        self.expect("src/base/heap.c:2: upward: ")

    def test_contract_sees_no_layer(self):
        self.plant("include/ballast.h", '#include "base/heap.h"\n')
        self.expect("include/ballast.h:1: upward: ")

    def test_sibling(self):
        for layer, other in (("wire", "store"), ("store", "sample"), ("sim", "provider")):
            with self.subTest(layer=layer):
                path = self.plant(f"src/{layer}/a.c", f'#include "{other}/b.h"\n')
                self.expect(f"src/{layer}/a.c:1: sibling: ")
                path.unlink()

    def test_commented_include_is_none(self):
        self.plant("src/base/heap.c", '/*\n#include "core/task.h"\n*/\n// #include <stdio.h>\n')
        self.expect_clean()

    def test_cycle_is_named(self):
        self.plant("src/core/a.h", '#include "core/b.h"\n')
        self.plant("src/core/b.h", '#include <stddef.h>\n#include "core/c.h"\n')
        self.plant("src/core/c.h", '#include "core/a.h"\n')
        self.expect("src/core/c.h:1: cycle: src/core/a.h -> src/core/b.h -> src/core/c.h -> src/c")

    def test_header_may_be_used_twice(self):
        self.plant("src/core/a.h", '#include "core/b.h"\n#include "core/c.h"\n')
        self.plant("src/core/b.h", '#include "core/c.h"\n')
        self.plant("src/core/c.h", "")
        self.expect_clean()

    def test_pure_headers(self):
        for layer in ("base", "table", "core"):
            for header in ("stdio.h", "stdlib.h", "time.h", "math.h", "errno.h", "unistd.h"):
                with self.subTest(layer=layer, header=header):
                    path = self.plant(f"src/{layer}/a.c", f"#include <{header}>\n")
                    self.expect(f"src/{layer}/a.c:1: pure: ")
                    path.unlink()

    def test_include_form(self):
        self.plant("src/core/a.c", '#include "b.h"\n#include "../base/heap.h"\n')
        self.expect("src/core/a.c:1: include: ", "src/core/a.c:2: include: ")

    def test_unknown_layer(self):
        self.plant("src/helper/a.c", "")
        self.expect("src/helper/a.c:1: layer: ")

    def build(self, name, code):
        """An archive with one object, as the build makes them."""
        source = self.plant(name + ".c", code)
        target = self.root / f"{name}.o"
        archive = self.root / f"lib{name}.a"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, "-O0", "-fno-builtin", "-c", source, "-o", target], check=True)
        subprocess.run(["ar", "crs", archive, target], check=True)
        return archive

    def test_symbols(self):
        base = self.build("base", "void *give(void) { return 0; }\n")
        core = self.build(
            "core",
            "extern void *give(void), *memcpy(void *, const void *, unsigned long);\n"
            "void *take(void *to) { return memcpy(to, give(), 1); }\n",
        )
        self.expect_clean(base, core)
        # Alone, core lacks what base defines.
        place = f"{core}[core.o]:0: symbol: "
        self.expect(place + "give ", arguments=[core])

    def test_symbols_forbidden(self):
        for symbol in ("malloc", "printf", "clock_gettime", "exp", "getenv", "__assert_fail"):
            with self.subTest(symbol=symbol):
                code = f"extern void {symbol}(void);\nvoid f(void) {{ {symbol}(); }}\n"
                archive = self.build("core", code)
                place = f"{archive}[core.o]:0: symbol: "
                self.expect(place + symbol, arguments=[archive])


if __name__ == "__main__":
    unittest.main()
