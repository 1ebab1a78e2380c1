"""What an agency's system can be asked: its lists, its result files, its procedures, and to take a submission."""
