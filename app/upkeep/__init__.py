"""Keeping the system running: health, daily check, incidents, backups, doctor. 系统运行。"""
