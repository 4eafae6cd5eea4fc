"""Online: the Flask app that looks lists up."""
