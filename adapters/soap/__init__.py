"""Systems that speak SOAP: zeep writes the requests, our own reader reads the answers."""
