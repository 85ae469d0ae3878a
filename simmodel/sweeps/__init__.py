"""Many runs: designs, batches, sensitivity and scenario discovery."""
