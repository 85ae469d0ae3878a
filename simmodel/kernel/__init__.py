"""The demographic equations on arrays; opens no file and knows no label."""
