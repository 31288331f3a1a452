"""Programs that train the small models which ship with the analysis; needs the dependency group `train`."""
