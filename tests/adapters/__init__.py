"""Tests of the adapters: against real sockets, and against the sample estate."""
