"""The event-stream server. 实时推送服务。"""
