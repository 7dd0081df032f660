"""keras-tuner's trials, oracles and tuners, made durable; see README.md."""
