"""工作台 Workbench: everybody's first page, of tiles that the areas declare."""
