"""PyTorch's DCGAN tutorial with the networks of the `tutorial` preset, as one worker of DistributedDataParallel on gloo.

`--one-backward` replaces the tutorial's step, which runs the discriminator three times, by one that runs it once.
"""

import os
import sys
import time

from contestant import LATENT, LEARNING_RATE, SLOPE, WORKERS
from contestant import arguments, batches, report_check, report_speed, require_sizes

task = arguments(__doc__)

# Read when the libraries load.
os.environ['OMP_NUM_THREADS'] = '1'
os.environ['CUDA_VISIBLE_DEVICES'] = ''
os.environ['GLOO_SOCKET_IFNAME'] = 'lo0' if sys.platform == 'darwin' else 'lo'

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from torch import nn, optim  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
torch.manual_seed(task.rank)

# Keras' defaults, which the preset keeps.
BATCH_NORM = {'eps': 1e-3, 'momentum': 0.01}


class Generator(nn.Module):
    """Noise `[N, 100]` to images `[N, 1, 28, 28]`."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(LATENT, 256 * 7 * 7, bias=False),
            nn.BatchNorm1d(256 * 7 * 7, **BATCH_NORM),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Unflatten(1, (256, 7, 7)),
            nn.ConvTranspose2d(256, 128, 5, stride=1, padding=2, bias=False),
            nn.BatchNorm2d(128, **BATCH_NORM),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.ConvTranspose2d(128, 64, 5, stride=2, padding=2, output_padding=1, bias=False),
            nn.BatchNorm2d(64, **BATCH_NORM),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.ConvTranspose2d(64, 1, 5, stride=2, padding=2, output_padding=1, bias=False),
            nn.Tanh(),
        )

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.main(noise)


class Discriminator(nn.Module):
    """Images `[N, 1, 28, 28]` to logits `[N]`."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 64, 5, stride=2, padding=2),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Conv2d(64, 128, 5, stride=2, padding=2),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Flatten(),
            nn.Linear(128 * 7 * 7, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.main(images).view(-1)


dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{task.ports[0]}', rank=task.rank, world_size=WORKERS)
netG = DistributedDataParallel(Generator())
netD = DistributedDataParallel(Discriminator())
optimizerG = optim.Adam(netG.parameters(), lr=LEARNING_RATE, eps=1e-7)
optimizerD = optim.Adam(netD.parameters(), lr=LEARNING_RATE, eps=1e-7)
require_sizes(*(sum(parameter.numel() for parameter in net.parameters()) for net in (netG, netD)))

criterion = nn.BCEWithLogitsLoss()
real_label = torch.ones(task.batch)
fake_label = torch.zeros(task.batch)


def discriminator_backward(real: torch.Tensor, fake: torch.Tensor) -> None:
    """The tutorial's two backward passes; `no_sync` lets the second send the gradients of both."""
    netD.zero_grad()
    with netD.no_sync():
        errD_real = criterion(netD(real), real_label)
        errD_real.backward()
    errD_fake = criterion(netD(fake.detach()), fake_label)
    errD_fake.backward()


def generator_backward(fake: torch.Tensor) -> None:
    """Through the discriminator, whose gradients nobody uses and `no_sync` keeps from being sent."""
    netG.zero_grad()
    with netD.no_sync():
        errG = criterion(netD(fake), real_label)
        errG.backward()


def tutorial_step(real: torch.Tensor, noise: torch.Tensor) -> None:
    """The body of the tutorial's loop."""
    fake = netG(noise)
    discriminator_backward(real, fake)
    optimizerD.step()
    generator_backward(fake)
    optimizerG.step()


def one_backward(real: torch.Tensor, noise: torch.Tensor) -> None:
    """Both networks' gradients, averaged over the workers, from one pass over [real; fake].

    At a fake image the two losses' gradients differ by -exp(-logit). Each network's own backward runs the hooks that send
    its gradients; the fake images are a leaf in between.
    """
    netG.zero_grad()
    netD.zero_grad()
    fake = netG(noise)
    leaf = fake.detach().requires_grad_()
    output = netD(torch.cat([real, leaf]))
    real_output, fake_output = output.split(task.batch)
    errD = criterion(real_output, real_label) + criterion(fake_output, fake_label)
    errD.backward()
    ratio = -torch.exp(-fake_output.detach())
    fake.backward(leaf.grad * ratio.view(-1, 1, 1, 1))


def one_backward_step(real: torch.Tensor, noise: torch.Tensor) -> None:
    one_backward(real, noise)
    optimizerD.step()
    optimizerG.step()


def gradients() -> list[torch.Tensor]:
    return [parameter.grad.clone() for net in (netG, netD) for parameter in net.parameters()]


def check(real: torch.Tensor) -> None:
    """Both ways at the same parameters, as DDP leaves them on every worker."""
    noise = torch.randn(task.batch, LATENT)
    # The generator first: its pass leaves the discriminator gradients that are thrown away.
    fake = netG(noise)
    generator_backward(fake)
    discriminator_backward(real, fake)
    expected = gradients()
    one_backward(real, noise)
    report_check(task, [tensor.numpy() for tensor in expected], [tensor.numpy() for tensor in gradients()])


inputs = [torch.from_numpy(batch[:, None]) for batch in batches(task)]
if task.check:
    check(inputs[0])
else:
    step = one_backward_step if task.one_backward else tutorial_step
    for batch in inputs[: task.warm_up]:
        step(batch, torch.randn(task.batch, LATENT))
    dist.barrier()
    start = time.perf_counter()
    for batch in inputs[task.warm_up :]:
        step(batch, torch.randn(task.batch, LATENT))
    dist.barrier()
    seconds = time.perf_counter() - start
    parameters = [*netG.parameters(), *netD.parameters()]
    report_speed(task, seconds, [parameter.detach().numpy() for parameter in parameters])
dist.destroy_process_group()
