"""The demo project and its users. 演示数据。"""
