"""The same by hand: the penalty is a term of the cost, and its gradient follows."""

# --8<--
import tensorflow as tf


def cost(model, x, y, strength):
    loss = tf.reduce_mean(tf.abs(model(x) - y))
    penalties = [tf.reduce_sum(tf.abs(layer.kernel)) for layer in model.layers]
    return loss + strength * tf.add_n(penalties)


def subgradient_step(model, x, y, strength, rate):
    with tf.GradientTape() as tape:
        value = cost(model, x, y, strength)
    weights = model.trainable_variables
    for w, g in zip(weights, tape.gradient(value, weights)):
        w.assign_sub(rate * g)
