"""Differentiation: each line's differential, what is substituted downward, the gradients read off, and the rules that say why."""
