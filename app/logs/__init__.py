"""What processes write down: one JSON line an event, one id through the story. 日志。"""
