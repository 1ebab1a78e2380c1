"""The documents that specs name, such as WSDLs: fetched once, and then on every machine of the hub."""
