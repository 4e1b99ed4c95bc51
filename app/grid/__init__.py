"""The sales-control grid 销控表: reads estate, pricing, finance and sales; writes nothing."""
