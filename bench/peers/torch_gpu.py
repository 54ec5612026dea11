"""PyTorch on one GPU, with the networks of a preset as `bench:peers -- --gpu` writes them down: three ways to take a step.

`eager` is the step of PyTorch's DCGAN tutorial, which runs the discriminator three times; `one-backward` runs it once over
[real; fake]; `graph` is the latter as one CUDA graph. All in float32 without TF32, cuDNN's kernels chosen by timing. A step takes
its images from pinned memory of the host, makes its noise on the device, and ends with both networks' Adam steps there.

Prints one line of JSON for each way; with `--check` how far the one-backward gradients are from those of two passes.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from contestant import Arguments, batches, report_check
from torch import nn, optim

WAYS = ['eager', 'one-backward', 'graph']
# In turn; few enough to stay in memory.
BATCHES = 8
WARM_UP = 20
# Between two readings of the clock, each of which waits for the device.
CHUNK = 20

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('--preset', type=Path, required=True, help='networks and optimizer, as JSON')
parser.add_argument('--images', type=Path, required=True, help='idx file of the training images')
parser.add_argument('--batch', type=int, required=True)
parser.add_argument('--seconds', type=float, default=3)
parser.add_argument('--ways', type=lambda text: text.split(','), default=WAYS)
parser.add_argument('--check', action='store_true')
parser.add_argument('--device', default='cuda', help='cpu is for tests of this program')
options = parser.parse_args()

device = torch.device(options.device)
preset = json.loads(options.preset.read_text())
torch.set_float32_matmul_precision('highest')
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
torch.manual_seed(0)

Shape = tuple[int, ...]


def side(size: int, spec: dict) -> tuple[int, int, int]:
    """Padding, output padding and the size of a convolution's output; of a transposed one for `same` the multiple of its input."""
    kernel, stride = spec['kernel'], spec['stride']
    if spec['kind'] == 'conv':
        padding = 0 if spec['padding'] == 'valid' else max((-(-size // stride) - 1) * stride + kernel - size + 1, 0) // 2
        return padding, 0, (size + 2 * padding - kernel) // stride + 1
    padding = 0 if spec['padding'] == 'valid' else max(kernel - stride + 1, 0) // 2
    extra = 0 if spec['padding'] == 'valid' else 2 * padding + stride - kernel
    return padding, extra, (size - 1) * stride - 2 * padding + kernel + extra


def layer(spec: dict, shape: Shape) -> tuple[nn.Module, Shape]:
    """A layer for samples of a shape, channels first, and the shape of what it gives."""
    kind = spec['kind']
    if kind == 'dense':
        return nn.Linear(shape[0], spec['units'], bias=spec['bias']), (spec['units'],)
    if kind == 'batch_norm':
        make = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        norm = preset['batchNorm']
        return make(shape[0], eps=norm['epsilon'], momentum=1 - norm['momentum']), shape
    if kind == 'activation':
        if spec['activation'] == 'leaky_relu':
            return nn.LeakyReLU(spec['slope'], inplace=True), shape
        return {'relu': lambda: nn.ReLU(inplace=True), 'tanh': nn.Tanh, 'sigmoid': nn.Sigmoid}[spec['activation']](), shape
    if kind == 'reshape':
        if len(spec['shape']) == 1:
            return nn.Flatten(), tuple(spec['shape'])
        height, width, channels = spec['shape']
        return nn.Unflatten(1, (channels, height, width)), (channels, height, width)
    if kind in ('conv', 'conv_transpose'):
        channels, height, width = shape
        padding, extra, high = side(height, spec)
        wide = side(width, spec)[2]
        sizes = {'stride': spec['stride'], 'padding': padding, 'bias': spec['bias']}
        if kind == 'conv':
            return nn.Conv2d(channels, spec['filters'], spec['kernel'], **sizes), (spec['filters'], high, wide)
        sizes['output_padding'] = extra
        return nn.ConvTranspose2d(channels, spec['filters'], spec['kernel'], **sizes), (spec['filters'], high, wide)
    raise SystemExit(f'there is no layer {kind} here')


def network(specs: list[dict], shape: Shape) -> nn.Module:
    layers = []
    for spec in specs:
        module, shape = layer(spec, shape)
        layers.append(module)
    return nn.Sequential(*layers).to(device)


height, width, channels = preset['image']
netG = network(preset['generator'], (preset['latent'],))
netD = network(preset['discriminator'], (channels, height, width))
sizes = [sum(parameter.numel() for parameter in net.parameters()) for net in (netG, netD)]
if sizes != preset['parameters']:
    raise SystemExit(f'the networks have {sizes} parameters, not {preset["parameters"]}: not those of the preset')

adam = preset['optimizer']
betas = (adam['beta1'], adam['beta2'])
optimizers = [
    optim.Adam(net.parameters(), lr=adam['learningRate'], betas=betas, eps=adam['epsilon'], capturable=device.type == 'cuda')
    for net in (netG, netD)
]
criterion = nn.BCEWithLogitsLoss()
real_label = torch.ones(options.batch, 1, device=device)
fake_label = torch.zeros(options.batch, 1, device=device)

task = Arguments(rank=0, ports=[], images=options.images, batch=options.batch, steps=BATCHES, warm_up=0, one_backward=False, check=False)
host = [torch.from_numpy(batch[:, None]) for batch in batches(task)]
if device.type == 'cuda':
    host = [batch.pin_memory() for batch in host]
real = host[0].to(device)


def draw() -> torch.Tensor:
    return torch.randn(options.batch, preset['latent'], device=device)


def discriminator_backward(fake: torch.Tensor) -> None:
    netD.zero_grad()
    criterion(netD(real), real_label).backward()
    criterion(netD(fake.detach()), fake_label).backward()


def generator_backward(fake: torch.Tensor) -> None:
    netG.zero_grad()
    criterion(netD(fake), real_label).backward()


def eager() -> None:
    """The body of the tutorial's loop."""
    fake = netG(draw())
    discriminator_backward(fake)
    optimizers[1].step()
    generator_backward(fake)
    optimizers[0].step()


def one_backward_gradients(noise: torch.Tensor) -> None:
    """At a fake image the two losses' gradients differ by -exp(-logit); the fake images are a leaf in between."""
    netG.zero_grad()
    netD.zero_grad()
    fake = netG(noise)
    leaf = fake.detach().requires_grad_()
    real_output, fake_output = netD(torch.cat([real, leaf])).split(options.batch)
    (criterion(real_output, real_label) + criterion(fake_output, fake_label)).backward()
    fake.backward(leaf.grad * -torch.exp(-fake_output.detach()).view(-1, 1, 1, 1))


def one_backward() -> None:
    one_backward_gradients(draw())
    for optimizer in optimizers:
        optimizer.step()


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """The step as a CUDA graph; its warm-up runs on a stream of its own, as capturing wants."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def synchronize() -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize()


def measure(step: Callable[[], None]) -> tuple[int, float]:
    """Steps and the seconds that they took."""
    steps = 0

    def chunk(length: int) -> None:
        nonlocal steps
        for _ in range(length):
            real.copy_(host[steps % BATCHES], non_blocking=True)
            step()
            steps += 1
        synchronize()

    chunk(WARM_UP if device.type == 'cuda' else 1)
    steps = 0
    begin = time.perf_counter()
    while (seconds := time.perf_counter() - begin) < options.seconds:
        chunk(CHUNK if device.type == 'cuda' else 1)
    return steps, seconds


def gradients() -> list[torch.Tensor]:
    return [parameter.grad.clone() for net in (netG, netD) for parameter in net.parameters()]


if options.check:
    noise = draw()
    fake = netG(noise)
    # The generator first: its pass leaves the discriminator gradients that are thrown away.
    generator_backward(fake)
    discriminator_backward(netG(noise))
    expected = gradients()
    one_backward_gradients(noise)
    report_check(task, [each.cpu().numpy() for each in expected], [each.cpu().numpy() for each in gradients()])
else:
    for way in options.ways:
        step = eager if way == 'eager' else captured(one_backward) if way == 'graph' else one_backward
        steps, seconds = measure(step)
        print(json.dumps({'way': way, 'images': steps * options.batch, 'seconds': seconds}), flush=True)
