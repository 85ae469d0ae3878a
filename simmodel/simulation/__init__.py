"""From a scenario to draws: levers on credible parameters, labels on arrays."""
