"""What every text that comes in must be, whatever it says."""

#: As PostgreSQL can hold it: without a NUL.
NO_NUL = r"^[^\x00]*$"
