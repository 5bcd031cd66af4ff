"""The character: schema, parameters, priors, and the parts of a face that everything names alike."""
