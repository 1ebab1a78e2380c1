"""Systems that speak HTTP with JSON, forms or plain XML."""
