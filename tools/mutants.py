# SPDX-License-Identifier: Apache-2.0
"""Small wrong changes of C text, for tools/mutate: where they are possible and what they are.

Works on tokens, like tools/csource.py, on code that clang-format laid out. A change that does not
compile costs nothing but the attempt, so nothing here is clever about types.

What is left alone: assertions (weakening one is not a fault that a user could see), declarations,
sizes of arrays, what stands in preprocessor lines other than the numbers of plain constants.
"""
import hashlib
import random
import re

from csource import CONTROL, DIRECTIVE, Source, blank

TOKEN = re.compile(
    r"[A-Za-z_]\w*|\d[\d.]*[eE][+-]\d+|\d[\w.]*"
    r"|<<=|>>=|<=|>=|==|!=|&&|\|\||->|\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|\S"
)
CONSTANT = re.compile(r"^[ \t]*#[ \t]*define[ \t]+\w+[ \t]+(?!\\)\S", re.MULTILINE)
NUMBER = re.compile(r"^(\d+)([uUlL]*)$")
HEX = re.compile(r"^0[xX]")
DECIMALS = re.compile(r"^\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$")
DECLARATION = re.compile(
    r"^(?:const|static|struct|enum|union|unsigned|signed|char|bool|double|float|int|long|short|void"
    r"|size_t|\w+_t|extern|typedef|_Static_assert|static_assert)$"
)
JUMPS = {"return", "break", "continue", "goto"}
SKIPPED_CALLS = {"bal_assert", "_Static_assert", "static_assert", "sizeof", "offsetof"}
OPENING, CLOSING = "([{", ")]}"

# Comparisons become their negation and their neighbour.
COMPARISONS = {
    "<": ["<=", ">="],
    "<=": ["<", ">"],
    ">": [">=", "<="],
    ">=": [">", "<"],
    "==": ["!="],
    "!=": ["=="],
}
OTHERS = {
    "&&": "||",
    "||": "&&",
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "|=": "&=",
    "&=": "|=",
    "++": "--",
    "--": "++",
    "<<": ">>",
    ">>": "<<",
    "true": "false",
    "false": "true",
    "UINT32_MAX": "0",
    "INT64_MAX": "0",
    "BAL_NEVER_NS": "0",
    "BAL_NONE": "0",
    "NS_PER_S": "NS_PER_MS",
    "NS_PER_MS": "NS_PER_US",
    "NS_PER_MIN": "NS_PER_S",
    "NS_PER_HOUR": "NS_PER_MIN",
    "NS_PER_DAY": "NS_PER_HOUR",
    "PERMILLE": "PPM",
    "PPM": "PERMILLE",
}
# These are operators of two values only between spaces; otherwise they point or sign.
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|"}
EXTREMES = [("_min_", "_max_"), ("_max_", "_min_"), ("_min", "_max"), ("_max", "_min")]


class Mutant:
    """One change: text[start:end] of a file becomes `new`. `id` survives changes elsewhere."""

    def __init__(self, path, start, end, new, what):
        self.path = path
        self.start = start
        self.end = end
        self.new = new
        self.what = what
        self.id = ""
        self.line = 0
        self.function = ""
        self.old_line = ""
        self.new_line = ""

    def apply(self, text):
        return text[: self.start] + self.new + text[self.end :]

    def describe(self):
        return f"{self.id} {self.path}:{self.line} {self.function}: {self.what}"

    def diff(self):
        return f"  - {self.old_line}\n  + {self.new_line}"


def enum_successors(preprocessed):
    """{enumerator: the next one of its enum} from preprocessed text; counts take no part."""
    after = {}
    for match in re.finditer(r"\benum\b[^{};()]*\{([^}]*)\}", preprocessed):
        body = re.sub(r"^#.*$", "", match[1], flags=re.MULTILINE)
        names = [part.split("=")[0].strip() for part in body.split(",")]
        names = [name for name in names if re.fullmatch(r"[A-Z]\w*", name)]
        names = [name for name in names if not name.endswith("_COUNT")]
        for name, following in zip(names, names[1:] + names[:1]):
            if name != following:
                after[name] = following
    return after


