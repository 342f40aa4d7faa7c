"""steps - what every part of the bench does: run a program, say where it is, give up with words for people"""
import subprocess
import sys


class BenchError(Exception):
    """A bench that cannot go on; the words are for people."""


def say(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a program to its end and returns what it printed; anything but success is a BenchError."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, **options)
    except subprocess.TimeoutExpired as error:
        raise BenchError("%s: not done after %.0f s" % (" ".join(command), error.timeout)) from None
    if done.returncode != 0:
        raise BenchError("%s: exit status %d: %s%s" % (" ".join(command), done.returncode, done.stdout[-2000:],
                                                       done.stderr[-2000:]))
    return done.stdout
