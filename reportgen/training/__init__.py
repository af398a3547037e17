"""One network to train, described completely, and the compiled program that trains many at once.

Here belong runs, networks, trajectories and everything that touches TensorFlow or Keras. Which runs an experiment
needs, where they are stored and who trains them does not.
"""
