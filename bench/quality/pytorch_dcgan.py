"""PyTorch's DCGAN example on MNIST at 28x28 pixels.

Recipe (batches of 64, Adam 2e-4 with betas 0.5 and 0.999, weights from N(0, 0.02), the three passes of the discriminator):
https://github.com/pytorch/examples/blob/13caa078cd69d74ffb447a9eda09f0a81b809480/dcgan/main.py, whose networks are for 64x64
pixels. Networks: its best known adaptation to 28x28, with one halving less in the discriminator,
https://github.com/csinva/gan-vae-pretrained-pytorch/blob/162a6f21d9e46d4e621b3e1d5c8c979af6335d9f/mnist_dcgan/dcgan.py.
Samples are drawn as in both: in training mode, in batches of 64.
"""

from trainer import arguments, cores, finish, training_images

task = arguments(__doc__)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn, optim  # noqa: E402

BATCH = 64
LATENT = 100
WIDTH = 64
ADAM = {'lr': 2e-4, 'betas': (0.5, 0.999)}

torch.set_num_threads(cores())
torch.manual_seed(task.seed)


def up(inputs: int, outputs: int, stride: int, padding: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def down(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2, inplace=True)]


# Noise [N, 100, 1, 1] over sides of 4, 8, 16 and 32 to images [N, 1, 28, 28], of which the last layer cuts the edges.
generator = nn.Sequential(
    *up(LATENT, WIDTH * 8, 1, 0),
    *up(WIDTH * 8, WIDTH * 4, 2, 1),
    *up(WIDTH * 4, WIDTH * 2, 2, 1),
    *up(WIDTH * 2, WIDTH, 2, 1),
    nn.ConvTranspose2d(WIDTH, 1, 1, 1, 2, bias=False),
    nn.Tanh(),
)

# Images [N, 1, 28, 28] over sides of 14, 7 and 3 to probabilities [N].
discriminator = nn.Sequential(
    nn.Conv2d(1, WIDTH, 4, 2, 1, bias=False),
    nn.LeakyReLU(0.2, inplace=True),
    *down(WIDTH, WIDTH * 2),
    *down(WIDTH * 2, WIDTH * 4),
    nn.Conv2d(WIDTH * 4, 1, 4, 2, 1, bias=False),
    nn.Sigmoid(),
    nn.Flatten(0),
)


def initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


generator.apply(initialise)
discriminator.apply(initialise)
optimizer_g = optim.Adam(generator.parameters(), **ADAM)
optimizer_d = optim.Adam(discriminator.parameters(), **ADAM)
criterion = nn.BCELoss()


def step(real: torch.Tensor) -> None:
    ones, zeros = torch.ones(len(real)), torch.zeros(len(real))
    discriminator.zero_grad()
    criterion(discriminator(real), ones).backward()
    fake = generator(torch.randn(len(real), LATENT, 1, 1))
    criterion(discriminator(fake.detach()), zeros).backward()
    optimizer_d.step()
    generator.zero_grad()
    criterion(discriminator(fake), ones).backward()
    optimizer_g.step()


def draw(count: int) -> np.ndarray:
    with torch.no_grad():
        return generator(torch.randn(min(count, BATCH), LATENT, 1, 1))[:, 0].numpy()


images = torch.from_numpy(training_images(task)[:, None])
seen, steps = 0, 0
while task.goes_on(seen):
    for batch in torch.randperm(len(images)).split(BATCH):
        if not task.goes_on(seen):
            break
        step(images[batch])
        seen += len(batch)
        steps += 1
finish(task, seen, steps, draw)
