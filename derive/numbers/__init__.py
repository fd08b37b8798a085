"""Values: evaluated, drawn, rounded, and passed forward and backward through a system."""
