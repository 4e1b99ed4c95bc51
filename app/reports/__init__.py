"""Reports, one file each. 报表，一表一文件。"""
