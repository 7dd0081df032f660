"""`Choice`, and what makes a user's own Keras model a search space."""
