"""The explorable file: one HTML that opens by a double click, without a network and without a server."""
