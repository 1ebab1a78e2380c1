"""What agencies push: the events in the bodies that they send."""
