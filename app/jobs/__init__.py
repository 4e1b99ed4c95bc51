"""Background work by procrastinate: periodic jobs, each calling an operation. 后台任务。"""
