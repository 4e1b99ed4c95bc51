"""Money: accounts, receivables, receipts, bills. 财务：往来户、应收、收款、票据。"""
