"""房源 estate: projects, buildings, entrances, floors and rooms, and the sheets they come in."""
