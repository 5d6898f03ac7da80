# SPDX-License-Identifier: Apache-2.0
"""What tools/layers and tools/tidy know about C text.

This is no C parser. It is as much of one as is needed to find functions, their nesting and the
comments above declarations in code that is laid out by clang-format and has balanced braces in
every branch of an #if. Anything cleverer would need a compiler, and a rule that only a compiler can
check belongs into its warnings.
"""
import re

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\S")
CONTROL = {"if", "for", "while", "switch"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def blank(text):
    """Replaces every character but newlines by a space."""
    return re.sub(r"[^\n]", " ", text)


LEXEME = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)


class Source:
    """One C file: `lines` as they are, `code` without comments and text, `comments` alone."""

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        # Comments become spaces; literals keep their quotes, so that `"` still marks a literal.
        self.code = LEXEME.sub(self._strip, text)
        self.comments = LEXEME.sub(
            lambda m: m.group() if m.group("comment") else blank(m.group()), text
        )
        self.code_lines = self.code.split("\n")
        self.comment_lines = LEXEME.sub(self._mark, text).split("\n")
        self.tokens = self._split(DIRECTIVE.sub(lambda m: blank(m.group()), self.code))

    @staticmethod
    def _strip(match):
        if match.group("comment"):
            return blank(match.group())
        return match.group()[0] + blank(match.group()[1:-1]) + match.group()[-1]

    @staticmethod
    def _mark(match):
        # A comment's lines are marked with SOH, which no source holds.
        return re.sub(r"[^\n]+", "\x01", match.group()) if match.group("comment") else match.group()

    @staticmethod
    def _split(code):
        tokens = []
        for number, line in enumerate(code.split("\n"), 1):
            tokens.extend((m.group(), number) for m in TOKEN.finditer(line))
        return tokens

    def includes(self):
        """(line, '<' or '"', name) of every #include that is not commented out."""
        found = []
        for number, (line, code) in enumerate(zip(self.lines, self.code_lines), 1):
            match = INCLUDE.match(line)
            if match and code.strip().startswith("#"):
                found.append((number, match.group(1), match.group(2)))
        return found

    def has_comment(self, number):
        return "\x01" in self.comment_lines[number - 1]

    def has_code(self, number):
        return self.code_lines[number - 1].strip() != ""

    def functions(self):
        """Every function at file level, see Function."""
        return list(_Declarations(self.tokens).functions())


class Function:
    """A definition or prototype: name, first and last line; of a definition also the nesting."""

    def __init__(self, name, first, last, nesting, nesting_line):
        self.name = name
        self.first = first
        self.last = last
        self.nesting = nesting  # None for a prototype
        self.nesting_line = nesting_line


class _Declarations:
    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0
        self.deepest = 0
        self.deepest_line = 0

    def word(self, offset=0):
        at = self.at + offset
        return self.tokens[at][0] if at < len(self.tokens) else ""

    def line(self):
        return self.tokens[min(self.at, len(self.tokens) - 1)][1]

    def skip_group(self):
        """From an opening bracket past its closing one."""
        depth = 0
        while self.at < len(self.tokens):
            word = self.word()
            depth += (word in "([{") - (word in ")]}")
            self.at += 1
            if depth == 0:
                return

    def functions(self):
        while self.at < len(self.tokens):
            yield from self.declaration()

    def declaration(self):
        first, start = self.line(), self.word()
        name, assigned, pointer = None, False, False
        while self.at < len(self.tokens):
            word = self.word()
            if word == ";":
                last = self.line()
                self.at += 1
                if name and not assigned and not pointer and start != "typedef":
                    yield Function(name, first, last, None, first)
                return
            if word == "{":
                if name and not assigned and start != "typedef":
                    self.deepest, self.deepest_line = 0, first
                    self.statement(0)
                    last = self.tokens[self.at - 1][1]
                    yield Function(name, first, last, self.deepest, self.deepest_line)
                    return
                self.skip_group()
            elif word in ("__attribute__", "_Static_assert", "static_assert", "_Alignas"):
                self.at += 1
                self.skip_group()
            elif word in "([":
                before = self.word(-1)
                if word == "(" and name is None and not assigned and re.match(r"\w", before):
                    pointer = self.word(1) == "*"
                    name = before
                self.skip_group()
            else:
                assigned = assigned or word == "="
                self.at += 1

    def nest(self, depth):
        if depth > self.deepest:
            self.deepest, self.deepest_line = depth, self.line()

    def statement(self, depth):
        """One statement; `depth` counts the control statements around it."""
        word = self.word()
        if word == "{":
            self.at += 1
            while self.at < len(self.tokens) and self.word() != "}":
                self.statement(depth)
            self.at += 1
        elif word in CONTROL:
            self.nest(depth + 1)
            self.at += 1
            self.skip_group()
            self.statement(depth + 1)
            if word == "if" and self.word() == "else":
                self.at += 1
                # `else if` is the next row of the same decision, not a deeper one.
                self.statement(depth if self.word() == "if" else depth + 1)
        elif word == "do":
            self.nest(depth + 1)
            self.at += 1
            self.statement(depth + 1)
            self.expression(depth)
        elif word in ("case", "default"):
            while self.at < len(self.tokens) and self.word() not in (":", "}"):
                self.at += 1
            self.at += self.word() == ":"
        else:
            self.expression(depth)

    def expression(self, depth):
        """Up to a semicolon, or to the brace that ends the block when a macro stands there."""
        start = self.at
        while self.at < len(self.tokens):
            word = self.word()
            if word == ";":
                self.at += 1
                return
            if word == "}":
                return
            if word == "{" and self.at > start and self.word(-1) == ")" and self.word_opens(start):
                self.nest(depth + 1)
                self.statement(depth + 1)
                return
            if word in "([{":
                self.skip_group()
            else:
                self.at += 1

    def word_opens(self, start):
        """True when the statement is NAME(...) {: a loop written as a macro."""
        if not re.match(r"[A-Za-z_]", self.tokens[start][0]) or self.tokens[start + 1][0] != "(":
            return False
        end, self.at = self.at, start + 1
        self.skip_group()
        self.at, end = end, self.at
        return self.at == end
