"""Agencies' systems behind one protocol: `build_adapter` makes an AgencyAdapter of an AgencySpec alone."""

from adapters.build import build_adapter
from adapters.client import Client

__all__ = ["Client", "build_adapter"]
