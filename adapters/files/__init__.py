"""Agencies with no interface at all: they leave CSV, XLSX or XML files in a folder, or on an SFTP server."""
