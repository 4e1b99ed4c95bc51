"""What people keep of lists: views, chosen columns, exports. 列表的视图、列与导出。"""
