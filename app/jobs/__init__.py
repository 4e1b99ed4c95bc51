"""Background work by procrastinate. 后台任务。"""
