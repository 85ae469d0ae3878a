"""Rules that hold targets against each other, the projection and the past."""
