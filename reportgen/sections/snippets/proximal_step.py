"""The proximal step: move by the loss alone, then shrink, and let small weights land on zero."""

# --8<--
import tensorflow as tf


def proximal_step(model, x, y, strength, rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(model(x) - y))
    weights = model.trainable_variables
    for w, g in zip(weights, tape.gradient(loss, weights)):
        w.assign_sub(rate * g)
    for layer in model.layers:
        w = layer.kernel
        w.assign(tf.sign(w) * tf.maximum(tf.abs(w) - rate * strength, 0.0))
