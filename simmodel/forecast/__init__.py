"""What is known of a region and what is credible: observations, priors, posteriors."""
