"""Approval kinds, one file each, found by themselves. 审批类型定义。"""
