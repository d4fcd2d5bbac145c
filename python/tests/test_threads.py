"""Other threads go on, and Ctrl-C ends a measurement."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support import examples, weights

import breakeven

# Work for hours: nearly all eigenvalues of 1.2 million parameters, to the last digit.
LONG = """
import signal
import breakeven
from support import examples, weights

# Whoever was started in the background was told to ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
x, labels = examples(2000, 1000, 10)
layers = weights([1000, 1000, 200, 10])
print("ready", flush=True)
try:
    breakeven.measure(layers, "mlp", x, labels, top=400, tolerance=1e-15)
except KeyboardInterrupt:
    print("interrupted")
    x, labels = examples(40, 4, 3)
    found = breakeven.measure(weights([4, 3]), "mlp", x, labels, batch_size=8)
    print("measures again" if found["examples"] == 40 else "")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("wait", [0.1, 3.0])
def test_control_c_ends_a_measurement(wait):
    command = [sys.executable, "-c", LONG]
    child = subprocess.Popen(
        command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        # The measurement is under way; that it is not over before is what LONG is for.
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(wait)
        child.send_signal(signal.SIGINT)
        # Without an ear for signals it would go on for hours.
        said, _ = child.communicate(timeout=300)
    finally:
        child.kill()
    assert said == "interrupted\nmeasures again\n"


def test_other_threads_go_on_while_one_measures():
    x, labels = examples(3000, 100, 10)
    layers = weights([100, 100, 10])
    over = threading.Event()
    portraits = []

    def measured():
        portraits.append(breakeven.measure(layers, "mlp", x, labels, top=5))
        over.set()

    worker = threading.Thread(target=measured)
    worker.start()
    # Were the lock held, this thread would wait until the end.
    rounds = 0
    while not over.wait(0.001):
        rounds += 1
    worker.join()
    assert rounds > 3
    assert portraits[0]["parameters"] == 100 * 100 + 100 + 1010


def test_two_threads_measure_at_once():
    x, labels = examples(200, 10, 3)
    layers = weights([10, 8, 3])
    expected = breakeven.measure(layers, "mlp", x, labels)["hessian"]["eigenvalues"]
    found = []
    measured = lambda: found.append(breakeven.measure(layers, "mlp", x, labels))
    workers = [threading.Thread(target=measured) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for portrait in found:
        np.testing.assert_array_equal(portrait["hessian"]["eigenvalues"], expected)
    assert len(found) == 3
