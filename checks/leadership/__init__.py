"""Who was primary and when, and writes that a pod took which was not. Judges nothing."""
