# SPDX-License-Identifier: Apache-2.0
"""tools/tidy finds each kind of planted violation, names its place, and nothing else."""
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from planted import SPDX, TOOLS, Planted  # noqa: E402

BANNER = "/* Counts, because counting is what it is for. */\n"
HEADER = """#ifndef BAL_BASE_COUNT_H
#define BAL_BASE_COUNT_H

/* How many there are; never negative. */
int count_all(void);
int count_some(int first);

/* Twice the number. */
static inline int count_twice(int number)
{
	return 2 * number;
}

#endif
"""


def nest(depth):
    """A function with so many loops in each other, none with braces."""
    rows = ["void f(int n)", "{"]
    rows += ["\t" * level + "while (n > 0)" for level in range(1, depth + 1)]
    return "\n".join([*rows, "\t" * (depth + 1) + "n--;", "}", ""])


class TestTidy(Planted):
    tool = "tidy"

    def plant_c(self, code, path="src/base/a.c"):
        """Code that begins on line 3 of a file without other faults."""
        return self.plant(path, SPDX + BANNER + code)

    def expect_c(self, code, *wanted):
        self.plant_c(code)
        self.expect(*(f"src/base/a.c:{begin}" for begin in wanted))

    def test_good_code_passes(self):
        self.plant("src/base/count.h", SPDX + HEADER)
        self.plant_c('#include "base/count.h"\n\n#include <stddef.h>\n', "src/base/count.c")
        self.plant_c(nest(3))
        self.expect_clean()

    def test_spdx(self):
        self.plant("tools/x", "#!/bin/sh\n# a script\n")
        self.plant("tools/y", "#!/bin/sh\n# SPDX-License-Identifier: " + "Apache-2.0\n")
        self.plant("meson.build", "project('x')\n")
        self.plant("notes.txt", "no source file\n")
        self.expect("tools/x:1: spdx: ", "meson.build:1: spdx: ")

    def test_file_length(self):
        self.plant_c("\n" * 799)
        self.expect("src/base/a.c:801: length: ")

    def test_function_length(self):
        body = "".join(f"\tx += {i};\n" for i in range(67))  # and three lines around
        code = "int f(int x)\n{\n" + body + "}\n"
        self.plant_c(code)
        self.expect_clean()
        self.expect_c(code.replace("}", "\treturn x;\n}"), "3: function: f has 71 ")

    def test_table_is_no_function(self):
        rows = "".join(f"\t{{{i}, {i}}},\n" for i in range(100))
        self.plant_c("static const int numbers[][2] = {\n" + rows + "};\n")
        self.expect_clean()

    def test_nesting_counts_without_braces(self):
        self.expect_c(nest(4), "8: nesting: f nests 4")

    def test_else_if_is_not_deeper(self):
        chain = " else ".join(f"if (n == {i}) {{\n\t\tn++;\n\t}}" for i in range(6))
        self.plant_c(f"void f(int n)\n{{\n\t{chain}\n}}\n")
        self.expect_clean()

    def test_nesting_of_switch_and_do(self):
        code = (
            "void f(int n)\n{\n\tswitch (n) {\n\tcase 1:\n\t\tdo {\n\t\t\tfor (;;)\n"
            "\t\t\t\tif (n)\n\t\t\t\t\tn++;\n\t\t} while (n);\n\t}\n}\n"
        )
        self.expect_c(code, "9: nesting: f nests 4")

    def test_columns(self):
        self.expect_c("/* " + "x" * 95 + " */\n", "3: columns: 101")
        self.plant_c("/* " + "ä" * 94 + " */\n")
        self.expect_clean()
        script = "\n# SPDX-License-Identifier: " + "Apache-2.0\n# " + "x" * 99 + "\n"
        self.plant("tools/a", "#!/bin/sh" + script)
        self.plant("tools/b", "#!/usr/bin/env python3" + script)
        self.expect("tools/b:3: columns: 101")

    def test_typedef(self):
        self.expect_c("typedef struct a {\n\tint b;\n} a_t;\n", "3: typedef: ")
        self.expect_c("struct a;\ntypedef struct a *a_ref;\n", "4: typedef: ", "4: typedef: ")
        self.expect_c("typedef void (*call)(int);\n", "3: typedef: ")
        self.plant_c("typedef int call(void *context, int *number);\ntypedef unsigned word;\n")
        self.expect_clean()

    def test_calls(self):
        for word in "strcpy strcat sprintf strtok atoi alloca gets vsprintf assert".split():
            with self.subTest(word=word):
                self.expect_c(f"void f(void)\n{{\n\t{word}(0);\n}}\n", f"5: call: {word}:")
        self.plant_c(
            "/* not strcpy() */\nvoid f(struct a *a)\n{\n"
            '\tcopy("strcpy()");\n\ta->gets(1);\n\tbal_assert(a);\n\tmy_atoi(1);\n}\n'
        )
        self.expect_clean()

    def test_todo(self):
        self.expect_c("/* TODO: later */\n", "3: todo: ")
        self.expect_c('const char *name = "/tmp/XXX";\n', "3: todo: ")
        self.plant_c('const char *name = "/tmp/XXXXXX";\n')
        self.expect_clean()

    def test_guard(self):
        for wrong in (
            HEADER.replace("#define BAL_BASE_COUNT_H", "#define BAL_BASE_OTHER_H"),
            HEADER.replace("COUNT_H", "COUNTER_H"),
            HEADER.replace("#ifndef BAL_BASE_COUNT_H\n", ""),
            "#pragma once\n\n/* Says. */\nint count_all(void);\n",
            "/* Says. */\nint count_all(void);\n",
        ):
            with self.subTest(wrong=wrong[:60]):
                self.plant("src/base/count.h", SPDX + wrong)
                status, findings = self.run_tool()
                self.assertEqual(status, 1)
                self.assertTrue(any(": guard: " in finding for finding in findings), findings)

    def test_header_comment(self):
        text = SPDX + HEADER
        for comment in ("/* How many there are; never negative. */\n", "/* Twice the number. */\n"):
            text = text.replace(comment, "")
        self.plant("src/base/count.h", text)
        self.expect(
            "src/base/count.h:5: comment: say above count_all ",
            "src/base/count.h:6: comment: say above count_some ",
            "src/base/count.h:8: comment: say above count_twice ",
        )

    def test_own_header_first(self):
        self.plant("src/base/count.h", SPDX + HEADER)
        self.plant_c('#include <stddef.h>\n\n#include "base/count.h"\n', "src/base/count.c")
        self.expect("src/base/count.c:3: own-header: ")

    def test_banner(self):
        self.plant("src/base/a.c", SPDX + "#include <stddef.h>\n")
        self.expect("src/base/a.c:1: banner: ")

    def test_layout(self):
        program = shutil.which("clang-format")
        version = program and subprocess.run([program, "--version"], capture_output=True, text=True)
        if not program or " 14." not in version.stdout:
            self.skipTest("clang-format 14 decides layout and is not here")
        shutil.copy(TOOLS.parent / ".clang-format", self.root)
        self.plant_c("void f(void)\n{\n\tint x;\n}\n")
        self.expect_clean()
        self.expect_c("void f(void)\n{\n    int x;\n}\n", "4: layout: ")


if __name__ == "__main__":
    unittest.main()
