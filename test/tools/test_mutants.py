# SPDX-License-Identifier: Apache-2.0
"""tools/mutants finds each kind of change in a small file, and leaves alone what it must."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"
sys.path.insert(0, str(TOOLS))
from mutants import Finder, choose, enum_successors  # noqa: E402

HEAD = "/* SPDX */\n#include \"a.h\"\n\n"
ENUMS = enum_successors("enum colour { RED, GREEN, BLUE, COLOUR_COUNT };")


def body(*lines):
    """A file with one function of these lines."""
    return HEAD + "static int f(int a, int b)\n{\n" + "".join(f"\t{l}\n" for l in lines) + "}\n"


def find(text, enums=None):
    return Finder("src/core/a.c", text, enums or {}).find()


class TestMutants(unittest.TestCase):
    def expect(self, line, *wanted):
        """The changes of one line, as that line would read."""
        found = [mutant.new_line for mutant in find(body(line), ENUMS)]
        self.assertEqual(sorted(found), sorted(wanted))

    def test_comparisons(self):
        self.expect("return a < b;", "return a <= b;", "return a >= b;")
        self.expect("return a == b;", "return a != b;")

    def test_arithmetic(self):
        self.expect("return a + b;", "return a - b;")
        self.expect("return a * b;", "return a / b;")
        self.expect("return a % b;", "return a / b;")
        self.expect("return a << b;", "return a >> b;")
        self.expect("return -a;", "return a;")
        self.expect("return ~a | b;", "return a | b;", "return ~a & b;")

    def test_numbers(self):
        self.expect("return 7;", "return 8;", "return 6;")
        self.expect("return 0;", "return 1;")
        self.expect("return 0.5;", "return 1.0;", "return 0.25;")

    def test_logic(self):
        self.expect("return a && !b;", "return a || !b;", "return a && b;")
        self.expect("return true;", "return false;")

    def test_words(self):
        self.expect("return GREEN;", "return BLUE;")
        self.expect("return BLUE;", "return RED;")
        self.expect("return num_min(a, b);", "return num_max(a, b);")

    def test_statements(self):
        self.expect("g(a);", ";")
        self.expect("a = b;", ";")
        self.expect("a++;", "a--;", ";")

    def test_conditions(self):
        found = [m.new_line for m in find(body("if (a)", "\treturn b;", "return a;"))]
        self.assertEqual(sorted(found), ["if (!(a))", "if (0 && (a))"])
        found = [m.new_line for m in find(body("while (a)", "\tg(b);", "return a;"))]
        self.assertEqual(sorted(found), [";", "while (!(a))"])

    def test_left_alone(self):
        self.expect("bal_assert(a < b);")
        self.expect("char line[80];")
        self.expect("const char *text = g(a);")
        self.expect("int *p = &a;")
        self.expect('g("a + b");', ";")
        self.assertEqual(find(HEAD + "#if A > 1\n#endif\n"), [])
        self.assertEqual(find(HEAD + "int f(int a[2], int b);\n"), [])

    def test_constants_and_tables(self):
        found = [m.new_line for m in find(HEAD + "#define LIMIT 3\n")]
        self.assertEqual(sorted(found), ["#define LIMIT 2", "#define LIMIT 4"])
        text = HEAD + "static const int TABLE[] = {\n\t[RED] = 1,\n};\n"
        found = [m.new_line for m in find(text, ENUMS)]
        self.assertEqual(sorted(found), ["[GREEN] = 1,", "[RED] = 0,", "[RED] = 2,"])

    def test_applying_changes_one_place(self):
        text = body("return a + b;")
        self.assertEqual(find(text)[0].apply(text), body("return a - b;"))
        self.assertEqual(find(text)[0].line, 6)
        self.assertEqual(find(text)[0].function, "f")

    def test_ids_survive_changes_elsewhere(self):
        before = {mutant.id for mutant in find(body("a = 1;", "a = 1;"))}
        after = {mutant.id for mutant in find(body("g(b, 5);", "a = 1;", "a = 1;"))}
        self.assertEqual(len(before), 6)
        self.assertLess(before, after)

    def test_choice_is_that_of_the_seed(self):
        mutants = find(body(*["a = b + 1;"] * 30))
        (share, row), = choose(list(mutants), "1", 20)
        self.assertEqual(share, 20)
        self.assertEqual([m.id for m in row], [m.id for m in choose(list(mutants), "1", 20)[0][1]])
        self.assertNotEqual(
            [m.id for m in row], [m.id for m in choose(list(mutants), "2", 20)[0][1]]
        )
        self.assertEqual(len(row), len(mutants))


if __name__ == "__main__":
    unittest.main()
