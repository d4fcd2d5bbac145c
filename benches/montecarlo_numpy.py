"""The Monte Carlo of the one-dimensional model in vectorised NumPy.

The problem of the first row of `cargo bench -p breakeven-sim`: N = 1,000
curvatures from a gamma law, batches of S = 32 without replacement, 100 steps,
10,000 paths. Each step is one vectorised operation over all paths. NumPy has
no call that draws many batches without replacement, so two ways are
timed, each by its best run:

  partition  the S smallest of N random keys, for every path;
  redraw     S integers with replacement, and once more for every path whose
             batch has a repetition, until none has.

    python benches/montecarlo_numpy.py
"""

import time

import numpy as np

N, S, STEPS, PATHS, ETA = 1_000, 32, 100, 10_000, 1.5


def by_partition(rng):
    keys = rng.random((PATHS, N), dtype=np.float32)
    return np.argpartition(keys, S, axis=1)[:, :S]


def by_redraw(rng):
    batch = rng.integers(0, N, (PATHS, S), dtype=np.int32)
    todo = np.arange(PATHS)
    while todo.size:
        ordered = np.sort(batch[todo], axis=1)
        todo = todo[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
        batch[todo] = rng.integers(0, N, (todo.size, S), dtype=np.int32)
    return batch


def simulate(draw, rng, curvatures):
    log_psi = np.zeros(PATHS)
    squares = 0.0
    for _ in range(STEPS):
        factor = 1.0 - ETA * curvatures[draw(rng)].mean(axis=1)
        squares += np.square(factor).sum()
        log_psi += np.log(np.abs(factor))
    return squares / (STEPS * PATHS), log_psi.mean() / STEPS


def main():
    rng = np.random.default_rng(0)
    curvatures = rng.gamma(0.25, 4.0, N)  # mean 1, standard deviation 2
    noise = curvatures.var() * (N - S) / (S * (N - 1))
    left = (1 - ETA * curvatures.mean()) ** 2 + ETA**2 * noise
    print(f"numpy {np.__version__}; left side of Eq. 1: {left:.6f}")
    for name, draw, repeats in [("partition", by_partition, 2), ("redraw", by_redraw, 10)]:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            growth, exponent = simulate(draw, rng, curvatures)
            times.append(time.perf_counter() - start)
        each = 1e9 * min(times) / (PATHS * STEPS * S)
        print(f"{name:>9}: {min(times):8.3f} s, {each:6.1f} ns a draw, growth {growth:.6f}, exponent {exponent:.6f}")


main()
