"""Regularizers in Keras: one per layer, added to the loss by `fit`."""
# --8<--
import keras


def network(regularizer):
    return keras.Sequential(
        [
            keras.layers.Dense(units, kernel_regularizer=regularizer)
            for units in (10, 10, 10, 1)
        ]
    )


model = network(keras.regularizers.L1(0.3))
# Keras' L2 has no ½: to get 0.3 · ½ Σ w², ask for 0.15.
model = network(keras.regularizers.L2(0.15))
model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mae")