class Finder:
    """All mutants of one file."""

    def __init__(self, path, text, successors):
        self.path = path
        self.text = text
        self.successors = successors
        self.source = Source(text)
        code = DIRECTIVE.sub(self._directive, self.source.code)
        self.tokens = [(match.group(), match.start()) for match in TOKEN.finditer(code)]
        self.found = []
        self.skipped = self._skipped()
        self.functions = [f for f in self.source.functions() if f.nesting is not None]
        self.line_starts = [0] + [m.end() for m in re.finditer("\n", text)]

    @staticmethod
    def _directive(match):
        return match.group() if CONSTANT.match(match.group()) else blank(match.group())

    def word(self, at):
        return self.tokens[at][0] if 0 <= at < len(self.tokens) else ""

    def begin(self, at):
        return self.tokens[at][1]

    def end(self, at):
        return self.tokens[at][1] + len(self.tokens[at][0])

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def group_end(self, at):
        """The place after the bracket that closes the one at `at`."""
        depth = 0
        while at < len(self.tokens):
            depth += (self.word(at) in OPENING) - (self.word(at) in CLOSING)
            at += 1
            if depth == 0:
                break
        return at

    def _skipped(self):
        """Tokens that no mutant touches."""
        skipped = set()
        for at, (word, offset) in enumerate(self.tokens):
            if word in SKIPPED_CALLS and self.word(at + 1) == "(":
                skipped.update(range(at, self.group_end(at + 1)))
            elif word == "[" and self._declares(at):
                skipped.update(range(at, self.group_end(at)))
            elif word == "#":
                skipped.update((at, at + 1, at + 2))
        return skipped

    def _declares(self, at):
        """True for the bracket of an array's declaration."""
        line = self.text[self.text.rfind("\n", 0, self.begin(at)) + 1 : self.begin(at)]
        return re.match(r"^\s*(static |const )*(struct \w+|\w+)\s+\**\w+$", line) is not None

    def add(self, start, end, new, what):
        self.found.append(Mutant(self.path, start, end, new, what))

    def replace(self, at, new):
        self.add(self.begin(at), self.end(at), new, f"{self.word(at)} becomes {new}")

    def find(self):
        for function in self.functions:
            self._statements(function)
        for at in range(len(self.tokens)):
            if at not in self.skipped and self._is_inside(at):
                self._token(at)
        return self._named()

    def _is_inside(self, at):
        """In a function's body, an initializer, or a constant's definition; not in a signature."""
        offset = self.begin(at)
        line = self.text[self.text.rfind("\n", 0, offset) + 1 : self.text.find("\n", offset)]
        if line.lstrip().startswith("#"):
            return True
        return line[:1] in ("\t", " ") and not self._in_prototype(offset)

    def _in_prototype(self, offset):
        """True in the continued lines of a signature: before the brace that opens the body."""
        number = self.line_of(offset)
        for function in self.functions:
            if function.first <= number <= function.last:
                start = self.line_starts[function.first - 1]
                return "{" not in self.source.code[start:offset]
        return False

    def _token(self, at):
        word, before, after = self.word(at), self.word(at - 1), self.word(at + 1)
        offset = self.begin(at)
        spaced = self.text[offset - 1 : offset] in " \t" and self.text[self.end(at)] in " \n"
        if word in COMPARISONS and spaced:
            for new in COMPARISONS[word]:
                self.replace(at, new)
        elif word in OTHERS:
            self.replace(at, OTHERS[word])
        elif word in ARITHMETIC and spaced and re.match(r"[\w)\]]", before):
            self.replace(at, ARITHMETIC[word])
        elif word in "!~-" and not spaced and after and re.match(r"[\w(]", after):
            self.add(offset, self.end(at), "", f"{word} is dropped")
        elif word in self.successors:
            self.replace(at, self.successors[word])
        elif re.match(r"\d", word):
            self._number(at)
        elif after == "(":
            for one, other in EXTREMES:
                if one in word:
                    self.replace(at, word.replace(one, other))
                    break

    def _number(self, at):
        word = self.word(at)
        match = NUMBER.match(word)
        if match:
            value = int(match[1])
            for other in (value + 1, value - 1) if value > 0 else (1,):
                self.replace(at, f"{other}{match[2]}")
        elif HEX.match(word):
            self.replace(at, f"({word} + 1)")
        elif DECIMALS.match(word):
            value = float(word)
            for other in (value * 2, value / 2) if value else (1.0,):
                self.replace(at, repr(other))

    # Statements, walked like tools/csource.py does it.

    def _statements(self, function):
        first = self.line_starts[function.first - 1]
        last = self.line_starts[min(function.last, len(self.line_starts) - 1)]
        at = next(i for i, (_, offset) in enumerate(self.tokens) if offset >= first)
        while self.word(at) != "{":
            at = self.group_end(at) if self.word(at) in OPENING else at + 1
        if self.begin(at) < last:
            self._statement(at)

    def _statement(self, at):
        """Walks one statement, returns the place after it."""
        word = self.word(at)
        if word == "{":
            at += 1
            while at < len(self.tokens) and self.word(at) != "}":
                at = self._statement(at)
            return at + 1
        if word in CONTROL or self._loops(at):
            return self._control(at)
        if word == "else":
            return self._statement(at + 1)
        if word == "do":
            at = self._statement(at + 1)
            self._condition(at + 1)
            return self._semicolon(at)
        if word in ("case", "default"):
            while self.word(at) not in (":", ""):
                at += 1
            return at + 1
        end = self._semicolon(at)
        self._simple(at, end)
        return end

    def _loops(self, at):
        """NAME(...) statement: a loop written as a macro."""
        if not re.match(r"[A-Za-z_]", self.word(at)) or self.word(at + 1) != "(":
            return False
        return re.match(r"[A-Za-z_{]", self.word(self.group_end(at + 1))) is not None

    def _control(self, at):
        body = self.group_end(at + 1)
        if self.word(at) in ("if", "while"):
            self._condition(at + 1)
        if self.word(at) == "if":
            first = body + (self.word(body) == "{")
            if self.word(first) in JUMPS:
                self._wrap(at + 1, "0 && ", "the early end is dropped")
        return self._statement(body)

    def _condition(self, at):
        """Negates what stands in the brackets that open at `at`."""
        self._wrap(at, "!", "the condition is negated")

    def _wrap(self, at, prefix, what):
        start, end = self.end(at), self.begin(self.group_end(at) - 1)
        self.add(start, end, f"{prefix}({self.text[start:end]})", what)

    def _semicolon(self, at):
        while at < len(self.tokens) and self.word(at) != ";":
            at = self.group_end(at) if self.word(at) in OPENING else at + 1
        return at + 1

    def _simple(self, at, end):
        """A statement without others in it, semicolon included."""
        word = self.word(at)
        if at in self.skipped or end - at < 2 or DECLARATION.match(word):
            return
        if word == "return" and end - at > 2 or word == "goto":
            return
        # `name name` begins a declaration of a type of our own.
        if re.match(r"\w", word) and re.match(r"\w", self.word(at + 1)):
            return
        start, stop = self.begin(at), self.begin(end - 1)
        # Newlines stay, so that lines keep their numbers.
        lines = re.sub(r"[^\n]", "", self.text[start:stop])
        self.add(start, stop, lines, "the statement is dropped")

    def _named(self):
        seen = {}
        for mutant in sorted(self.found, key=lambda m: (m.start, m.end, m.new)):
            mutant.line = self.line_of(mutant.start)
            owners = [f.name for f in self.functions if f.first <= mutant.line <= f.last]
            mutant.function = owners[0] if owners else "(file)"
            self._lines(mutant)
            key = "|".join((mutant.path, mutant.function, mutant.old_line, mutant.new_line))
            seen[key] = seen.get(key, 0) + 1
            digest = hashlib.sha256(f"{key}|{seen[key]}".encode()).hexdigest()[:8]
            mutant.id = digest
        return sorted(self.found, key=lambda m: (m.start, m.end, m.new))

    def _lines(self, mutant):
        """The statement before and after, as one line each."""
        start = self.text.rfind("\n", 0, mutant.start) + 1
        end = self.text.find("\n", mutant.end)
        before, after = self.text[start:mutant.start], self.text[mutant.end : end]
        mutant.old_line = " ".join(self.text[start:end].split())
        mutant.new_line = " ".join((before + mutant.new + after).split())


def choose(mutants, seed, count):
    """[(share, mutants in the order to try)] per file: every file has its share of `count` by size,
    four at least when that is possible. More stand in a row than its share, for some will not
    compile or change nothing."""
    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.path, []).append(mutant)
    least = min(4, count // max(1, len(by_file)))
    rows = []
    for path in sorted(by_file):
        row = by_file[path]
        random.Random(f"{seed} {path}").shuffle(row)
        rows.append((max(least, round(count * len(row) / len(mutants))), row))
    return sorted(rows, key=lambda pair: (-pair[0], pair[1][0].path))
