"""Bridges: subscribers that hand the poses on in other programs' own protocols."""
