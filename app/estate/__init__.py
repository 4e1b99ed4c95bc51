"""房源 estate: projects, zones, buildings, entrances, floors and rooms, and the sheets they come in."""
