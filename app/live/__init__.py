"""The live server 实时: tells open screens what changes, by server-sent events; no Flask in it."""
