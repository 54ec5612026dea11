"""What the peers of the benchmark `quality` share: arguments, images, the clock, samples, and the line of JSON it reads.

A peer trains on all cores that it may use until its time is over or it has seen so many images, and then writes samples as
bytes `[N, 28, 28]`. Its time begins with the process, as that of `gradcast train --for` does; drawing samples is not in it.
Images lie in memory, and nothing is printed or saved on the way: that takes no time that the sources' training would need.
"""

import time

START = time.monotonic()

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import struct  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Arguments:
    """The command line."""

    images: Path
    samples: Path
    count: int
    seed: int
    seconds: float | None
    budget: int | None

    def goes_on(self, seen: int) -> bool:
        """Whether another step is to be taken after so many images."""
        if self.budget is not None:
            return seen < self.budget
        return time.monotonic() - START < (self.seconds or 0)


def arguments(description: str) -> Arguments:
    """Reads the command line; ends the program with exit code 2 if it is wrong."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--images', type=Path, required=True, help='idx file of the training images')
    parser.add_argument('--samples', type=Path, required=True, help='the .npy file to write')
    parser.add_argument('--count', type=int, required=True, help='samples to draw')
    parser.add_argument('--seed', type=int, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument('--seconds', type=float, help='of training, from the start of this process')
    length.add_argument('--budget', type=int, help='images to see, whatever time that takes')
    return Arguments(**vars(parser.parse_args()))


def training_images(task: Arguments) -> Floats:
    """All training images, `[N, 28, 28]` in -1 to 1."""
    with task.images.open('rb') as file:
        magic, count, height, width = struct.unpack('>4I', file.read(16))
        if (magic, height, width) != (0x803, 28, 28):
            raise SystemExit(f'{task.images} is no idx file of 28x28 images')
        pixels = np.frombuffer(file.read(), np.uint8).reshape(count, height, width)
    return (pixels.astype(np.float32) - 127.5) / 127.5


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def finish(task: Arguments, seen: int, steps: int, draw: Callable[[int], Floats]) -> None:
    """Stops the clock, draws the samples by `draw(count)`, `[count, 28, 28]` in -1 to 1, and says what was done."""
    seconds = time.monotonic() - START
    parts: list[Floats] = []
    while (drawn := sum(len(part) for part in parts)) < task.count:
        parts.append(draw(task.count - drawn))
    samples = np.concatenate(parts)[: task.count]
    np.save(task.samples, np.clip(np.rint(samples * 127.5 + 127.5), 0, 255).astype(np.uint8))
    print(json.dumps({'images': seen, 'steps': steps, 'seconds': seconds, 'threads': cores()}), flush=True)
