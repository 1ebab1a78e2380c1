"""What runs without anyone asking: the clock says what is due, the engine hands it out, jobs do it."""
