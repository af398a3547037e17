"""One network to train, described completely, and the compiled program that trains many at once.

Runs, networks, trajectories and everything that uses TensorFlow or Keras belong here. The runs of an experiment, their
storage and the workers that train them do not.
"""
