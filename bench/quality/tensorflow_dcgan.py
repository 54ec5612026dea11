"""TensorFlow's tutorial "Deep Convolutional Generative Adversarial Network", as it stands there.

https://github.com/tensorflow/docs/blob/945a448704b25a0897ed24abd45ab4d0b0d6f3c2/site/en/tutorials/generative/dcgan.ipynb
(https://www.tensorflow.org/tutorials/generative/dcgan): both networks with Dropout, batches of 256, Adam 1e-4. Samples are
drawn in inference mode, as there.
"""

from trainer import arguments, cores, finish, training_images

task = arguments(__doc__)

import os  # noqa: E402

os.environ['CUDA_VISIBLE_DEVICES'] = ''
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras import layers  # noqa: E402

BATCH = 256
LATENT = 100

tf.config.threading.set_intra_op_parallelism_threads(cores())
tf.keras.utils.set_random_seed(task.seed)


def make_generator() -> tf.keras.Model:
    """Noise `[N, 100]` to images `[N, 28, 28, 1]`."""
    return tf.keras.Sequential(
        [
            layers.Input((LATENT,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding='same', use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, padding='same', use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 5, strides=2, padding='same', use_bias=False, activation='tanh'),
        ]
    )


def make_discriminator() -> tf.keras.Model:
    """Images `[N, 28, 28, 1]` to logits `[N, 1]`."""
    return tf.keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding='same'),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding='same'),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


generator = make_generator()
discriminator = make_discriminator()
generator_optimizer = tf.keras.optimizers.Adam(1e-4)
discriminator_optimizer = tf.keras.optimizers.Adam(1e-4)
# Made here and not at the first step: a tf.function that is traced again, for the last batch, may make no variables.
generator_optimizer.build(generator.trainable_variables)
discriminator_optimizer.build(discriminator.trainable_variables)
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def train_step(real: tf.Tensor) -> None:
    # As many fakes as a whole batch has, beside the last and smaller one of an epoch, too.
    noise = tf.random.normal([BATCH, LATENT])
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = generator(noise, training=True)
        real_output = discriminator(real, training=True)
        fake_output = discriminator(fakes, training=True)
        generator_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
        real_loss = cross_entropy(tf.ones_like(real_output), real_output)
        discriminator_loss = real_loss + cross_entropy(tf.zeros_like(fake_output), fake_output)
    for tape, loss, model, optimizer in (
        (generator_tape, generator_loss, generator, generator_optimizer),
        (discriminator_tape, discriminator_loss, discriminator, discriminator_optimizer),
    ):
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def draw(count: int) -> np.ndarray:
    return generator(tf.random.normal([min(count, BATCH), LATENT]), training=False).numpy()[..., 0]


images = training_images(task)[..., None]
batches = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images)).batch(BATCH)
seen, steps = 0, 0
while task.goes_on(seen):
    for batch in batches:
        if not task.goes_on(seen):
            break
        train_step(batch)
        seen += len(batch)
        steps += 1
finish(task, seen, steps, draw)
