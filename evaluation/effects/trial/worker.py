"""A process that runs replicates: arrays in, arrays out."""

import sys

from evaluation.effects.trial.bootstrap import serve

if __name__ == "__main__":
    sys.stdout.buffer.write(serve(sys.stdin.buffer.read()))
