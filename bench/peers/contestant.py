"""What the Keras and the PyTorch contestant share: arguments, images, and the line of JSON that the benchmark reads.

Each process is one worker of two. It keeps all batches in memory before any clock runs, trains `--warm-up` steps, times
`--steps` more and prints one line. With `--check` it times nothing and says how far the one-backward gradients are from
those of two passes.
"""

import argparse
import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

WORKERS = 2
LATENT = 100
LEARNING_RATE = 1e-4
SLOPE = 0.3
GENERATOR_PARAMETERS = 2_305_472
DISCRIMINATOR_PARAMETERS = 212_865
# Relative distance of a tensor's gradients that float32 sums in another order may leave. Where a tensor's terms all but
# cancel, as those of the last bias do, it is measured against this share of the whole gradient instead.
TOLERANCE = 1e-4
FLOOR = 0.01

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Arguments:
    """The command line."""

    rank: int
    ports: list[int]
    images: Path
    batch: int
    steps: int
    warm_up: int
    one_backward: bool
    check: bool


def arguments(description: str) -> Arguments:
    """Reads the command line; ends the program with exit code 2 if it is wrong."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--rank', type=int, choices=range(WORKERS), required=True)
    parser.add_argument('--ports', type=lambda text: [int(port) for port in text.split(',')], required=True)
    parser.add_argument('--images', type=Path, required=True, help='idx file of the training images')
    parser.add_argument('--batch', type=int, required=True, help='images of one worker and step')
    parser.add_argument('--steps', type=int, default=0)
    parser.add_argument('--warm-up', type=int, default=0)
    parser.add_argument('--one-backward', action='store_true')
    parser.add_argument('--check', action='store_true')
    return Arguments(**vars(parser.parse_args()))


def batches(task: Arguments) -> list[Floats]:
    """One batch `[batch, 28, 28]` in -1 to 1 for each step of this worker, none of them the other worker's."""
    with task.images.open('rb') as file:
        magic, count, height, width = struct.unpack('>4I', file.read(16))
        if magic != 0x803:
            raise SystemExit(f'{task.images} is no idx file of images')
        pixels = np.frombuffer(file.read(), np.uint8).reshape(count, height, width)
    number = 1 if task.check else task.warm_up + task.steps
    order = np.random.default_rng(seed=0).permutation(count)
    starts = [(step * WORKERS + task.rank) * task.batch for step in range(number)]
    chosen = [order[np.arange(start, start + task.batch) % count] for start in starts]
    return [(pixels[index].astype(np.float32) - 127.5) / 127.5 for index in chosen]


def report_speed(task: Arguments, seconds: float, parameters: Iterable[Floats]) -> None:
    """Says how long the timed steps took; equal digests prove that the workers exchanged gradients."""
    digest = hashlib.sha256()
    for parameter in parameters:
        digest.update(np.ascontiguousarray(parameter).tobytes())
    print(json.dumps({'rank': task.rank, 'seconds': seconds, 'parametersSha256': digest.hexdigest()}), flush=True)


def report_check(task: Arguments, expected: Iterable[Floats], actual: Iterable[Floats]) -> None:
    """Compares gradients tensor by tensor; ends the program with exit code 1 if they differ."""
    pairs = list(zip(expected, actual, strict=True))
    floor = FLOOR * np.sqrt(sum(float(np.sum(a * a)) for a, _ in pairs))
    distance = max(float(np.linalg.norm(a - b) / max(np.linalg.norm(a), floor)) for a, b in pairs)
    print(json.dumps({'rank': task.rank, 'tensors': len(pairs), 'distance': distance}), flush=True)
    if not distance <= TOLERANCE:
        raise SystemExit(f'one-backward gradients are {distance:.1e} from those of two passes, more than {TOLERANCE}')


def require_sizes(generator: int, discriminator: int) -> None:
    """The contestants must train the networks of the `tutorial` preset."""
    if (generator, discriminator) != (GENERATOR_PARAMETERS, DISCRIMINATOR_PARAMETERS):
        raise SystemExit(f'the networks have {generator} and {discriminator} parameters: not the tutorial preset')
