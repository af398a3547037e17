"""What the recorded weights say. Pure NumPy on plain arrays; nothing here trains, draws or prints."""
