"""Annotated text in one form, and its way from files and into them."""
