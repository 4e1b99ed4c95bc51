"""The sales-control grid; reads, writes nothing. 销控表：只读不写。"""
