"""How good forecasts have been: hindcasts, rival methods and scores."""
