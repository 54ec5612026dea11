"""TensorFlow's DCGAN tutorial without its Dropout layers, as one worker of a MultiWorkerMirroredStrategy.

`--one-backward` replaces the tutorial's step, which runs the discriminator twice and goes back twice, by one that does
both once.
"""

import json
import os
import time

from contestant import LATENT, LEARNING_RATE, SLOPE, WORKERS
from contestant import arguments, batches, report_check, report_speed, require_sizes

task = arguments(__doc__)

# The strategy learns who its workers are when it is made; TensorFlow prints what nobody asked for.
hosts = [f'127.0.0.1:{port}' for port in task.ports]
os.environ['TF_CONFIG'] = json.dumps({'cluster': {'worker': hosts}, 'task': {'type': 'worker', 'index': task.rank}})
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'
os.environ['CUDA_VISIBLE_DEVICES'] = ''

import tensorflow as tf  # noqa: E402
from tensorflow.keras import layers  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.random.set_seed(task.rank)

Tensors = list[tf.Tensor]


def make_generator() -> tf.keras.Model:
    """Noise `[N, 100]` to images `[N, 28, 28, 1]`."""
    return tf.keras.Sequential(
        [
            layers.Input((LATENT,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=SLOPE),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding='same', use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=SLOPE),
            layers.Conv2DTranspose(64, 5, strides=2, padding='same', use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=SLOPE),
            layers.Conv2DTranspose(1, 5, strides=2, padding='same', use_bias=False, activation='tanh'),
        ]
    )


def make_discriminator() -> tf.keras.Model:
    """Images `[N, 28, 28, 1]` to logits `[N, 1]`."""
    return tf.keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding='same'),
            layers.LeakyReLU(negative_slope=SLOPE),
            layers.Conv2D(128, 5, strides=2, padding='same'),
            layers.LeakyReLU(negative_slope=SLOPE),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    generator = make_generator()
    discriminator = make_discriminator()
    generator_optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    discriminator_optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    # Made here and not at the first step: inside a tf.function variables come too late.
    generator_optimizer.build(generator.trainable_variables)
    discriminator_optimizer.build(discriminator.trainable_variables)
require_sizes(*(sum(v.shape.num_elements() for v in m.trainable_variables) for m in (generator, discriminator)))

per_sample = tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean over the global batch: the optimizers add what the workers computed."""
    return tf.nn.compute_average_loss(per_sample(labels, logits), global_batch_size=task.batch * WORKERS)


def discriminator_loss(real_output: tf.Tensor, fake_output: tf.Tensor) -> tf.Tensor:
    real_loss = cross_entropy(tf.ones_like(real_output), real_output)
    fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)
    return real_loss + fake_loss


def generator_loss(fake_output: tf.Tensor) -> tf.Tensor:
    return cross_entropy(tf.ones_like(fake_output), fake_output)


def tutorial_gradients(images: tf.Tensor, noise: tf.Tensor) -> tuple[Tensors, Tensors]:
    """As in the tutorial: one tape for each network."""
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        generated_images = generator(noise, training=True)
        real_output = discriminator(images, training=True)
        fake_output = discriminator(generated_images, training=True)
        gen_loss = generator_loss(fake_output)
        disc_loss = discriminator_loss(real_output, fake_output)
    return (
        gen_tape.gradient(gen_loss, generator.trainable_variables),
        disc_tape.gradient(disc_loss, discriminator.trainable_variables),
    )


def one_backward_gradients(images: tf.Tensor, noise: tf.Tensor) -> tuple[Tensors, Tensors]:
    """One discriminator pass over [real; fake]. At a fake image the two losses' gradients differ by -exp(-logit)."""
    with tf.GradientTape() as gen_tape:
        generated_images = generator(noise, training=True)
    with tf.GradientTape() as disc_tape:
        fakes = tf.stop_gradient(generated_images)
        disc_tape.watch(fakes)
        output = discriminator(tf.concat([images, fakes], axis=0), training=True)
        real_output, fake_output = output[: task.batch], output[task.batch :]
        disc_loss = discriminator_loss(real_output, fake_output)
    *disc_gradients, at_fakes = disc_tape.gradient(disc_loss, [*discriminator.trainable_variables, fakes])
    seed = at_fakes * tf.reshape(-tf.exp(-fake_output), [-1, 1, 1, 1])
    gen_gradients = gen_tape.gradient(generated_images, generator.trainable_variables, output_gradients=seed)
    return gen_gradients, disc_gradients


def train_step(images: tf.Tensor) -> None:
    noise = tf.random.normal([task.batch, LATENT])
    gradients = one_backward_gradients if task.one_backward else tutorial_gradients
    gen_gradients, disc_gradients = gradients(images, noise)
    generator_optimizer.apply_gradients(zip(gen_gradients, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(disc_gradients, discriminator.trainable_variables))


@tf.function
def distributed_train_step(images: tf.Tensor) -> None:
    strategy.run(train_step, args=(images,))


@tf.function
def both_gradients(images: tf.Tensor, noise: tf.Tensor) -> tuple[Tensors, Tensors]:
    def flat(generator_part: Tensors, discriminator_part: Tensors) -> Tensors:
        return [*generator_part, *discriminator_part]

    return strategy.run(
        lambda: (flat(*tutorial_gradients(images, noise)), flat(*one_backward_gradients(images, noise)))
    )


inputs = [tf.constant(batch[..., None]) for batch in batches(task)]
if task.check:
    expected, actual = both_gradients(inputs[0], tf.random.normal([task.batch, LATENT]))
    report_check(task, [tensor.numpy() for tensor in expected], [tensor.numpy() for tensor in actual])
else:
    for batch in inputs[: task.warm_up]:
        distributed_train_step(batch)
    start = time.perf_counter()
    for batch in inputs[task.warm_up :]:
        distributed_train_step(batch)
    # A function on the processor returns when it is done; each step waits for the other worker's gradients.
    seconds = time.perf_counter() - start
    variables = [*generator.trainable_variables, *discriminator.trainable_variables]
    report_speed(task, seconds, [variable.numpy() for variable in variables])
