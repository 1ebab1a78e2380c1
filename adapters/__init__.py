"""Agencies' systems behind one protocol: `build_adapter` makes an AgencyAdapter of an AgencySpec alone.

rest, soap, files   what is particular to each kind of system; above them adapter.py, which is the same for all
operations          what a system can be asked: lists, result files, procedures, to take a submission
paging              how a list goes on from page to page
answers.py          where the records are in an answer, or what it says instead
mapping             from a record to an observation: expressions, conversions, what could not be understood
formats             text to plain values: charsets, JSON, XML, dates, lists read as they come
auth                who we are to a system: fixed credentials, tokens that are renewed
calling             the one client, the messenger, and under them HTTP, addresses, TLS, unpacking
"""

from adapters.build import build_adapter
from adapters.calling.client import Client
from adapters.calling.messenger import Messenger, NotDelivered, Reply

__all__ = ["Client", "Messenger", "NotDelivered", "Reply", "build_adapter"]
