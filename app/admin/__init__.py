"""Users, roles, organizations and who reaches what. 系统：用户、角色、组织与数据范围。"""
