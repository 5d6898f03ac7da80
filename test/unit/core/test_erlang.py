#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_erlang.py PROGRAM: Erlang C, tails and means against sums that are exact.

Up to 200 servers everything is a fraction; beyond, decimals of 60 digits. Nothing here follows the
recursion that the program uses: the sum of a^k/k! is taken as it is written.
"""
import subprocess
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 60


def exact_c(servers, load, number):
    term, total, load = number(1), number(0), number(load)
    for k in range(servers):
        total += term
        term = term * load / (k + 1)
    top = term * servers / (servers - load)
    return top / (total + top)


def main():
    cases = []
    for servers in [1, 2, 3, 5, 8, 13, 27, 33, 40, 88, 144, 200, 1000, 5000, 20000, 100000]:
        for busy in [0.125, 0.5, 0.75, 0.875, 0.96875, 0.99609375]:
            cases.append((servers, servers * busy, 5.5, 0.53125, 2.0))
    lines = "".join("%d %r %r %r %r\n" % case for case in cases)
    answer = subprocess.run(sys.argv[1], input=lines, capture_output=True, text=True, check=True)
    answers = [[Decimal(float.fromhex(word)) for word in line.split()]
               for line in answer.stdout.splitlines()]
    assert len(answers) == len(cases)
    worst = Decimal(0)
    for (servers, load, service, cv2, wait), got in zip(cases, answers):
        number = Fraction if servers <= 200 else Decimal
        share = exact_c(servers, load, number)
        if number is Fraction:
            share = Decimal(share.numerator) / Decimal(share.denominator)
        spare = Decimal(servers) - Decimal(load)
        factor = (1 + Decimal(cv2)) / 2
        tail = share * (-spare * Decimal(wait) / (Decimal(service) * factor)).exp()
        mean = share * Decimal(service) * factor / spare
        for want, have in zip((share, tail, mean), got):
            if want < Decimal("1e-290"):  # below the smallest double that has all its digits
                assert have < Decimal("1e-289"), (servers, load)
                continue
            error = abs(have - want) / want
            worst = max(worst, error)
            assert error < Decimal("1e-9"), (servers, load, float(error))
    print("%d queues, largest relative error %.1e" % (len(cases), worst))


main()
