"""A class: the roster, each student's numbers, what is handed out and what comes back."""
