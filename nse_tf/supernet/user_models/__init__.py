"""`Choice`, and what makes a user's own Keras model a search space."""

from nse_tf.supernet.user_models.choice import Choice as Choice
from nse_tf.supernet.user_models.model_space import space_of as space_of
from nse_tf.supernet.user_models.model_supernet import (
    ModelSupernet as ModelSupernet,
)
from nse_tf.supernet.user_models.networks import ModelNetworks as ModelNetworks
