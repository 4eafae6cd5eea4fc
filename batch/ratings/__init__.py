"""Ratings that have left the stream: files of them, and when the stream may forget them."""
