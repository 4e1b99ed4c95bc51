"""Approvals: engine below the areas, definitions above. 审批：引擎在业务之下，定义在业务之上。"""
