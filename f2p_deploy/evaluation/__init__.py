"""How good a bundle's characters are, measured on photos and on renders."""
